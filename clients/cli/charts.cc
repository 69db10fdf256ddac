#include "clients/cli/charts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "domain/civil_day.h"

namespace muster::cli {
namespace {

constexpr std::array<absl::string_view, 8> kEighths = {"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};  // Of a column, wide.
constexpr std::array<absl::string_view, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr absl::string_view kPlainHeights = ".:-=+*%#";

// The same for the same row of another day.
std::string LabelsOf(v1::TotalsRow row) {
  row.clear_date();
  row.clear_total();
  row.clear_baseline();
  return row.SerializeAsString();
}

// 1 to `steps` of what is more than nothing.
int StepOf(int64_t value, int64_t max, int steps) {
  const double share = static_cast<double>(value) / static_cast<double>(max);
  return std::clamp(static_cast<int>(std::lround(share * steps)), 1, steps);
}

}  // namespace

std::string Bar(int64_t value, int64_t max, int columns, const Terminal& terminal) {
  if (value <= 0 || max <= 0) return "";
  std::string bar;
  if (!terminal.unicode) return std::string(static_cast<size_t>(StepOf(value, max, columns)), '#');
  for (int left = StepOf(value, max, 8 * columns); left > 0; left -= 8) {
    absl::StrAppend(&bar, kEighths[static_cast<size_t>(std::min(left, 8) - 1)]);
  }
  return bar;
}

std::string Sparkline(absl::Span<const int64_t> values, const Terminal& terminal) {
  const int64_t max = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::string line;
  for (const int64_t value : values) {
    if (value <= 0) {
      line += ' ';
      continue;
    }
    const auto step = static_cast<size_t>(StepOf(value, max, 8) - 1);
    absl::StrAppend(&line, terminal.unicode ? kHeights[step] : kPlainHeights.substr(step, 1));
  }
  return line;
}

DailyCourses::DailyCourses(const v1::QueryTotalsResponse& by_day, int max_days) {
  std::optional<int> first;
  std::optional<int> last;
  const auto day_of = [](const v1::TotalsRow& row) -> std::optional<int> {
    const std::optional<absl::CivilDay> day = ParseCivilDay(row.date());
    return day ? std::optional<int>(DaysSinceEpoch(*day)) : std::nullopt;
  };
  for (const v1::TotalsRow& row : by_day.rows()) {
    const std::optional<int> day = day_of(row);
    if (!day) continue;
    first = std::min(*day, first.value_or(*day));
    last = std::max(*day, last.value_or(*day));
  }
  if (!first || *first == *last || *last - *first >= max_days) return;
  first_day_ = FormatCivilDay(CivilDayFromEpoch(*first));
  last_day_ = FormatCivilDay(CivilDayFromEpoch(*last));
  for (const v1::TotalsRow& row : by_day.rows()) {
    const std::optional<int> day = day_of(row);
    if (!day) continue;
    std::vector<int64_t>& course = courses_[LabelsOf(row)];
    course.resize(static_cast<size_t>(*last - *first) + 1);
    course[static_cast<size_t>(*day - *first)] = row.total().sum();
  }
}

std::string DailyCourses::Of(const v1::TotalsRow& row, const Terminal& terminal) const {
  const auto found = courses_.find(LabelsOf(row));
  return found == courses_.end() ? std::string() : Sparkline(found->second, terminal);
}

}  // namespace muster::cli
