#include "domain/amount.h"

namespace muster {

template <typename Sum, typename Count>
BasicAmount<Sum, Count> BasicAmount<Sum, Count>::Stated(int64_t base_value, v1::Qualifier qualifier) {
  BasicAmount amount;
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

template <typename Sum, typename Count>
BasicAmount<Sum, Count> BasicAmount<Sum, Count>::Uncounted() {
  BasicAmount amount;
  amount.uncounted_count = 1;
  return amount;
}

template <typename Sum, typename Count>
std::optional<Sum> BasicAmount<Sum, Count>::AtMost() const {
  if (at_least_count != 0 || estimate_count != 0 || uncounted_count != 0) return std::nullopt;
  return sum;
}

template <typename Sum, typename Count>
v1::Qualifier BasicAmount<Sum, Count>::CarefulQualifier() const {
  const bool may_be_more = at_least_count != 0 || uncounted_count != 0;
  const bool may_be_less = at_most_count != 0;
  if (estimate_count != 0 || (may_be_more && may_be_less)) return v1::QUALIFIER_ESTIMATE;
  if (may_be_more) return v1::QUALIFIER_AT_LEAST;
  if (may_be_less) return v1::QUALIFIER_AT_MOST;
  return v1::QUALIFIER_EXACT;
}

template struct BasicAmount<absl::int128, int64_t>;
template struct BasicAmount<int64_t, int32_t>;

}  // namespace muster
