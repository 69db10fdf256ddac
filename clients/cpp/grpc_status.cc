#include "clients/cpp/grpc_status.h"

#include "clients/cpp/error_details.h"

namespace muster {

absl::Status StatusFromGrpc(const grpc::Status& status) {
  google::rpc::Status proto;
  // Details that are no google.rpc.Status are left out: code and text stand without them.
  if (!proto.ParseFromString(status.error_details())) proto.Clear();
  // What gRPC itself says is the outcome of the call, whatever the details repeat.
  proto.set_code(status.error_code());
  proto.set_message(status.error_message());
  return StatusFromProto(proto);
}

}  // namespace muster
