// Programs that must not outlive the benchmark.
#ifndef MUSTER_BENCH_PROCESSES_BOUND_PROCESS_H_
#define MUSTER_BENCH_PROCESSES_BOUND_PROCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/service/child_process.h"

namespace muster::bench {

// Runs a program that the kernel kills when the thread that called this ends, however it ends. So call it on the main
// thread. `log_file` takes what it writes on standard error.
std::unique_ptr<ChildProcess> StartBound(std::vector<std::string> words, const std::string& log_file);

// The same as another user, who must exist. Only root may.
std::unique_ptr<ChildProcess> StartBoundAs(const std::string& user, std::vector<std::string> words,
                                           const std::string& log_file);

// Waits for a line "listening on ADDRESS" and returns the address. Throws, with its log, if it ends or is silent.
std::string WaitUntilListening(ChildProcess& process);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_BOUND_PROCESS_H_
