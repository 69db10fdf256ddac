#include "service/caller.h"

namespace muster {

absl::StatusOr<Caller> IdentifyCaller(const grpc::CallbackServerContext& /*context*/) {
  return Caller{.role = CallerRole::kOperator, .name = "local", .certificate_serial = ""};
}

}  // namespace muster
