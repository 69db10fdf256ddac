// Totals as they stood at an earlier moment.
#ifndef MUSTER_SERVICE_PAST_TOTALS_H_
#define MUSTER_SERVICE_PAST_TOTALS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "aggregator/rewinder.h"
#include "muster/v1/totals_service.pb.h"
#include "service/rights.h"

namespace muster {

// Whether a query asks for an earlier moment.
inline bool IsOfThePast(const v1::TotalsQuery& query) { return query.as_of_position() != 0 || query.has_as_of_time(); }

// One question about an earlier moment, checked as far as that goes without reading the disk.
struct PastQuestion {
  AskedMoment moment;
  v1::TotalsQuery query;
  Sight sight;
  int page_size = 0;
  int begin = 0;  // Index of the page's first row.
};

// The same question has the same answer, byte for byte and for ever: it is made from the log up to the moment, from the
// question and from the catalogue, and a page token says where a page begins and nothing else. So every page can be
// made by itself, and none expires. Thread-safe.
class PastTotals {
 public:
  // Not owned; must outlive this object.
  PastTotals(const Cubes& cubes, Rewinder& rewinder) : cubes_(cubes), rewinder_(rewinder) {}

  // INVALID_ARGUMENT  INVALID_QUERY: the moment is later than now, or anything else of the query is wrong, as far as
  //                   can be told without knowing the operations of then; INVALID_PAGE_TOKEN
  absl::StatusOr<PastQuestion> Check(const v1::QueryTotalsRequest& request, const Sight& sight, int page_size) const;

  // Reads the disk. `response` must be empty; `is_wanted` is as in Rewinder::At.
  //
  // INVALID_ARGUMENT  INVALID_QUERY: it names an operation that there was not yet; INVALID_PAGE_TOKEN
  // OUT_OF_RANGE      as ComputeTotals
  // and whatever Rewinder::At says.
  absl::Status Answer(const PastQuestion& question, std::function<bool()> is_wanted,
                      v1::QueryTotalsResponse* response) const;

 private:
  const Cubes& cubes_;
  Rewinder& rewinder_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_PAST_TOTALS_H_
