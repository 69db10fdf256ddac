#include "service/caller.h"

namespace muster {

absl::StatusOr<Caller> IdentifyCaller(const grpc::CallbackServerContext& /*context*/) {
  return Caller{"local operator"};
}

}  // namespace muster
