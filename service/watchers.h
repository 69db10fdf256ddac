// Those who watch totals, and the thread that keeps them up to date.
#ifndef MUSTER_SERVICE_WATCHERS_H_
#define MUSTER_SERVICE_WATCHERS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "aggregator/cubes.h"
#include "aggregator/totals.h"
#include "aggregator/totals_query.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/totals_service.pb.h"
#include "service/gate.h"
#include "service/limits.h"
#include "service/watched_totals.h"
#include "service/watcher_counts.h"
#include "service/watcher_limits.h"

namespace muster {

// A question to watch, as a caller may ask it.
struct WatchedQuestion {
  v1::TotalsQuery query;
  TotalsQuery parsed;     // Limited to what the caller may be shown.
  std::string sight_key;  // Of Sight::Key: callers who may be shown the same share the answers.
};

// One thread computes the totals of each question that is watched, when something that they rest on has changed, and
// starts the messages to all who watch it: those who ask the same and may see the same share one computation and one
// serialised message. It does so four times a second at most, and rests as long as it worked. The writer only tells it
// that something changed. The thread has no lock of the cubes but while it computes, as any other reader, and never
// waits for a watcher: gRPC takes one message of each, and who takes none while changes wait is dropped.
//
// Thread-safe.
class Watchers {
 public:
  // Not owned; must outlive this object.
  Watchers(const Gate& gate, const Cubes& cubes, WatcherLimits limits);
  // After End(), when no call is left.
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  using Reactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

  // Answers a call for as long as it stands. Whatever is wrong ends it:
  //
  // INVALID_ARGUMENT    INVALID_RESUME_TOKEN
  // RESOURCE_EXHAUSTED  WATCHES_FULL, TOO_MANY_ROWS
  // and whatever WatchTotals says may end it later.
  Reactor* Watch(grpc::CallbackServerContext* context, Admission admission, WatchedQuestion question,
                 const std::string& resume_token);
  // Ends a call at once.
  static Reactor* Refuse(const absl::Status& status);

  // Something was applied to the cubes. From the writer's thread, for which it costs next to nothing.
  void Changed();

  // Ends every call with UNAVAILABLE, SERVER_STOPPING, and takes no more of them.
  void End();

  WatcherCounts counts() const;

 private:
  class Watcher;
  struct Question;
  using Time = std::chrono::steady_clock::time_point;

  absl::Status CountIn(const std::string& who);  // RESOURCE_EXHAUSTED, and not counted.
  void CountOut(const Watcher& watcher);
  void WakeUp();

  // What follows is of the thread.
  void Run();
  void TakeIn(std::vector<std::shared_ptr<Watcher>> joining, Time now);
  // Looks after all questions; returns when that is to be done again at the latest.
  Time Look(Time now);
  Time LookAfter(Question& question, Time now);
  // Sends a watcher what it lacks, if it may be told now; returns when to look again. `token` is that of the question
  // now.
  Time Tell(Question& question, Watcher& watcher, const std::string& token, Time now);
  // Computes the answer anew if it is no longer right; an error is one of the question.
  absl::Status BringUpToDate(Question& question);
  void ForgetUnwatched();
  void CheckRights(Question& question);
  static std::string TokenOf(const Question& question);

  const Gate& gate_;
  const Cubes& cubes_;
  const WatcherLimits limits_;
  const std::string run_;  // Of this run of the server: positions in tokens of another say nothing here.

  std::map<std::string, std::unique_ptr<Question>> questions_;  // By what makes them the same.
  size_t rows_ = 0;                                             // Of all of them.
  Time next_rights_check_;
  Time react_from_ = Time::max();      // When the first question may be answered anew.
  std::chrono::nanoseconds worked_{};  // In this look.

  std::atomic<bool> changed_ = false;    // Since the thread last looked.
  std::atomic<bool> listening_ = false;  // The thread sleeps until something changes.
  std::atomic<int64_t> question_count_ = 0;
  std::atomic<int64_t> message_count_ = 0;
  std::atomic<int64_t> too_slow_count_ = 0;

  mutable std::mutex mutex_;  // Guards what follows; never held over a call into gRPC or a computation.
  std::condition_variable woken_up_;
  bool wake_up_ = false;
  bool stopping_ = false;
  bool ended_ = false;
  int64_t watcher_count_ = 0;
  absl::flat_hash_map<std::string, int> counts_by_caller_;
  std::vector<std::shared_ptr<Watcher>> joining_;
  std::map<const Watcher*, std::weak_ptr<Watcher>> watchers_;  // Those under way.

  std::thread thread_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_WATCHERS_H_
