#include "bench/rate.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "bench/stopwatch.h"

namespace muster::bench {

double MeasureRate(int threads, double warm_up_seconds, double seconds,
                   const std::function<Worker(int thread)>& make_worker) {
  std::atomic<bool> stop{false};
  std::atomic<int64_t> done{0};
  std::mutex mutex;
  std::condition_variable changed;
  int ready = 0;  // Guarded by mutex, as is the next.
  std::exception_ptr failure;

  const auto run = [&](int thread) {
    bool is_counted = false;
    const auto count_as_ready = [&] {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!std::exchange(is_counted, true)) ++ready;
      changed.notify_all();
    };
    try {
      const Worker work = make_worker(thread);
      count_as_ready();
      while (!stop.load(std::memory_order_relaxed)) done.fetch_add(work(), std::memory_order_relaxed);
    } catch (...) {
      stop = true;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!failure) failure = std::current_exception();
      }
      count_as_ready();
    }
  };
  std::vector<std::thread> workers;
  workers.reserve(static_cast<size_t>(threads));
  for (int thread = 0; thread < threads; ++thread) workers.emplace_back(run, thread);
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return ready == threads; });
  const auto pause = [&](double length) {
    changed.wait_for(lock, std::chrono::duration<double>(length), [&] { return failure != nullptr; });
  };
  pause(warm_up_seconds);
  const int64_t before = done.load();
  const Stopwatch stopwatch;
  pause(seconds);
  const double rate = static_cast<double>(done.load() - before) / stopwatch.Seconds();
  lock.unlock();
  stop = true;
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
  return rate;
}

}  // namespace muster::bench
