// Serves HTTP/1.1, by Boost.Beast: that reads requests, and this keeps connections within their bounds.
#ifndef MUSTER_CLIENTS_GATEWAY_HTTP_SERVER_H_
#define MUSTER_CLIENTS_GATEWAY_HTTP_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/gateway/http.h"

namespace muster::gateway {

struct HttpServerOptions {
  std::string host;   // A numeric address: "127.0.0.1", "::1".
  uint16_t port = 0;  // 0: any that is free.
  // PEM. Empty: plain HTTP.
  std::string certificate;
  std::string key;
  // Go with every answer, refusals included.
  std::vector<HttpHeader> headers;
};

// Serves on threads of its own from Start() to Stop(). The bounds are in limits.h: connections, headers, bodies, and
// how long a client may take for anything. A client beyond the number of connections gets 503.
class HttpServer {
 public:
  // Connections wait until Serve().
  //
  // UNAVAILABLE       the address cannot be listened on
  // INVALID_ARGUMENT  certificate and key cannot be used
  static absl::StatusOr<std::unique_ptr<HttpServer>> Listen(HttpServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  int connections() const;

  // `handler` must outlive this object. Once.
  void Serve(HttpHandler& handler);

  // Takes no more connections, tells streams to end, waits for what is under way, and ends what is left after
  // kDrainDeadline. Nothing of the handler runs after it.
  void Stop();

 private:
  class Implementation;
  explicit HttpServer(std::shared_ptr<Implementation> implementation);
  const std::shared_ptr<Implementation> implementation_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_HTTP_SERVER_H_
