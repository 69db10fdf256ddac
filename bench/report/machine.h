// The machine that a run was made on.
#ifndef MUSTER_BENCH_REPORT_MACHINE_H_
#define MUSTER_BENCH_REPORT_MACHINE_H_

#include <string>

#include "bench/report/report.h"

namespace muster::bench {

// Adds processor, memory, kernel, load, and the file system of `folder`.
void DescribeMachine(const std::string& folder, Report& report);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_REPORT_MACHINE_H_
