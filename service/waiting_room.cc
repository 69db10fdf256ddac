#include "service/waiting_room.h"

#include <utility>
#include <vector>

namespace muster {

void WaitingRoom::Enter(LetIn let_in) {
  if (count_.load(std::memory_order_relaxed) == 0 && !is_closed_) {
    absl::StatusOr<Applier::Room> room = keep_room_();
    if (!absl::IsResourceExhausted(room.status())) {
      let_in(std::move(room));
      return;
    }
  }
  absl::Status refused;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_.ok() && waiting_.size() < limits_.max_calls) {
      waiting_.push_back({std::chrono::steady_clock::now(), std::move(let_in)});
      count_.store(waiting_.size(), std::memory_order_relaxed);
      if (!std::exchange(looks_again_, true)) wake_ups_.After(limits_.look_interval, [this] { LookAgain(); });
      return;
    }
    refused = closed_.ok() ? Applier::Full() : closed_;
  }
  let_in(refused);
}

void WaitingRoom::Look() {
  if (count_.load(std::memory_order_relaxed) == 0) return;
  // As one step, so that nobody overtakes.
  std::vector<std::pair<LetIn, absl::StatusOr<Applier::Room>>> leaving;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto longest = std::chrono::steady_clock::now() - limits_.max_wait;
    while (!waiting_.empty()) {
      absl::StatusOr<Applier::Room> room = keep_room_();
      if (absl::IsResourceExhausted(room.status()) && waiting_.front().since > longest) break;
      leaving.emplace_back(std::move(waiting_.front().let_in), std::move(room));
      waiting_.pop_front();
    }
    count_.store(waiting_.size(), std::memory_order_relaxed);
  }
  for (auto& [let_in, room] : leaving) let_in(std::move(room));
}

void WaitingRoom::LookAgain() {
  Look();
  const std::lock_guard<std::mutex> lock(mutex_);
  looks_again_ = !waiting_.empty();
  if (looks_again_) wake_ups_.After(limits_.look_interval, [this] { LookAgain(); });
}

void WaitingRoom::Close(const absl::Status& status) {
  std::deque<Waiting> leaving;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = status;
    is_closed_ = true;
    leaving = std::exchange(waiting_, {});
    count_.store(0, std::memory_order_relaxed);
  }
  for (Waiting& waiting : leaving) waiting.let_in(status);
}

}  // namespace muster
