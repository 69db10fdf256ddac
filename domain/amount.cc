#include "domain/amount.h"

namespace muster {

Amount Amount::Stated(int64_t base_value, v1::Qualifier qualifier) {
  Amount amount;
  amount.sum = base_value;
  switch (qualifier) {
    case v1::QUALIFIER_AT_LEAST:
      amount.at_least_count = 1;
      break;
    case v1::QUALIFIER_AT_MOST:
      amount.at_most_count = 1;
      amount.at_most_sum = base_value;
      break;
    case v1::QUALIFIER_ESTIMATE:
      amount.estimate_count = 1;
      amount.estimate_sum = base_value;
      break;
    default:
      break;
  }
  return amount;
}

Amount Amount::Uncounted() {
  Amount amount;
  amount.uncounted_count = 1;
  return amount;
}

Amount& Amount::operator+=(const Amount& other) {
  sum += other.sum;
  estimate_sum += other.estimate_sum;
  at_most_sum += other.at_most_sum;
  at_least_count += other.at_least_count;
  at_most_count += other.at_most_count;
  estimate_count += other.estimate_count;
  uncounted_count += other.uncounted_count;
  return *this;
}

Amount& Amount::operator-=(const Amount& other) {
  sum -= other.sum;
  estimate_sum -= other.estimate_sum;
  at_most_sum -= other.at_most_sum;
  at_least_count -= other.at_least_count;
  at_most_count -= other.at_most_count;
  estimate_count -= other.estimate_count;
  uncounted_count -= other.uncounted_count;
  return *this;
}

std::optional<absl::int128> Amount::AtMost() const {
  if (at_least_count != 0 || estimate_count != 0 || uncounted_count != 0) return std::nullopt;
  return sum;
}

v1::Qualifier Amount::CarefulQualifier() const {
  const bool may_be_more = at_least_count != 0 || uncounted_count != 0;
  const bool may_be_less = at_most_count != 0;
  if (estimate_count != 0 || (may_be_more && may_be_less)) return v1::QUALIFIER_ESTIMATE;
  if (may_be_more) return v1::QUALIFIER_AT_LEAST;
  if (may_be_less) return v1::QUALIFIER_AT_MOST;
  return v1::QUALIFIER_EXACT;
}

}  // namespace muster
