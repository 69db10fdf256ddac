// A sum that keeps its meaning: how much of it is certain, how much is an estimate, whether it has a bound.
#ifndef MUSTER_DOMAIN_AMOUNT_H_
#define MUSTER_DOMAIN_AMOUNT_H_

#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "muster/v1/result.pb.h"

namespace muster {

// The sum of some stated values of one metric, in its base unit. Amounts add and subtract exactly, component by
// component, so a total moves by the difference when a result is revised. Use Amount, or ResultAmount.
template <typename Sum, typename Count>
struct BasicAmount {
  Sum sum = 0;               // Of all values.
  Sum estimate_sum = 0;      // Of the estimates among them.
  Sum at_most_sum = 0;       // Of the values stated as "at most".
  Count at_least_count = 0;  // Values stated as "at least".
  Count at_most_count = 0;
  Count estimate_count = 0;
  Count uncounted_count = 0;  // "Seized, not yet counted": in no sum.

  // One stated value, in base units. An unset qualifier means exact.
  static BasicAmount Stated(int64_t base_value, v1::Qualifier qualifier);
  // One value still to be counted.
  static BasicAmount Uncounted();

  // Of amounts that are no wider than this one.
  template <typename OtherSum, typename OtherCount>
  BasicAmount& operator+=(const BasicAmount<OtherSum, OtherCount>& other);
  template <typename OtherSum, typename OtherCount>
  BasicAmount& operator-=(const BasicAmount<OtherSum, OtherCount>& other);
  friend bool operator==(const BasicAmount&, const BasicAmount&) = default;

  template <typename WiderSum, typename WiderCount>
  requires(sizeof(WiderSum) > sizeof(Sum) && sizeof(WiderCount) > sizeof(Count))
  operator BasicAmount<WiderSum, WiderCount>() const {  // NOLINT(google-explicit-constructor): nothing is lost.
    BasicAmount<WiderSum, WiderCount> wider;
    return wider += *this;
  }

  // What is certain: exact and at-least values. Of an "at most" nothing is.
  Sum AtLeast() const { return sum - estimate_sum - at_most_sum; }
  // The most that it can be; nullopt where some value has no upper bound (at least, estimate, uncounted).
  std::optional<Sum> AtMost() const;
  // What a careful writer would print: EXACT only if every part is.
  v1::Qualifier CarefulQualifier() const;
};

// Of any number of results: 128 bits hold them.
using Amount = BasicAmount<absl::int128, int64_t>;

// Of figures of one result, of which there are at most 1,000 of at most 10^15 (kMaxFigures, kMaxFigureValue). Small,
// because every result crosses from the thread that checks it to the writer.
using ResultAmount = BasicAmount<int64_t, int32_t>;

template <typename Sum, typename Count>
template <typename OtherSum, typename OtherCount>
BasicAmount<Sum, Count>& BasicAmount<Sum, Count>::operator+=(const BasicAmount<OtherSum, OtherCount>& other) {
  static_assert(sizeof(OtherSum) <= sizeof(Sum) && sizeof(OtherCount) <= sizeof(Count));
  sum += other.sum;
  estimate_sum += other.estimate_sum;
  at_most_sum += other.at_most_sum;
  at_least_count += other.at_least_count;
  at_most_count += other.at_most_count;
  estimate_count += other.estimate_count;
  uncounted_count += other.uncounted_count;
  return *this;
}

template <typename Sum, typename Count>
template <typename OtherSum, typename OtherCount>
BasicAmount<Sum, Count>& BasicAmount<Sum, Count>::operator-=(const BasicAmount<OtherSum, OtherCount>& other) {
  static_assert(sizeof(OtherSum) <= sizeof(Sum) && sizeof(OtherCount) <= sizeof(Count));
  sum -= other.sum;
  estimate_sum -= other.estimate_sum;
  at_most_sum -= other.at_most_sum;
  at_least_count -= other.at_least_count;
  at_most_count -= other.at_most_count;
  estimate_count -= other.estimate_count;
  uncounted_count -= other.uncounted_count;
  return *this;
}

extern template struct BasicAmount<absl::int128, int64_t>;
extern template struct BasicAmount<int64_t, int32_t>;

}  // namespace muster

#endif  // MUSTER_DOMAIN_AMOUNT_H_
