// A thread that does one thing again and again.
#ifndef MUSTER_SERVICE_REPEATED_TASK_H_
#define MUSTER_SERVICE_REPEATED_TASK_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace muster {

class RepeatedTask {
 public:
  // Calls `work` on a thread of its own, each time `interval` after the last one ended.
  RepeatedTask(std::chrono::milliseconds interval, std::function<void()> work)
      : thread_([this, interval, work = std::move(work)] {
          std::unique_lock<std::mutex> lock(mutex_);
          while (true) {
            changed_.wait_for(lock, interval, [this] { return stopping_ || now_; });
            if (stopping_) return;
            now_ = false;
            lock.unlock();
            work();
            lock.lock();
          }
        }) {}

  // Waits for `work` if it runs.
  ~RepeatedTask() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  RepeatedTask(const RepeatedTask&) = delete;
  RepeatedTask& operator=(const RepeatedTask&) = delete;

  // Has `work` called at once; once more after it, if it runs. From any thread.
  void RunNow() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      now_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // Guarded by mutex_.
  bool now_ = false;       // Guarded by mutex_.
  std::thread thread_;     // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_REPEATED_TASK_H_
