// What is left when a run is interrupted: nothing.
#ifndef MUSTER_BENCH_PROCESSES_INTERRUPTION_H_
#define MUSTER_BENCH_PROCESSES_INTERRUPTION_H_

#include <string>

namespace muster::bench {

// From now on SIGINT, SIGTERM and SIGHUP kill the processes that the main thread has started, remove `folder`, and end
// the program with 128 and the number of the signal. Call it on the main thread, before any other thread is made.
void CleanUpWhenInterrupted(const std::string& folder);

// Call it before a failure is reported: when it comes of an interruption, this does not return, and the program ends as
// CleanUpWhenInterrupted says.
void StayIfInterrupted();

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_INTERRUPTION_H_
