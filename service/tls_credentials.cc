#include "service/tls_credentials.h"

#include <cstdint>
#include <cstdlib>

#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

// The C++ API has no certificates that change, but for a watcher of files that takes whatever it finds there; gRPC's
// core asks before every handshake.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsCredentials(const TlsFiles& files) : files_(files) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {
    spdlog::critical("a processor is not allowed: with one, a header ends the program");
    std::abort();
  }

 private:
  struct State {
    const TlsFiles& files;
    int64_t given_version = 0;  // Touched in Fetch alone.
  };

  // Each port has credentials of the core's of its own: one that begins must be given certificates, changed or not.
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    // Goes with the core's object, which outlives this one.
    auto* const state = new State{files_};
    grpc_ssl_server_credentials_options* const options =
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, &Fetch, state);
    grpc_server_credentials* const credentials = grpc_ssl_server_credentials_create_with_options(options);
    // No processor, for which the packaged gRPC would end the program at the header grpclb_client_stats.
    grpc_server_credentials_set_auth_metadata_processor(credentials, {nullptr, &Destroy, state});
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  // gRPC calls this before each handshake, one at a time.
  static grpc_ssl_certificate_config_reload_status Fetch(void* user_data, grpc_ssl_server_certificate_config** config) {
    auto* const self = static_cast<State*>(user_data);
    const TlsState state = self->files.state();
    if (state.key_version == self->given_version) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {state.key->private_key.c_str(), state.key->certificate_chain.c_str()};
    *config = grpc_ssl_server_certificate_config_create(state.trust->ca_text().c_str(), &pair, 1);
    self->given_version = state.key_version;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  static void Destroy(void* state) { delete static_cast<State*>(state); }

  const TlsFiles& files_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files) {
  return std::make_shared<TlsCredentials>(files);
}

}  // namespace muster
