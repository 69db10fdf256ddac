// What a process has used, as the kernel counts it.
#ifndef MUSTER_BENCH_PROCESSES_PROCESS_USAGE_H_
#define MUSTER_BENCH_PROCESSES_PROCESS_USAGE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace muster::bench {

// Processor time of all its threads so far, in seconds. Throws if there is no such process.
double CpuSeconds(pid_t process);
// The same of this process.
double OwnCpuSeconds();
// What it holds in memory now. Throws if there is no such process.
int64_t ResidentBytes(pid_t process);

// Waits until it has done next to nothing for half a second, or for a minute at most: what it does in the background
// after much was written is not to be measured with what comes next.
void WaitUntilIdle(pid_t process);

// What the files below a folder take on the disk: whole blocks, as `du` counts them.
int64_t DiskBytes(const std::string& folder);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_PROCESS_USAGE_H_
