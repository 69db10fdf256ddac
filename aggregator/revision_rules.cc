#include "aggregator/revision_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace muster {

absl::StatusOr<NewestRevision> NewestRevisionOf(const LoggedEntry& logged) {
  const store::v1::LoggedResult& result = logged.entry.result();
  NewestRevision newest;
  if (result.digest().size() != newest.digest.size() || result.result().revision() < 1) {
    return absl::DataLossError(absl::StrCat("The result in the log at position ", logged.position,
                                            " has no revision or no digest. Restore the store from a backup."));
  }
  newest.revision = result.result().revision();
  newest.retracted = result.result().retracted();
  std::copy(result.digest().begin(), result.digest().end(), newest.digest.begin());
  newest.position = logged.position;
  return newest;
}

v1::Outcome DecideOutcome(const std::optional<NewestRevision>& stored, int64_t revision, bool retracted,
                          const Sha256Digest& digest) {
  if (!stored) return retracted ? v1::OUTCOME_RETRACTED : v1::OUTCOME_ACCEPTED;
  if (revision < stored->revision) return v1::OUTCOME_STALE;
  if (revision == stored->revision) return digest == stored->digest ? v1::OUTCOME_DUPLICATE : v1::OUTCOME_CONFLICT;
  return retracted ? v1::OUTCOME_RETRACTED : v1::OUTCOME_REVISED;
}

bool IsLogged(v1::Outcome outcome) {
  return outcome == v1::OUTCOME_ACCEPTED || outcome == v1::OUTCOME_REVISED || outcome == v1::OUTCOME_RETRACTED;
}

}  // namespace muster
