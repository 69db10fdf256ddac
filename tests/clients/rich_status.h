// Errors as a server sends them.
#ifndef MUSTER_TESTS_CLIENTS_RICH_STATUS_H_
#define MUSTER_TESTS_CLIENTS_RICH_STATUS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster {

// With an ErrorInfo unless `reason` is empty, and a RetryInfo if `retry_delay` is there.
inline google::rpc::Status RichStatus(absl::StatusCode code, const std::string& reason,
                                      std::optional<absl::Duration> retry_delay = std::nullopt) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message("said by the server");
  if (!reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_domain("muster");
    info.set_reason(reason);
    status.add_details()->PackFrom(info);
  }
  if (retry_delay.has_value()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() =
        google::protobuf::util::TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(*retry_delay));
    status.add_details()->PackFrom(retry);
  }
  return status;
}

}  // namespace muster

#endif  // MUSTER_TESTS_CLIENTS_RICH_STATUS_H_
