// The stable reason of a status, for errors that their code alone does not tell apart.
#ifndef MUSTER_DOMAIN_STATUS_REASON_H_
#define MUSTER_DOMAIN_STATUS_REASON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace muster {

inline constexpr char kStatusReasonPayload[] = "muster/reason";

// `reason` is UPPER_SNAKE_CASE and stable for ever: callers are told it.
inline absl::Status WithReason(absl::Status status, absl::string_view reason) {
  status.SetPayload(kStatusReasonPayload, absl::Cord(reason));
  return status;
}

// Empty where none was given.
inline std::string StatusReason(const absl::Status& status) {
  const auto reason = status.GetPayload(kStatusReasonPayload);
  return reason ? std::string(*reason) : std::string();
}

}  // namespace muster

#endif  // MUSTER_DOMAIN_STATUS_REASON_H_
