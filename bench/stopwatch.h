// Time that has passed.
#ifndef MUSTER_BENCH_STOPWATCH_H_
#define MUSTER_BENCH_STOPWATCH_H_

#include <chrono>

namespace muster::bench {

class Stopwatch {
 public:
  // Since it was made.
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_STOPWATCH_H_
