#include "bench/processes/perf_record.h"

#include <csignal>

#include "bench/processes/bound_process.h"

namespace muster::bench {

PerfRecord::PerfRecord(pid_t process, const std::string& file)
    // Stacks are taken from copies of the stack: Debian's libraries keep no frame pointers.
    : perf_(StartBound({"perf", "record", "--quiet", "--freq=499", "--call-graph=dwarf,8192", "--pid",
                        std::to_string(process), "--output", file},
                       file + ".log")) {}

PerfRecord::~PerfRecord() {
  perf_->Signal(SIGINT);
  perf_->WaitUntilEnded();
}

}  // namespace muster::bench
