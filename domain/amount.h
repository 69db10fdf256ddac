// A sum that keeps its meaning: how much of it is certain, how much is an estimate, whether it has a bound.
#ifndef MUSTER_DOMAIN_AMOUNT_H_
#define MUSTER_DOMAIN_AMOUNT_H_

#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "muster/v1/result.pb.h"

namespace muster {

// The sum of some stated values of one metric, in its base unit. Amounts add and subtract exactly, component by
// component, so a total moves by the difference when a result is revised. 128 bits hold any number of results.
struct Amount {
  absl::int128 sum = 0;           // Of all values.
  absl::int128 estimate_sum = 0;  // Of the estimates among them.
  absl::int128 at_most_sum = 0;   // Of the values stated as "at most".
  int64_t at_least_count = 0;     // Values stated as "at least".
  int64_t at_most_count = 0;
  int64_t estimate_count = 0;
  int64_t uncounted_count = 0;  // "Seized, not yet counted": in no sum.

  // One stated value, in base units. An unset qualifier means exact.
  static Amount Stated(int64_t base_value, v1::Qualifier qualifier);
  // One value still to be counted.
  static Amount Uncounted();

  Amount& operator+=(const Amount& other);
  Amount& operator-=(const Amount& other);
  friend bool operator==(const Amount&, const Amount&) = default;

  // What is certain: exact and at-least values. Of an "at most" nothing is.
  absl::int128 AtLeast() const { return sum - estimate_sum - at_most_sum; }
  // The most that it can be; nullopt where some value has no upper bound (at least, estimate, uncounted).
  std::optional<absl::int128> AtMost() const;
  // What a careful writer would print: EXACT only if every part is.
  v1::Qualifier CarefulQualifier() const;
};

}  // namespace muster

#endif  // MUSTER_DOMAIN_AMOUNT_H_
