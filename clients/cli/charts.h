// Charts of one line, as text.
#ifndef MUSTER_CLIENTS_CLI_CHARTS_H_
#define MUSTER_CLIENTS_CLI_CHARTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "clients/cli/terminal.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::cli {

// A bar for `value`, of at most `columns`, which the largest value, `max`, takes. Empty for nothing; what is more than
// nothing shows.
std::string Bar(int64_t value, int64_t max, int columns, const Terminal& terminal);

// One mark for each value, the higher the larger; a space for zero. The largest is the highest, whatever it is.
std::string Sparkline(absl::Span<const int64_t> values, const Terminal& terminal);

// The course of each row over the days, for a column of a table. `query` is that of the rows, which does not group by
// date; `by_day` is the answer to it grouped by date too. Each row has as many marks as there are days from the first
// to the last of all rows; what is of several days is in none. Empty where there are more than `max_days`, or only one.
class DailyCourses {
 public:
  DailyCourses(const v1::QueryTotalsResponse& by_day, int max_days);

  bool empty() const { return courses_.empty(); }
  // "" for a row without days.
  std::string Of(const v1::TotalsRow& row, const Terminal& terminal) const;
  // "By day 11 to 17 Oct" for people; the first and the last day.
  const std::string& first_day() const { return first_day_; }
  const std::string& last_day() const { return last_day_; }

 private:
  std::map<std::string, std::vector<int64_t>> courses_;  // By the labels of a row without its date.
  std::string first_day_;
  std::string last_day_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_CHARTS_H_
