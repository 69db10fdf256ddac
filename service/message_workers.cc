#include "service/message_workers.h"

#include <utility>

#include "aggregator/thread_schedule.h"

namespace muster {
namespace {

// Behind the threads of calls, where somebody waits for an answer now, and the writer, for which others wait.
constexpr int kNiceness = 10;

}  // namespace

MessageWorkers::MessageWorkers(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

MessageWorkers::~MessageWorkers() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  something_to_do_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void MessageWorkers::Run(absl::AnyInvocable<void()> work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  something_to_do_.notify_one();
}

void MessageWorkers::Work() {
  GiveWayToShortWork(kNiceness);
  while (true) {
    absl::AnyInvocable<void()> next;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      something_to_do_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;  // Stopping, and all is done.
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }
}

}  // namespace muster
