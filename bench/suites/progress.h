// What a run says on standard error while it goes.
#ifndef MUSTER_BENCH_SUITES_PROGRESS_H_
#define MUSTER_BENCH_SUITES_PROGRESS_H_

#include <string>

#include "bench/report/report.h"

namespace muster::bench {

// Says the newest sample of a series.
void ReportProgress(const std::string& suite, int round, const Series& series, const std::string& unit);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_SUITES_PROGRESS_H_
