#include "tests/service/raw_http2.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>

namespace muster {
namespace {

constexpr uint8_t kData = 0;
constexpr uint8_t kHeaders = 1;
constexpr uint8_t kReset = 3;
constexpr uint8_t kSettings = 4;
constexpr uint8_t kPing = 6;
constexpr uint8_t kContinuation = 9;
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr size_t kMaxFrameBytes = 16'384;
constexpr size_t kFlushBytes = 64 * 1024;
constexpr std::chrono::seconds kPatience{20};

void AppendBigEndian(uint32_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift & 0xff));
}

// An HPACK string without Huffman coding.
void AppendString(const std::string& text, std::string* out) {
  size_t left = text.size();
  if (left < 127) {
    out->push_back(static_cast<char>(left));
  } else {
    out->push_back(127);
    for (left -= 127; left >= 128; left /= 128) out->push_back(static_cast<char>(left % 128 + 128));
    out->push_back(static_cast<char>(left));
  }
  *out += text;
}

void AppendFrame(uint8_t type, uint8_t flags, uint32_t stream, const std::string& payload, std::string* out) {
  AppendBigEndian(static_cast<uint32_t>(payload.size()), 3, out);
  out->push_back(static_cast<char>(type));
  out->push_back(static_cast<char>(flags));
  AppendBigEndian(stream, 4, out);
  *out += payload;
}

void AppendBegin(std::string* out) {
  *out += "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  AppendFrame(kSettings, 0, 0, "", out);
}

void AppendHeaders(uint32_t stream, const HeaderList& headers, std::string* out) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block.push_back(0);  // Literal, and not for the table.
    AppendString(name, &block);
    AppendString(value, &block);
  }
  for (size_t begin = 0; begin < block.size(); begin += kMaxFrameBytes) {
    const bool last = begin + kMaxFrameBytes >= block.size();
    AppendFrame(begin == 0 ? kHeaders : kContinuation, last ? kEndHeaders : 0, stream,
                block.substr(begin, kMaxFrameBytes), out);
  }
}

}  // namespace

HeaderList CallHeaders(const std::string& path) {
  return {{":method", "POST"},  {":scheme", "http"}, {":path", path},
          {":authority", "me"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
}

std::string BytesOfCall(const HeaderList& headers) {
  std::string bytes;
  AppendBegin(&bytes);
  AppendHeaders(1, headers, &bytes);
  AppendFrame(kData, kEndStream, 1, std::string(5, '\0'), &bytes);
  return bytes;
}

RawConnection::RawConnection(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    throw std::runtime_error("cannot connect to " + address);
  }
}

RawConnection::~RawConnection() { ::close(socket_); }

void RawConnection::Begin() { AppendBegin(&out_); }

void RawConnection::SendHeaders(uint32_t stream, const HeaderList& headers) {
  AppendHeaders(stream, headers, &out_);
  FlushIfMuch();
}

void RawConnection::SendData(uint32_t stream, const std::string& bytes, bool end_stream) {
  AppendFrame(kData, end_stream ? kEndStream : 0, stream, bytes, &out_);
  FlushIfMuch();
}

void RawConnection::SendReset(uint32_t stream) {
  constexpr char kCancel = 8;
  AppendFrame(kReset, 0, stream, std::string(3, '\0') + kCancel, &out_);
  FlushIfMuch();
}

void RawConnection::SendPing() { AppendFrame(kPing, 0, 0, "pingping", &out_); }

void RawConnection::FlushIfMuch() {
  if (out_.size() > kFlushBytes) Flush();
}

bool RawConnection::TakeIn(std::string* into) {
  std::array<char, 65'536> bytes;  // NOLINT: filled as far as it is read.
  while (true) {
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    if (into != nullptr) into->append(bytes.data(), static_cast<size_t>(got));
  }
}

bool RawConnection::Flush() {
  size_t sent = 0;
  while (sent < out_.size() && !closed_) {
    pollfd ready{socket_, POLLIN | POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) break;
    if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !TakeIn(nullptr)) break;
    if ((ready.revents & POLLOUT) == 0) continue;
    const ssize_t took = ::send(socket_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took > 0) {
      sent += static_cast<size_t>(took);
    } else if (errno != EAGAIN && errno != EINTR) {
      closed_ = true;
    }
  }
  out_.clear();
  return !closed_;
}

std::string RawConnection::ReadToTheEnd() { return ReadAtLeast(SIZE_MAX); }

std::string RawConnection::ReadAtLeast(size_t bytes) {
  return ReadWhile([bytes](const std::string& got) { return got.size() < bytes; });
}

bool RawConnection::ReadUntil(const std::string& text) {
  const auto is_missing = [&text](const std::string& got) { return got.find(text) == std::string::npos; };
  return !is_missing(ReadWhile(is_missing));
}

std::string RawConnection::ReadWhile(const std::function<bool(const std::string& got)>& goes_on) {
  std::string got;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (goes_on(got)) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd ready{socket_, POLLIN, 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0 || !TakeIn(&got)) break;
  }
  return got;
}

}  // namespace muster
