// What an error says beyond its code and sentence. Every error of this library keeps the google.rpc details
// that the server sent, as payloads of its absl::Status; these functions read them.
#ifndef MUSTER_CLIENTS_CPP_ERROR_DETAILS_H_
#define MUSTER_CLIENTS_CPP_ERROR_DETAILS_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster {

// The same error, each detail as the payload of its type. OK for code 0; UNKNOWN for a code that is none.
absl::Status StatusFromProto(const google::rpc::Status& proto);

// The reason for programs: INVALID_QUERY, QUEUE_FULL. nullopt for an error that no Muster server made.
std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status);

// Every wrong field at once. Empty if the error is about no field.
std::vector<google::rpc::BadRequest::FieldViolation> FieldViolationsOf(const absl::Status& status);

// How long to wait at least before trying again. nullopt if the server did not say that trying again helps.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_ERROR_DETAILS_H_
