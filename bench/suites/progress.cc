#include "bench/suites/progress.h"

#include <iostream>

#include "absl/strings/str_format.h"

namespace muster::bench {

void ReportProgress(const std::string& suite, int round, const Series& series, const std::string& unit) {
  std::cerr << absl::StrFormat("%s, round %d: %s %.6g %s\n", suite, round, series.name, series.samples.back(), unit);
}

}  // namespace muster::bench
