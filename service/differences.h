// What changed between two moments: which rows, or which results moved one row.
#ifndef MUSTER_SERVICE_DIFFERENCES_H_
#define MUSTER_SERVICE_DIFFERENCES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "aggregator/explanation.h"
#include "aggregator/rewinder.h"
#include "aggregator/totals_query.h"
#include "muster/v1/totals_service.pb.h"
#include "service/rights.h"
#include "storage/store.h"

namespace muster {

// A place in the log with what it stands for.
struct Moment {
  LogPosition position = 0;
  int64_t as_of_time_us = 0;
};

// What is asked, found right.
struct DifferenceQuestion {
  AskedMoment from;
  AskedMoment to;  // Now, if it is neither position nor time.
  TotalsQuery query;
  std::optional<ExplainedRow> row;  // Set: the results that moved it are asked for.
  int size = 0;                     // Of the page.
  std::string scope;                // Of page tokens.
  std::string key;                  // Of the page; empty for the first.
};

// Thread-safe.
class Differences {
 public:
  // Not owned; must outlive this object.
  Differences(const Store& store, const Cubes& cubes, Rewinder& rewinder)
      : store_(store), cubes_(cubes), rewinder_(rewinder) {}

  // Reads a request of `reader`, who may be shown as much as `sight` says. Reads no file.
  //
  // INVALID_ARGUMENT  INVALID_QUERY, INVALID_PAGE_SIZE, INVALID_PAGE_TOKEN
  absl::StatusOr<DifferenceQuestion> Check(const v1::DiffTotalsRequest& request, const Sight& sight,
                                           const std::string& reader) const;

  // Answers it, on a thread that may wait for the disk. The first page says which two moments they are, and the others
  // are of the same. `is_wanted` is asked now and then.
  //
  // INVALID_ARGUMENT  INVALID_QUERY: the earlier moment is the later one; INVALID_PAGE_TOKEN
  // CANCELLED         `is_wanted` said no
  // and as ComputeTotals and Rewinder::At
  absl::Status Answer(DifferenceQuestion question, const std::function<bool()>& is_wanted,
                      v1::DiffTotalsResponse* response) const;

  // Where a moment that ParseMoment found right is in the log, which is read for it.
  absl::StatusOr<Moment> Resolve(const AskedMoment& asked) const;

 private:
  // Says in the answer that the next page goes on at a place.
  using GoOnAt = std::function<void(int64_t place)>;

  absl::Status ListRows(const DifferenceQuestion& question, LogPosition from, LogPosition to, int64_t begin,
                        const std::function<bool()>& is_wanted, const GoOnAt& go_on_at,
                        v1::DiffTotalsResponse* response) const;
  absl::Status ListResults(DifferenceQuestion& question, LogPosition from, LogPosition to, LogPosition after,
                           const std::function<bool()>& is_wanted, const GoOnAt& go_on_at,
                           v1::DiffTotalsResponse* response) const;
  // The rows as they were at a position.
  absl::Status RowsAt(LogPosition position, const TotalsQuery& query, const std::function<bool()>& is_wanted,
                      v1::QueryTotalsResponse* answer) const;

  const Store& store_;
  const Cubes& cubes_;
  Rewinder& rewinder_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_DIFFERENCES_H_
