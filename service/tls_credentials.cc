#include "service/tls_credentials.h"

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/status_reason.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

constexpr char kOurServices[] = "/muster.v1.";

// The C++ API has no certificates that change, but for a watcher of files that takes whatever it finds there; gRPC's
// core asks before every handshake.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  TlsCredentials(const TlsFiles& files, CheckCertificate check) : files_(files), check_(std::move(check)) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {
    spdlog::critical("TLS has a processor of its own");
    std::abort();
  }

 private:
  struct State {
    const TlsFiles& files;
    const CheckCertificate check;
    int64_t given_version = 0;  // Touched in Fetch alone.
  };

  // Each port has credentials of the core's of its own: one that begins must be given certificates, changed or not.
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    // Goes with the core's object, which outlives this one.
    auto* const state = new State{files_, check_};
    grpc_ssl_server_credentials_options* const options =
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, &Fetch, state);
    grpc_server_credentials* const credentials = grpc_ssl_server_credentials_create_with_options(options);
    grpc_server_credentials_set_auth_metadata_processor(credentials, {&Process, &Destroy, state});
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

  static void Process(void* state, grpc_auth_context* context, const grpc_metadata* metadata, size_t metadata_count,
                      grpc_process_auth_metadata_done_cb done, void* user_data) {
    const absl::Status status = Check(static_cast<State*>(state)->check, context, metadata, metadata_count);
    if (status.ok()) {
      done(user_data, nullptr, 0, nullptr, 0, GRPC_STATUS_OK, nullptr);
      return;
    }
    const std::string message = absl::StrCat(status.message(), " (", StatusReason(status), ")");
    done(user_data, nullptr, 0, nullptr, 0, static_cast<grpc_status_code>(status.code()), message.c_str());
  }

  static absl::Status Check(const CheckCertificate& check, grpc_auth_context* context, const grpc_metadata* metadata,
                            size_t metadata_count) {
    for (size_t index = 0; index < metadata_count; ++index) {
      if (View(metadata[index].key) == ":path" && absl::StartsWith(View(metadata[index].value), kOurServices)) {
        return absl::OkStatus();
      }
    }
    grpc_auth_property_iterator properties =
        grpc_auth_context_find_properties_by_name(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
    const grpc_auth_property* const property = grpc_auth_property_iterator_next(&properties);
    return check(property == nullptr ? "" : std::string(property->value, property->value_length));
  }

  static void Destroy(void* state) { delete static_cast<State*>(state); }

  static absl::string_view View(const grpc_slice& slice) {
    return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
  }

  const TlsFiles& files_;
  const CheckCertificate check_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files, CheckCertificate check) {
  return std::make_shared<TlsCredentials>(files, std::move(check));
}

}  // namespace muster
