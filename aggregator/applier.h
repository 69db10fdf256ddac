// The only writer.
#ifndef MUSTER_AGGREGATOR_APPLIER_H_
#define MUSTER_AGGREGATOR_APPLIER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/checked_results.h"
#include "aggregator/cubes.h"
#include "aggregator/group_builder.h"
#include "storage/store.h"

namespace muster {

struct ApplierLimits {
  // Of what waits, and what room is kept for.
  int64_t max_queued_bytes = 64 << 20;
  // Nothing more is queued while the first of the queue has waited for longer: a disk that is slow or stands still
  // would take what comes when nobody waits for it any more.
  std::chrono::milliseconds max_queue_wait{1'000};
  // Room is kept for so long, and at most twice that: who sends slowly keeps it from others no longer.
  std::chrono::milliseconds room_kept{1'000};
  // Of one group, so that the first of it need not wait long for the last. One submission is never split.
  int64_t max_group_bytes = 4 << 20;
};

// What waits, at one moment.
struct QueueState {
  int64_t submissions = 0;
  int64_t bytes = 0;
  int64_t outside = 0;                // Submissions of SubmitWhenRoom that there is no room for yet; not in the others.
  std::chrono::nanoseconds oldest{};  // How long the first of the queue has waited; 0 if nothing does.
};

// One group that was decided, and written if it held anything new.
struct GroupReport {
  int64_t results = 0;  // Whatever became of them.
  // From the begin of the write until it would survive a power cut; absent if there was nothing to write.
  std::optional<std::chrono::nanoseconds> sync_time;
};

// What became of one submission.
struct Decisions {
  CheckedResults results;           // As they were submitted.
  std::vector<Decision> decisions;  // In the order of the results.
  LogPosition position = 0;         // Of the newest log entry: a query at this position or later sees all of them.
};

// Takes whatever waits, decides it by the revision rules, writes what is accepted as one synced group, moves the
// cubes, and then answers.
//
// Invariant: at position P, every cube equals the fold of the log from 1 to P.
//
// The functions may be called from any thread and never block on the disk. The rules, the write and the cubes run on
// one thread that this object owns.
class Applier {
 public:
  using ResultsDone = absl::AnyInvocable<void(absl::StatusOr<Decisions>)>;
  using OperationDone = absl::AnyInvocable<void(absl::StatusOr<std::optional<v1::Operation>>)>;

  // `store` and `cubes` are not owned and must outlive this object; the cubes must be at the end of the log. `failed`
  // is called once, on the applier's thread, when the disk refused a group: nothing is taken any more. `observe`, which
  // may be empty, is told of every other group there, before its answers are given; must be quick.
  Applier(Store& store, Cubes& cubes, ApplierLimits limits, std::function<void(const absl::Status&)> failed,
          std::function<void(const GroupReport&)> observe = nullptr);
  ~Applier();
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  // Room that is kept for results which are yet to be received.
  struct Room {
    int64_t period;  // Of time, in which it was asked for.
  };

  // Keeps room for as many bytes as submissions lately took. Submit or GiveUp follows; until then, and while it is
  // kept, others have that much less.
  //
  // RESOURCE_EXHAUSTED  there is none now; nothing need be received
  // UNAVAILABLE         the disk refused before, or the applier is stopping
  absl::StatusOr<Room> KeepRoom();
  // What it says if there is none.
  static absl::Status Full();
  void GiveUp(Room room);

  // Queues results and calls `done` once, on the applier's thread, when every accepted one survives a power cut and is
  // in the totals; or with UNAVAILABLE if the disk refused, or RESOURCE_EXHAUSTED (DISK_FULL) while it is full: sending
  // again is safe.
  //
  // `abandoned` says whether nobody waits for the answer any more. What was abandoned before its group is made up is
  // not decided, and answered CANCELLED. Called on the applier's thread; must be quick.
  //
  // RESOURCE_EXHAUSTED  the queue is full, and no `room` was kept, or not for so long; nothing was queued, try again
  //                     later
  // UNAVAILABLE         the disk refused before, or the applier is stopping; nothing was queued
  absl::Status Submit(CheckedResults&& results, bool validate_only, ResultsDone&& done,
                      absl::AnyInvocable<bool()>&& abandoned = nullptr, std::optional<Room> room = std::nullopt);

  // The same, but if the queue is full the results wait outside of it. `admitted` is called once, when they were
  // queued, on this thread or the applier's: the caller should not submit again before. After a failure both are
  // called.
  void SubmitWhenRoom(CheckedResults&& results, bool validate_only, ResultsDone&& done,
                      absl::AnyInvocable<void()>&& admitted);

  // Queues a change of an operation.
  absl::Status ChangeOperation(OperationChange change, OperationDone&& done);

  QueueState queue() const;

  // Answers everything that was queued, and takes nothing more. Idempotent.
  void Stop();

 private:
  struct Results {
    CheckedResults results;
    bool validate_only;
    ResultsDone done;
    absl::AnyInvocable<bool()> abandoned;  // May be empty.
  };
  struct Change {
    OperationChange change;
    OperationDone done;
  };
  struct Submission {
    std::variant<Results, Change> work;
    int64_t bytes;
    std::chrono::steady_clock::time_point since{};  // When it was queued.
  };
  struct Waiting {
    Submission submission;
    absl::AnyInvocable<void()> admitted;
  };

  absl::Status Enqueue(Submission&& submission, std::optional<Room> room);
  absl::Status WhyClosed() const;        // With mutex_ held.
  void ForgetRoomKeptTooLong();          // With mutex_ held.
  bool TakeRoom(Room room);              // With mutex_ held: whether it was still kept.
  int64_t KeptBytes() const;             // With mutex_ held.
  bool HasRoomFor(int64_t bytes) const;  // With mutex_ held: beside what is queued and what room is kept for.
  bool Fits(int64_t bytes) const;        // With mutex_ held: whether so much more may be queued.
  bool Stands() const;                   // With mutex_ held: whether the first has waited too long.
  void Queue(Submission&& submission);   // With mutex_ held.
  void Run();
  void RunGroup(std::vector<Submission> submissions);
  // Takes out what nobody waits for.
  void AnswerAbandoned(std::vector<Submission>* submissions);
  void Fail(std::vector<Submission>* submissions, const absl::Status& status);

  Store& store_;
  Cubes& cubes_;
  const ApplierLimits limits_;
  const std::function<void(const absl::Status&)> failed_;
  const std::function<void(const GroupReport&)> observe_;  // May be empty.
  GroupBuilder builder_;                                   // Touched by the applier's thread alone.

  mutable std::mutex mutex_;  // Guards what follows; never held over I/O or a callback.
  std::condition_variable something_to_do_;
  std::deque<Submission> queue_;
  std::deque<Waiting> waiting_;
  int64_t queued_bytes_ = 0;
  int64_t typical_bytes_;    // Of a submission, lately.
  int64_t period_ = 0;       // That it is now, of limits_.room_kept each.
  int64_t kept_now_ = 0;     // For how many submissions room was kept in that period, and still is, …
  int64_t kept_before_ = 0;  // … and in the one before.
  bool stopping_ = false;
  absl::Status failure_;

  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_APPLIER_H_
