// gRPC's side of TLS: what a handshake uses, taken from TlsFiles each time.
#ifndef MUSTER_SERVICE_TLS_CREDENTIALS_H_
#define MUSTER_SERVICE_TLS_CREDENTIALS_H_

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "service/tls_files.h"

namespace muster {

// TLS 1.2 or newer, with a certificate of the client that one of the CAs issued. Handshakes that begin after the files
// changed use the new ones; connections that stand are not touched.
//
// `files` is not owned and must outlive the server.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files);

}  // namespace muster

#endif  // MUSTER_SERVICE_TLS_CREDENTIALS_H_
