// From gRPC's status to ours. Inside this library only.
#ifndef MUSTER_CLIENTS_CPP_GRPC_STATUS_H_
#define MUSTER_CLIENTS_CPP_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace muster {

// Code and text of `status`, with the details that came with it (grpc-status-details-bin) as payloads.
absl::Status StatusFromGrpc(const grpc::Status& status);

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_GRPC_STATUS_H_
