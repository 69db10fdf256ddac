#include "aggregator/revision_rules.h"

namespace muster {

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
