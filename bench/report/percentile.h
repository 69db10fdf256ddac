// Where most of many samples lie.
#ifndef MUSTER_BENCH_REPORT_PERCENTILE_H_
#define MUSTER_BENCH_REPORT_PERCENTILE_H_

#include <vector>

namespace muster::bench {

// The smallest sample that at least `percent` (above 0, at most 100) of all samples do not exceed. There must be one.
double Percentile(std::vector<double> samples, double percent);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_REPORT_PERCENTILE_H_
