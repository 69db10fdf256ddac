// HTTP/2 by hand, over a socket: what no well-behaved client would send.
#ifndef MUSTER_TESTS_SERVICE_RAW_HTTP2_H_
#define MUSTER_TESTS_SERVICE_RAW_HTTP2_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace muster {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The headers of a call: "/muster.v1.CatalogueService/GetCatalogue".
HeaderList CallHeaders(const std::string& path);

// What a client sends that makes one call with an empty message: the preface, its settings, and the call.
std::string BytesOfCall(const HeaderList& headers);

class RawConnection {
 public:
  // Connects, and sends nothing. Throws std::runtime_error if it cannot.
  explicit RawConnection(const std::string& address);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // The preface, with empty settings.
  void Begin();
  // What is sent is not waited for: it goes with the next Flush, or when much has come together.
  void SendHeaders(uint32_t stream, const HeaderList& headers);
  void SendData(uint32_t stream, const std::string& bytes, bool end_stream);
  void SendReset(uint32_t stream);
  void SendPing();
  void SendBytes(const std::string& bytes) { out_ += bytes; }
  // Sends what has come together, and throws away what has come in, so that neither side waits for the other. False
  // once the server has closed the connection.
  bool Flush();

  // All that comes in until the server closes the connection; what came by then, if it has not after some seconds.
  std::string ReadToTheEnd();
  // Waits until at least so many bytes have come in, and gives all that have.
  std::string ReadAtLeast(size_t bytes);
  // The same, until this text has come in; false if it does not.
  bool ReadUntil(const std::string& text);
  bool IsClosed() const { return closed_; }

 private:
  void FlushIfMuch();
  bool TakeIn(std::string* into);  // What is there now. False at the end.
  std::string ReadWhile(const std::function<bool(const std::string& got)>& goes_on);

  int socket_ = -1;
  std::string out_;
  bool closed_ = false;
};

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_RAW_HTTP2_H_
