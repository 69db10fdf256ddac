// Who is calling, and what they may do.
#ifndef MUSTER_SERVICE_CALLER_H_
#define MUSTER_SERVICE_CALLER_H_

#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"

namespace muster {

struct Caller {
  std::string name;
};

// Without TLS the server listens on loopback only, and everyone there is the local operator, who may do everything.
// Every handler asks this first, so that there is one place to say who is who.
absl::StatusOr<Caller> IdentifyCaller(const grpc::CallbackServerContext& context);

}  // namespace muster

#endif  // MUSTER_SERVICE_CALLER_H_
