// gRPC's side of TLS: what a handshake uses, taken from TlsFiles each time.
#ifndef MUSTER_SERVICE_TLS_CREDENTIALS_H_
#define MUSTER_SERVICE_TLS_CREDENTIALS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/security/server_credentials.h"
#include "service/tls_files.h"

namespace muster {

// Says of a certificate (PEM) whether its holder may call at all.
using CheckCertificate = std::function<absl::Status(const std::string& certificate_pem)>;

// TLS 1.2 or newer, with a certificate of the client that one of the CAs issued. Handshakes that begin after the files
// changed use the new ones; connections that stand are not touched. Calls of services that are not ours, which gRPC
// answers itself (health, reflection), are asked of `check`, which may be called from any thread; ours do so
// themselves, and say more.
//
// `files` is not owned and must outlive the server.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files, CheckCertificate check);

}  // namespace muster

#endif  // MUSTER_SERVICE_TLS_CREDENTIALS_H_
