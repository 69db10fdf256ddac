#include "tests/service/named_callers.h"

#include <map>

#include "tests/service/server_fixture.h"

namespace muster {

absl::StatusOr<Caller> IdentifyByName(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find(kCallerMetadata);
  if (found == context.client_metadata().end()) return CallerOf("");
  return CallerOf(std::string(found->second.data(), found->second.size()));
}

std::unique_ptr<grpc::ClientContext> ContextOf(const std::string& caller) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  if (!caller.empty()) context->AddMetadata(kCallerMetadata, caller);
  return context;
}

Caller CallerOf(const std::string& text) {
  if (text.empty()) {
    return {.role = CallerRole::kOperator, .name = "local", .certificate_serial = "", .is_local = true};
  }
  static const std::map<std::string, CallerRole> kRoles = {{"force", CallerRole::kForce},
                                                           {"unit", CallerRole::kUnit},
                                                           {"analyst", CallerRole::kAnalyst},
                                                           {"operator", CallerRole::kOperator}};
  const size_t slash = text.find('/');
  return {.role = kRoles.at(text.substr(0, slash)),
          .name = text.substr(slash + 1),
          .certificate_serial = "0a1b",
          .is_local = false};
}

}  // namespace muster
