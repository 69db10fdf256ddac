// Callers who are who they say to be: for tests of what each may do.
#ifndef MUSTER_TESTS_SERVICE_NAMED_CALLERS_H_
#define MUSTER_TESTS_SERVICE_NAMED_CALLERS_H_

#include <chrono>
#include <memory>
#include <string>

#include "grpcpp/client_context.h"
#include "service/caller.h"

namespace muster {

inline constexpr char kCallerMetadata[] = "x-test-caller";

// "force/kent" in the metadata of a call; without it, the local operator.
absl::StatusOr<Caller> IdentifyByName(const grpc::CallbackServerContext& context);

// Of one call, with a deadline.
std::unique_ptr<grpc::ClientContext> ContextOf(const std::string& caller);

// "force/kent" as a caller; "" for the local operator.
Caller CallerOf(const std::string& text);

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_NAMED_CALLERS_H_
