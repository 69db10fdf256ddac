// The one road from absl::Status to what callers see: AIP-193 errors with stable reasons.
#ifndef MUSTER_SERVICE_ERRORS_H_
#define MUSTER_SERVICE_ERRORS_H_

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "domain/field_problem.h"
#include "google/protobuf/message.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "service/limits.h"

namespace muster {

inline constexpr char kErrorDomain[] = "muster";

using ErrorFacts = std::initializer_list<std::pair<absl::string_view, std::string>>;

// A status with its ErrorInfo. `reason` is stable for ever: clients switch on it.
absl::Status Error(absl::StatusCode code, absl::string_view reason, absl::string_view message, ErrorFacts facts = {});

// INVALID_ARGUMENT, or another code, with every field violation at once; or with those that come first, where all would
// be larger than `max_bytes`, and then the message says how many there are. At least one is always there.
absl::Status InvalidFields(absl::string_view reason, absl::string_view message, const FieldProblems& problems,
                           size_t max_bytes = kMaxCallViolationBytes,
                           absl::StatusCode code = absl::StatusCode::kInvalidArgument);

// Says that trying again helps, after `delay`.
absl::Status WithRetry(absl::Status status, std::chrono::nanoseconds delay = kRetryDelay);

// RESOURCE_EXHAUSTED: `subject` ("force thames-valley") does more than it may ("makes more than …"), and may again
// after `debt`.
absl::Status CallerRateExceeded(absl::string_view subject, std::chrono::nanoseconds debt, absl::string_view what);

// UNIMPLEMENTED, naming what is not served yet.
absl::Status NotServedYet(absl::string_view what);

// INVALID_ARGUMENT: a message that cannot be read at all.
absl::Status MalformedMessage();

// The reason that callers are told of a status; empty for OK.
std::string ReasonTold(const absl::Status& status);

// What a receipt or a call carries: the code, the message and the details of `status`. A status from within that names
// no reason gets that of its code; the text of INTERNAL, UNKNOWN and DATA_LOSS goes to the log, and the caller gets a
// call id.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The only maker of grpc::Status.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_SERVICE_ERRORS_H_
