// The gateway: what browsers and spreadsheets talk to instead of musterd.
#ifndef MUSTER_CLIENTS_GATEWAY_GATEWAY_H_
#define MUSTER_CLIENTS_GATEWAY_GATEWAY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/client_tls.h"

namespace muster::gateway {

struct GatewayOptions {
  std::string listen_address = "127.0.0.1:7480";  // "localhost:0", "[::1]:443"
  std::string web_folder;                         // Empty: no page.
  std::string server_address = "127.0.0.1:7450";  // Of musterd.
  ClientTls tls;                                  // Towards musterd.
  std::string https_certificate;                  // PEM; empty: plain HTTP, on loopback only.
  std::string https_key;
  std::vector<std::string> hosts;  // Names beside its own by which browsers call it: "muster.example.org".
  bool require_token = false;      // Calls without a token are refused, wherever they come from.
};

// Serves on threads of its own from Start() until Stop().
//
//   POST /muster.v1.SERVICE/CALL       gRPC-Web, carried to musterd (carried_calls.h)
//   GET  /export/totals.csv?…          totals as a file (export_question.h); also .json and .xlsx
//   GET  /healthz                      200 while it serves
//   GET  anything else                 the page
//
// Who asks is who the token of a request says. One without is musterd's own local operator, and is carried only
// where everybody who can reach the gateway is that anyway: neither musterd nor the gateway has TLS, and no other host
// name is allowed. Everywhere else the gateway's own rights are lent to nobody.
class Gateway {
 public:
  // INVALID_ARGUMENT  the options do not fit together, or name what cannot be used
  // UNAVAILABLE       the address cannot be listened on
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(const GatewayOptions& options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // "http://127.0.0.1:7480/"
  std::string url() const;
  bool requires_token() const;

  void Stop();

 private:
  class Implementation;
  explicit Gateway(std::unique_ptr<Implementation> implementation);
  const std::unique_ptr<Implementation> implementation_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_GATEWAY_H_
