#include "bench/report/percentile.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace muster::bench {

double Percentile(std::vector<double> samples, double percent) {
  if (samples.empty() || percent <= 0 || percent > 100) throw std::invalid_argument("no such percentile");
  const double rank = std::ceil(percent / 100 * static_cast<double>(samples.size()));
  const auto place = samples.begin() + std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(rank) - 1);
  std::nth_element(samples.begin(), place, samples.end());
  return *place;
}

}  // namespace muster::bench
