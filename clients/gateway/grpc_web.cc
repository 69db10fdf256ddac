#include "clients/gateway/grpc_web.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "clients/gateway/limits.h"

namespace muster::gateway {
namespace {

// The first byte of a frame.
constexpr unsigned char kCompressed = 0x01;
constexpr unsigned char kTrailers = 0x80;

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

std::string Frame(unsigned char flags, std::string_view payload, GrpcWebForm form) {
  std::string frame;
  frame.reserve(kFrameHeaderBytes + payload.size());
  frame.push_back(static_cast<char>(flags));
  const auto size = static_cast<uint32_t>(payload.size());
  for (const int shift : {24, 16, 8, 0}) frame.push_back(static_cast<char>((size >> shift) & 0xFF));
  frame += payload;
  if (form == GrpcWebForm::kBinary) return frame;
  return absl::Base64Escape(frame);
}

bool IsBinaryName(std::string_view name) { return absl::EndsWith(Abseil(name), "-bin"); }

bool IsName(std::string_view name) {
  for (const char byte : name) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(byte)) &&
        !absl::ascii_islower(static_cast<unsigned char>(byte)) && byte != '-' && byte != '_' && byte != '.') {
      return false;
    }
  }
  return !name.empty();
}

bool IsLine(std::string_view value) {
  for (const char byte : value) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(byte))) return false;
  }
  return true;
}

std::string Base64WithoutPadding(std::string_view bytes) {
  std::string text = absl::Base64Escape(Abseil(bytes));
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

}  // namespace

std::optional<GrpcWebForm> GrpcWebFormOf(std::string_view content_type) {
  const std::string type(absl::StripAsciiWhitespace(Abseil(content_type.substr(0, content_type.find(';')))));
  const std::string lower = absl::AsciiStrToLower(type);
  if (lower == "application/grpc-web" || lower == "application/grpc-web+proto") return GrpcWebForm::kBinary;
  if (lower == "application/grpc-web-text" || lower == "application/grpc-web-text+proto") return GrpcWebForm::kText;
  return std::nullopt;
}

std::string_view ContentTypeOf(GrpcWebForm form) {
  return form == GrpcWebForm::kBinary ? "application/grpc-web+proto" : "application/grpc-web-text+proto";
}

absl::StatusOr<std::string> MessageOfBody(std::string_view body, GrpcWebForm form) {
  std::string decoded;
  if (form == GrpcWebForm::kText) {
    if (!absl::Base64Unescape(Abseil(body), &decoded)) return absl::InvalidArgumentError("The body is no base64.");
    body = decoded;
  }
  if (body.size() < kFrameHeaderBytes) return absl::InvalidArgumentError("The body holds no whole frame.");
  const auto byte_at = [body](size_t index) { return static_cast<unsigned char>(body[index]); };
  const unsigned char flags = byte_at(0);
  if (flags == kCompressed) return absl::UnimplementedError("The message is compressed, which is not taken.");
  if (flags != 0) return absl::InvalidArgumentError("The body does not begin with a message.");
  const size_t size = (size_t{byte_at(1)} << 24) | (size_t{byte_at(2)} << 16) | (size_t{byte_at(3)} << 8) | byte_at(4);
  if (size != body.size() - kFrameHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("The frame says that it holds ", size, " bytes, and there are ",
                                                   body.size() - kFrameHeaderBytes,
                                                   ". A body holds one message and nothing else."));
  }
  return std::string(body.substr(kFrameHeaderBytes));
}

std::string MessageFrame(std::string_view message, GrpcWebForm form) { return Frame(0, message, form); }

std::string TrailersFrame(int code, std::string_view message, const Trailers& trailers, GrpcWebForm form) {
  std::string lines = absl::StrCat("grpc-status:", code, "\r\n");
  if (!message.empty()) absl::StrAppend(&lines, "grpc-message:", PercentEncoded(message), "\r\n");
  for (const auto& [name, value] : trailers) {
    if (!IsName(name) || name == "grpc-status" || name == "grpc-message") continue;
    const std::string text = IsBinaryName(name) ? Base64WithoutPadding(value) : value;
    if (IsLine(text)) absl::StrAppend(&lines, name, ":", text, "\r\n");
  }
  return Frame(kTrailers, lines, form);
}

std::string PercentEncoded(std::string_view text) {
  std::string encoded;
  for (const char byte : text) {
    if (byte >= ' ' && byte <= '~' && byte != '%') {
      encoded.push_back(byte);
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(byte));
    }
  }
  return encoded;
}

std::optional<std::chrono::nanoseconds> ParseGrpcTimeout(std::string_view value, std::chrono::nanoseconds longest) {
  if (value.size() < 2 || value.size() > 9) return std::nullopt;  // At most eight digits, as the protocol has it.
  int64_t nanoseconds = 0;
  switch (value.back()) {
    case 'H':
      nanoseconds = 3'600'000'000'000;
      break;
    case 'M':
      nanoseconds = 60'000'000'000;
      break;
    case 'S':
      nanoseconds = 1'000'000'000;
      break;
    case 'm':
      nanoseconds = 1'000'000;
      break;
    case 'u':
      nanoseconds = 1'000;
      break;
    case 'n':
      nanoseconds = 1;
      break;
    default:
      return std::nullopt;
  }
  int64_t number = 0;
  const std::string_view digits = value.substr(0, value.size() - 1);
  for (const char digit : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digit))) return std::nullopt;
  }
  if (!absl::SimpleAtoi(Abseil(digits), &number)) return std::nullopt;
  if (number > longest.count() / nanoseconds) return longest;
  return std::chrono::nanoseconds(number * nanoseconds);
}

}  // namespace muster::gateway
