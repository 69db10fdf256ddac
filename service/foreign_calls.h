// Calls of services that are not ours: health and reflection, which gRPC answers itself, and those that nobody has.
#ifndef MUSTER_SERVICE_FOREIGN_CALLS_H_
#define MUSTER_SERVICE_FOREIGN_CALLS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/server_interceptor.h"

namespace muster {

// Says of a certificate (PEM; "" for none) whether its holder may call at all. From any thread.
using CheckCertificate = std::function<absl::Status(const std::string& certificate_pem)>;

// Cancels them, with the code and the reason in the text, if `check` refuses who calls; calls of ours ask themselves,
// and say more. Not by a processor of gRPC's credentials: with one, the header grpclb_client_stats ends the program
// (docs/security.md).
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CheckForeignCalls(CheckCertificate check);

}  // namespace muster

#endif  // MUSTER_SERVICE_FOREIGN_CALLS_H_
