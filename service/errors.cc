#include "service/errors.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "domain/status_reason.h"
#include "google/rpc/error_details.pb.h"
#include "service/logging.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

// The key is the type, so a status holds at most one detail of each type, as AIP-193 asks.
void Attach(const google::protobuf::Message& detail, absl::Status* status) {
  google::protobuf::Any any;
  any.PackFrom(detail);
  status->SetPayload(any.type_url(), absl::Cord(any.value()));
}

std::string TypeUrl(const google::protobuf::Message& message) {
  return absl::StrCat("type.googleapis.com/", message.GetDescriptor()->full_name());
}

// The reason of a status from below that names none.
absl::string_view ReasonOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "CALL_CANCELLED";
    case absl::StatusCode::kResourceExhausted:
      return "QUEUE_FULL";
    case absl::StatusCode::kUnavailable:
      return "STORE_UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "STORE_CORRUPT";
    case absl::StatusCode::kOutOfRange:
      return "TOTAL_TOO_LARGE";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    default:
      return "INTERNAL";
  }
}

bool IsOursToHide(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

// Gives a status from below its reason, and hides what is not for callers.
absl::Status Finished(absl::Status status) {
  google::rpc::ErrorInfo info;
  if (status.GetPayload(TypeUrl(info))) return status;
  if (IsOursToHide(status.code())) {
    static std::atomic<uint64_t> next_call_id{1};
    const std::string call_id = absl::StrCat("call-", next_call_id.fetch_add(1));
    const LogFields fields({{"call_id", call_id}});
    spdlog::error("a fault of the server: {}", status.ToString());
    return Error(status.code(), ReasonOf(status.code()),
                 absl::StrCat("The server met a fault of its own; its log says more under ", call_id, "."),
                 {{"call_id", call_id}});
  }
  const std::string given = StatusReason(status);
  absl::Status named = Error(status.code(), given.empty() ? ReasonOf(status.code()) : given, status.message());
  const bool may_retry =
      status.code() == absl::StatusCode::kResourceExhausted || status.code() == absl::StatusCode::kUnavailable;
  return may_retry ? WithRetry(std::move(named)) : named;
}

}  // namespace

absl::Status Error(absl::StatusCode code, absl::string_view reason, absl::string_view message, ErrorFacts facts) {
  google::rpc::ErrorInfo info;
  info.set_domain(kErrorDomain);
  info.set_reason(std::string(reason));
  for (const auto& [name, value] : facts) (*info.mutable_metadata())[std::string(name)] = value;
  absl::Status status(code, message);
  Attach(info, &status);
  return status;
}

absl::Status InvalidFields(absl::string_view reason, absl::string_view message, const FieldProblems& problems,
                           size_t max_bytes, absl::StatusCode code) {
  google::rpc::BadRequest bad_request;
  size_t bytes = 0;
  for (const FieldProblem& problem : problems) {
    google::rpc::BadRequest::FieldViolation violation;
    violation.set_field(problem.field);
    violation.set_reason(problem.reason);
    violation.set_description(problem.description);
    bytes += violation.ByteSizeLong();
    if (bytes > max_bytes && !bad_request.field_violations().empty()) break;
    *bad_request.add_field_violations() = std::move(violation);
  }
  const auto listed = static_cast<size_t>(bad_request.field_violations_size());
  absl::Status status = Error(code, reason,
                              listed == problems.size() ? std::string(message)
                                                        : absl::StrCat(message, " (The first ", listed, " of ",
                                                                       problems.size(), " violations are listed.)"));
  Attach(bad_request, &status);
  return status;
}

absl::Status WithRetry(absl::Status status, std::chrono::nanoseconds delay) {
  constexpr int64_t kNanosecondsInSecond = 1'000'000'000;
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay.count() / kNanosecondsInSecond);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay.count() % kNanosecondsInSecond));
  Attach(retry, &status);
  return status;
}

absl::Status CallerRateExceeded(absl::string_view subject, std::chrono::nanoseconds debt, absl::string_view what) {
  absl::Status status =
      Error(absl::StatusCode::kResourceExhausted, "CALLER_RATE_EXCEEDED",
            absl::StrCat("This caller ", what, "; nothing was done. Wait as long as the details say."));
  google::rpc::QuotaFailure failure;
  google::rpc::QuotaFailure::Violation& violation = *failure.add_violations();
  violation.set_subject(std::string(subject));
  violation.set_description(std::string(what));
  Attach(failure, &status);
  // Not at once again, however little is missing: others of the caller may be waiting too.
  return WithRetry(std::move(status), std::max<std::chrono::nanoseconds>(debt, kRetryDelay));
}

absl::Status NotServedYet(absl::string_view what) {
  return Error(absl::StatusCode::kUnimplemented, "NOT_SERVED_YET", absl::StrCat(what, " is not served yet."),
               {{"what", std::string(what)}});
}

absl::Status MalformedMessage() {
  return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE",
               "The message cannot be read: it is cut short, is no message of this call, or holds text that is not "
               "UTF-8. Export text as UTF-8, and make messages from the published proto files.");
}

std::string ReasonTold(const absl::Status& status) {
  if (status.ok()) return "";
  google::rpc::ErrorInfo info;
  if (const auto payload = status.GetPayload(TypeUrl(info)); payload && info.ParseFromString(std::string(*payload))) {
    return info.reason();
  }
  const std::string given = StatusReason(status);
  return given.empty() ? std::string(ReasonOf(status.code())) : given;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  const absl::Status finished = Finished(status);
  google::rpc::Status rpc_status;
  rpc_status.set_code(static_cast<int32_t>(finished.code()));
  rpc_status.set_message(std::string(finished.message()));
  finished.ForEachPayload([&rpc_status](absl::string_view type_url, const absl::Cord& value) {
    google::protobuf::Any* const detail = rpc_status.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(value));
  });
  return rpc_status;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc_status = ToRpcStatus(status);
  return {static_cast<grpc::StatusCode>(rpc_status.code()), rpc_status.message(), rpc_status.SerializeAsString()};
}

}  // namespace muster
