// `perf record` of one process, for as long as an object lives.
#ifndef MUSTER_BENCH_PROCESSES_PERF_RECORD_H_
#define MUSTER_BENCH_PROCESSES_PERF_RECORD_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "tests/service/child_process.h"

namespace muster::bench {

class PerfRecord {
 public:
  // Starts to record. Needs perf (Debian: linux-perf) and the right to use it. Costs a few per cent of speed.
  PerfRecord(pid_t process, const std::string& file);
  // Writes the file: see it with `perf report -i FILE`.
  ~PerfRecord();
  PerfRecord(const PerfRecord&) = delete;
  PerfRecord& operator=(const PerfRecord&) = delete;

 private:
  std::unique_ptr<ChildProcess> perf_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_PERF_RECORD_H_
