#include "aggregator/applier.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/thread_schedule.h"
#include "domain/status_reason.h"
#include "storage/failpoint.h"

namespace muster {
namespace {

// Until it is known what submissions take.
constexpr int64_t kFirstTypicalBytes = 16 << 10;
// Of the newest submission in what is typical.
constexpr int64_t kTypicalShare = 8;

}  // namespace

Applier::Applier(Store& store, Cubes& cubes, ApplierLimits limits, std::function<void(const absl::Status&)> failed,
                 std::function<void(const GroupReport&)> observe)
    : store_(store),
      cubes_(cubes),
      limits_(limits),
      failed_(std::move(failed)),
      observe_(std::move(observe)),
      builder_(store, cubes),
      typical_bytes_(kFirstTypicalBytes) {
  thread_ = std::thread([this] { Run(); });
}

Applier::~Applier() { Stop(); }

absl::Status Applier::Full() {
  return absl::ResourceExhaustedError("More results are waiting than the server has room for; try again later.");
}

absl::Status Applier::WhyClosed() const {
  if (!failure_.ok()) return failure_;
  if (stopping_) return absl::UnavailableError("The server is stopping; send again to the one that follows.");
  return absl::OkStatus();
}

void Applier::ForgetRoomKeptTooLong() {
  const int64_t period = std::chrono::steady_clock::now().time_since_epoch() / limits_.room_kept;
  if (period == period_) return;
  kept_before_ = period == period_ + 1 ? kept_now_ : 0;
  kept_now_ = 0;
  period_ = period;
}

bool Applier::TakeRoom(Room room) {
  ForgetRoomKeptTooLong();
  if (room.period < period_ - 1) return false;
  --(room.period == period_ ? kept_now_ : kept_before_);
  return true;
}

int64_t Applier::KeptBytes() const { return (kept_now_ + kept_before_) * typical_bytes_; }

bool Applier::HasRoomFor(int64_t bytes) const {
  return queued_bytes_ + KeptBytes() + bytes <= limits_.max_queued_bytes;
}

// An empty queue takes anything: what fits a message fits the queue.
bool Applier::Fits(int64_t bytes) const { return queued_bytes_ == 0 || HasRoomFor(bytes); }

bool Applier::Stands() const {
  return !queue_.empty() && std::chrono::steady_clock::now() - queue_.front().since > limits_.max_queue_wait;
}

void Applier::Queue(Submission&& submission) {
  submission.since = std::chrono::steady_clock::now();
  queued_bytes_ += submission.bytes;
  typical_bytes_ += (submission.bytes - typical_bytes_) / kTypicalShare;
  queue_.push_back(std::move(submission));
}

absl::StatusOr<Applier::Room> Applier::KeepRoom() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (absl::Status closed = WhyClosed(); !closed.ok()) return closed;
  ForgetRoomKeptTooLong();
  // What is being received counts like what is queued: only the first of all is let in however large it may be.
  const bool is_first = queued_bytes_ + KeptBytes() == 0;
  if (Stands() || !(is_first || HasRoomFor(typical_bytes_))) return Full();
  ++kept_now_;
  return Room{period_};
}

void Applier::GiveUp(Room room) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TakeRoom(room);
}

absl::Status Applier::Enqueue(Submission&& submission, std::optional<Room> room) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Room was kept for what is typical. What takes more goes a little over the bound; what takes far more must wait.
    const bool has_room =
        room && TakeRoom(*room) && queued_bytes_ + submission.bytes <= limits_.max_queued_bytes / 4 * 5;
    if (absl::Status closed = WhyClosed(); !closed.ok()) return closed;
    if (!has_room) {
      ForgetRoomKeptTooLong();
      if (Stands() || !Fits(submission.bytes)) return Full();
    }
    Queue(std::move(submission));
  }
  something_to_do_.notify_one();
  return absl::OkStatus();
}

absl::Status Applier::Submit(CheckedResults&& results, bool validate_only, ResultsDone&& done,
                             absl::AnyInvocable<bool()>&& abandoned, std::optional<Room> room) {
  const int64_t bytes = results.bytes();
  return Enqueue({Results{std::move(results), validate_only, std::move(done), std::move(abandoned)}, bytes}, room);
}

absl::Status Applier::ChangeOperation(OperationChange change, OperationDone&& done) {
  constexpr int64_t kBytes = 4'096;
  return Enqueue({Change{std::move(change), std::move(done)}, kBytes}, std::nullopt);
}

void Applier::SubmitWhenRoom(CheckedResults&& results, bool validate_only, ResultsDone&& done,
                             absl::AnyInvocable<void()>&& admitted) {
  const int64_t bytes = results.bytes();
  Submission submission{Results{std::move(results), validate_only, std::move(done), nullptr}, bytes};
  std::unique_lock<std::mutex> lock(mutex_);
  if (const absl::Status closed = WhyClosed(); !closed.ok()) {
    lock.unlock();
    std::get<Results>(submission.work).done(closed);
    admitted();
    return;
  }
  if (!waiting_.empty() || !Fits(bytes)) {
    waiting_.push_back({std::move(submission), std::move(admitted)});
    lock.unlock();
    something_to_do_.notify_one();
    return;
  }
  Queue(std::move(submission));
  lock.unlock();
  something_to_do_.notify_one();
  admitted();
}

QueueState Applier::queue() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  QueueState state;
  state.submissions = static_cast<int64_t>(queue_.size());
  state.bytes = queued_bytes_;
  state.outside = static_cast<int64_t>(waiting_.size());
  if (!queue_.empty()) state.oldest = std::chrono::steady_clock::now() - queue_.front().since;
  return state;
}

void Applier::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  something_to_do_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Applier::Run() {
  GiveWayToShortWork(0);
  while (true) {
    std::vector<Submission> group;
    std::vector<absl::AnyInvocable<void()>> admitted;
    absl::Status failure;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      something_to_do_.wait(lock, [this] { return stopping_ || !queue_.empty() || !waiting_.empty(); });
      if (queue_.empty() && waiting_.empty()) return;  // Stopping, and all is answered.
      int64_t group_bytes = 0;
      while (!queue_.empty() && (group.empty() || group_bytes + queue_.front().bytes <= limits_.max_group_bytes)) {
        group_bytes += queue_.front().bytes;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      queued_bytes_ -= group_bytes;
      while (!waiting_.empty() && Fits(waiting_.front().submission.bytes)) {
        Queue(std::move(waiting_.front().submission));
        admitted.push_back(std::move(waiting_.front().admitted));
        waiting_.pop_front();
      }
      failure = failure_;
    }
    for (absl::AnyInvocable<void()>& callback : admitted) callback();
    AnswerAbandoned(&group);
    if (!failure.ok()) {
      Fail(&group, failure);
    } else {
      RunGroup(std::move(group));
    }
  }
}

void Applier::AnswerAbandoned(std::vector<Submission>* submissions) {
  const auto is_abandoned = [](Submission& submission) {
    auto* const results = std::get_if<Results>(&submission.work);
    return results != nullptr && results->abandoned != nullptr && results->abandoned();
  };
  std::vector<Submission> abandoned;
  size_t kept = 0;
  for (Submission& submission : *submissions) {
    if (is_abandoned(submission)) {
      abandoned.push_back(std::move(submission));
    } else if (Submission& place = (*submissions)[kept++]; &place != &submission) {
      place = std::move(submission);
    }
  }
  submissions->erase(submissions->begin() + static_cast<std::ptrdiff_t>(kept), submissions->end());
  Fail(&abandoned, absl::CancelledError("Nobody waits for the answer any more; nothing was stored."));
}

void Applier::Fail(std::vector<Submission>* submissions, const absl::Status& status) {
  for (Submission& submission : *submissions) {
    std::visit([&status](auto& work) { work.done(status); }, submission.work);
  }
}

void Applier::RunGroup(std::vector<Submission> submissions) {
  if (submissions.empty()) return;
  // Before anything is decided: a group that was begun must be written.
  if (const absl::Status space = store_.CheckSpace(); !space.ok()) {
    Fail(&submissions,
         WithReason(absl::ResourceExhaustedError(absl::StrCat("The results could not be stored and were not "
                                                              "acknowledged (",
                                                              space.message(), "); try again later.")),
                    "DISK_FULL"));
    return;
  }
  const int64_t accept_time_us = cubes_.BeginGroup();
  builder_.Begin(accept_time_us);
  GroupReport report;
  std::vector<const CheckedResults*> results;
  for (const Submission& submission : submissions) {
    if (const auto* const work = std::get_if<Results>(&submission.work)) {
      results.push_back(&work->results);
      report.results += static_cast<int64_t>(work->results.size());
    }
  }
  if (absl::Status status = builder_.Prefetch(results); !status.ok()) {
    cubes_.CancelGroup();
    Fail(&submissions, status);
    return;
  }

  std::vector<absl::StatusOr<std::vector<Decision>>> decisions(submissions.size());
  std::vector<absl::StatusOr<std::optional<v1::Operation>>> changes(submissions.size());
  absl::Status status;
  for (size_t index = 0; index < submissions.size() && status.ok(); ++index) {
    if (auto* const work = std::get_if<Results>(&submissions[index].work)) {
      decisions[index] = builder_.Decide(work->results, work->validate_only);
      status = decisions[index].status();
    } else {
      changes[index] = builder_.Decide(std::get<Change>(submissions[index].work).change);
    }
  }
  if (status.ok()) {
    if (builder_.empty()) {
      cubes_.CancelGroup();
    } else {
      const LogGroup& group = builder_.Group();
      const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
      status = store_.Append(group);
      report.sync_time = std::chrono::steady_clock::now() - begin;
      if (status.ok()) cubes_.Apply(builder_.applied(), accept_time_us);
    }
  }
  if (!status.ok()) {
    // The warning book has run ahead of a log that did not follow: this writer is done.
    const absl::Status refused = absl::UnavailableError(absl::StrCat(
        "The results could not be stored and were not acknowledged (", status.message(), "); sending again is safe."));
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      failure_ = refused;
    }
    failed_(status);
    Fail(&submissions, refused);
    return;
  }
  if (observe_ != nullptr) observe_(report);
  MUSTER_FAILPOINT("group:before-answer");
  const LogPosition position = store_.last_position();
  for (size_t index = 0; index < submissions.size(); ++index) {
    if (auto* const work = std::get_if<Results>(&submissions[index].work)) {
      work->done(Decisions{std::move(work->results), *std::move(decisions[index]), position});
    } else {
      std::get<Change>(submissions[index].work).done(std::move(changes[index]));
    }
  }
  MUSTER_FAILPOINT("group:after-answer");
}

}  // namespace muster
