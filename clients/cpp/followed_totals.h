// Totals that are followed: what a snapshot and the changes after it come to.
#ifndef MUSTER_CLIENTS_CPP_FOLLOWED_TOTALS_H_
#define MUSTER_CLIENTS_CPP_FOLLOWED_TOTALS_H_

#include <string>
#include <vector>

#include "muster/v1/totals_service.pb.h"

namespace muster {

// Invariant: after every moment, totals() is what QueryTotals would have answered at its position, in its order.
//
// Not thread-safe.
class FollowedTotals {
 public:
  // Takes the next message of WatchTotals. Returns whether a moment is whole with it; until then nothing is shown of
  // it.
  bool Take(const v1::WatchTotalsResponse& message);

  // The connection broke: what there is of a moment that is not whole is forgotten.
  void Break() { parts_.Clear(); }

  // Of the last whole moment.
  const v1::QueryTotalsResponse& totals() const { return totals_; }
  // The rows of that moment's messages, in order: all of them with a snapshot; those that are gone have no totals.
  const std::vector<v1::TotalsRow>& changed_rows() const { return changed_rows_; }
  bool was_snapshot() const { return was_snapshot_; }
  // To go on from here; empty before the first moment.
  const std::string& resume_token() const { return resume_token_; }

 private:
  void Apply();

  v1::WatchTotalsResponse parts_;  // Of the moment that is coming in.
  v1::QueryTotalsResponse totals_;
  std::vector<std::string> names_;  // Of the rows, beside them.
  std::vector<v1::TotalsRow> changed_rows_;
  bool was_snapshot_ = false;
  std::string resume_token_;
};

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_FOLLOWED_TOTALS_H_
