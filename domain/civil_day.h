// Civil days and periods of them. Days are those of Europe/London; no time of day, no time zone arithmetic.
#ifndef MUSTER_DOMAIN_CIVIL_DAY_H_
#define MUSTER_DOMAIN_CIVIL_DAY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace muster {

// Reads "2021-10-15": exactly ten characters, a day that exists, years 1900 to 2999. Nothing else is a day.
std::optional<absl::CivilDay> ParseCivilDay(absl::string_view text);

// Writes "2021-10-15".
std::string FormatCivilDay(absl::CivilDay day);

// Days since 1970-01-01; the form in which days are kept on disk.
int32_t DaysSinceEpoch(absl::CivilDay day);
absl::CivilDay CivilDayFromEpoch(int32_t days);

// A number that orders days as they are. Comparing days themselves looks at their hours and minutes too, which takes
// several times as long where many periods are compared.
inline int64_t OrderOf(absl::CivilDay day) { return (day.year() * 16 + day.month()) * 32 + day.day(); }

// Days from `first` to `last`, both inclusive. Invariant: first <= last.
struct Period {
  absl::CivilDay first;
  absl::CivilDay last;

  bool IsOneDay() const { return OrderOf(first) == OrderOf(last); }
  bool Contains(absl::CivilDay day) const { return Contains({day, day}); }
  bool Contains(const Period& other) const {
    return OrderOf(first) <= OrderOf(other.first) && OrderOf(other.last) <= OrderOf(last);
  }
  bool Overlaps(const Period& other) const {
    return OrderOf(first) <= OrderOf(other.last) && OrderOf(other.first) <= OrderOf(last);
  }

  friend bool operator==(const Period& a, const Period& b) {
    return OrderOf(a.first) == OrderOf(b.first) && OrderOf(a.last) == OrderOf(b.last);
  }
  friend bool operator<(const Period& a, const Period& b) {
    const int64_t a_first = OrderOf(a.first);
    const int64_t b_first = OrderOf(b.first);
    return a_first != b_first ? a_first < b_first : OrderOf(a.last) < OrderOf(b.last);
  }
  template <typename H>
  friend H AbslHashValue(H state, const Period& period) {
    return H::combine(std::move(state), period.first, period.last);
  }
};

}  // namespace muster

#endif  // MUSTER_DOMAIN_CIVIL_DAY_H_
