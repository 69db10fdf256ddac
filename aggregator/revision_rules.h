// The revision table: what becomes of a result, given what is stored. The whole contract is this one function.
#ifndef MUSTER_AGGREGATOR_REVISION_RULES_H_
#define MUSTER_AGGREGATOR_REVISION_RULES_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "domain/digest.h"
#include "muster/v1/result.pb.h"
#include "storage/store.h"

namespace muster {

// What is stored under the key of a result.
struct NewestRevision {
  int64_t revision = 0;
  bool retracted = false;
  Sha256Digest digest{};
  LogPosition position = 0;
};

// DATA_LOSS  the entry is not what this program writes
absl::StatusOr<NewestRevision> NewestRevisionOf(const LoggedEntry& logged);

//   stored    arrives                 outcome
//   nothing   revision r >= 1         ACCEPTED
//   nothing   r, retracted            RETRACTED: so that what it takes back is STALE if it comes in later
//   r         r, same content         DUPLICATE
//   r         r, other content        CONFLICT
//   r         lower                   STALE
//   r         higher                  REVISED
//   r         higher, retracted       RETRACTED
//
// Decides from what is stored alone: no clock, window or cache.
v1::Outcome DecideOutcome(const std::optional<NewestRevision>& stored, int64_t revision, bool retracted,
                          const Sha256Digest& digest);

// Whether the outcome makes a log entry.
bool IsLogged(v1::Outcome outcome);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_REVISION_RULES_H_
