#include "clients/gateway/gateway.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/cpp/channel.h"
#include "clients/gateway/authorization.h"
#include "clients/gateway/call_relay.h"
#include "clients/gateway/carried_calls.h"
#include "clients/gateway/exports_service.h"
#include "clients/gateway/gateway_log.h"
#include "clients/gateway/grpc_web.h"
#include "clients/gateway/http_server.h"
#include "clients/gateway/limits.h"
#include "clients/gateway/request_rules.h"
#include "clients/gateway/static_files.h"

namespace muster::gateway {
namespace {

constexpr char kCallsPrefix[] = "/muster.v1.";
constexpr char kExportsPrefix[] = "/export/";
constexpr char kHealth[] = "/healthz";

struct Address {
  std::string host;  // Numeric.
  uint16_t port = 0;
};

absl::StatusOr<Address> ParseAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65'535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is no address to listen on: it is like 127.0.0.1:7480, localhost:0 or [::1]:443."));
  }
  std::string host(absl::StripPrefix(absl::StripSuffix(text.substr(0, colon), "]"), "["));
  if (host == "localhost") host = "127.0.0.1";
  return Address{host, static_cast<uint16_t>(port)};
}

bool IsLoopback(const std::string& host) { return host == "::1" || absl::StartsWith(host, "127."); }

// What goes with every answer. The page runs its own scripts and styles alone, talks to this gateway alone, and stands
// in no frame of others.
std::vector<HttpHeader> SecurityHeaders(bool is_https) {
  std::vector<HttpHeader> headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src "
       "'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
  };
  if (is_https) headers.push_back({"Strict-Transport-Security", "max-age=31536000"});
  return headers;
}

}  // namespace

class Gateway::Implementation final : public HttpHandler {
 public:
  Implementation(const GatewayOptions& options, Address address, StaticFiles files, std::unique_ptr<HttpServer> server)
      : address_(std::move(address)),
        is_https_(!options.https_certificate.empty()),
        requires_token_(options.require_token || options.tls.enabled() || is_https_ || !options.hosts.empty()),
        files_(std::move(files)),
        relay_(MakeChannel(options.server_address, options.tls)),
        exports_(options.server_address, options.tls),
        rules_(AllowedHosts(address_.host, server->port(), options.hosts, is_https_)),
        server_(std::move(server)) {
    server_->Serve(*this);
  }

  Admission Admit(const HttpRequest& head) override {
    Admission admission;
    const bool is_call = absl::StartsWith(head.path, kCallsPrefix);
    const bool is_page = !is_call && !absl::StartsWith(head.path, kExportsPrefix);
    // Health tells nothing, and probes have no name for us.
    if (head.path != kHealth) admission.refusal = rules_.Refuse(head, is_page);
    if (admission.refusal.has_value()) return admission;
    if (!is_call) {
      if (head.method != "GET" && head.method != "HEAD") {
        admission.refusal = TextResponse(405, "This can be read, and nothing else.");
        admission.refusal->headers.push_back({"Allow", "GET, HEAD"});
      }
      return admission;
    }

    if (head.method != "POST") {
      admission.refusal = TextResponse(405, "Calls are made by POST.");
      admission.refusal->headers.push_back({"Allow", "POST"});
      return admission;
    }
    const std::optional<GrpcWebForm> form = GrpcWebFormOf(head.Header("content-type"));
    if (!form.has_value() || !head.is_http_1_1) {
      admission.refusal = TextResponse(415, "Calls are made in gRPC-Web: application/grpc-web+proto, by HTTP/1.1.");
      return admission;
    }
    admission.max_body_bytes = kFrameHeaderBytes + kMaxMessageBytes;
    if (*form == GrpcWebForm::kText) admission.max_body_bytes = (admission.max_body_bytes + 2) / 3 * 4;
    return admission;
  }

  void Handle(std::shared_ptr<HttpExchange> exchange) override {
    const HttpRequest& request = exchange->request();
    if (absl::StartsWith(request.path, kCallsPrefix)) {
      Carry(std::move(exchange));
      return;
    }
    if (absl::StartsWith(request.path, kExportsPrefix)) {
      Export(std::move(exchange));
      return;
    }
    HttpResponse response = request.path == kHealth ? TextResponse(200, "serving") : files_.Answer(request);
    LogAnswer(request.method, request.path, response.status);
    exchange->Respond(std::move(response));
  }

  void Stop() {
    server_->Stop();
    relay_.Stop();
    exports_.Stop();
  }

  std::string url() const {
    const std::string host =
        address_.host.find(':') == std::string::npos ? address_.host : absl::StrCat("[", address_.host, "]");
    return absl::StrCat(is_https_ ? "https" : "http", "://", host, ":", server_->port(), "/");
  }
  bool requires_token() const { return requires_token_; }

 private:
  void Carry(std::shared_ptr<HttpExchange> exchange) {
    const HttpRequest& request = exchange->request();
    RelayedCall call;
    call.path = request.path;
    call.form = *GrpcWebFormOf(request.Header("content-type"));
    call.authorization = BearerOf(request.Header("authorization"));
    const std::optional<CallShape> shape = CarriedCall(request.path);
    LogAnswer(request.method, request.path, 200);
    if (!shape.has_value()) {
      exchange->Respond(RefusedCall(call.form, absl::StatusCode::kUnimplemented, "CALL_NOT_CARRIED",
                                    "The gateway does not carry this call: it carries those that read."));
      return;
    }
    if (call.authorization.empty() && requires_token_) {
      exchange->Respond(RefusedCall(call.form, absl::StatusCode::kUnauthenticated, "TOKEN_MISSING",
                                    "Calls through this gateway need a token: authorization: Bearer …"));
      return;
    }
    call.shape = *shape;
    relay_.Carry(call, std::move(exchange));
  }

  void Export(std::shared_ptr<HttpExchange> exchange) {
    const HttpRequest& request = exchange->request();
    std::string authorization = BearerOf(request.Header("authorization"));
    if (authorization.empty() && requires_token_) {
      const std::string& mode = request.Header("sec-fetch-mode");
      LogAnswer(request.method, request.path, 401);
      exchange->Respond(ExportError(
          absl::UnauthenticatedError("Exports through this gateway need a token: as the password of HTTP Basic, or as "
                                     "authorization: Bearer …"),
          /*is_page=*/!mode.empty() && mode != "navigate"));
      return;
    }
    exports_.Answer(std::move(exchange), std::move(authorization));
  }

  const Address address_;
  const bool is_https_;
  const bool requires_token_;
  const StaticFiles files_;
  CallRelay relay_;
  ExportsService exports_;
  const RequestRules rules_;
  const std::unique_ptr<HttpServer> server_;  // Last: it uses the others.
};

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const GatewayOptions& options) {
  absl::StatusOr<Address> address = ParseAddress(options.listen_address);
  if (!address.ok()) return address.status();
  if (options.https_certificate.empty() && !IsLoopback(address->host)) {
    return absl::InvalidArgumentError(absl::StrCat("Without HTTPS the gateway listens on loopback only, and ",
                                                   options.listen_address,
                                                   " is not: give --https-certificate and --https-key."));
  }
  StaticFiles files;
  if (!options.web_folder.empty()) {
    absl::StatusOr<StaticFiles> read = StaticFiles::Read(options.web_folder);
    if (!read.ok()) return read.status();
    files = *std::move(read);
  }
  HttpServerOptions server_options;
  server_options.host = address->host;
  server_options.port = address->port;
  server_options.certificate = options.https_certificate;
  server_options.key = options.https_key;
  server_options.headers = SecurityHeaders(!options.https_certificate.empty());
  absl::StatusOr<std::unique_ptr<HttpServer>> server = HttpServer::Listen(std::move(server_options));
  if (!server.ok()) {
    return absl::Status(server.status().code(),
                        absl::StrCat("Cannot listen on ", options.listen_address, ": ", server.status().message()));
  }
  return std::unique_ptr<Gateway>(new Gateway(
      std::make_unique<Implementation>(options, *std::move(address), std::move(files), *std::move(server))));
}

Gateway::Gateway(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Gateway::~Gateway() { Stop(); }
std::string Gateway::url() const { return implementation_->url(); }
bool Gateway::requires_token() const { return implementation_->requires_token(); }
void Gateway::Stop() { implementation_->Stop(); }

}  // namespace muster::gateway
