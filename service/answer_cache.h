// Answers that are asked for again and again while nothing that they are about changes.
#ifndef MUSTER_SERVICE_ANSWER_CACHE_H_
#define MUSTER_SERVICE_ANSWER_CACHE_H_

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "aggregator/cubes.h"
#include "aggregator/totals.h"
#include "google/protobuf/timestamp.pb.h"
#include "grpcpp/support/slice.h"

namespace muster {

struct AnswerCacheLimits {
  size_t max_answers = 0;
  size_t max_bytes = 0;  // Of questions and answers together.
};

// Serialised answers by serialised question. An answer is found for as long as a new one would say the same but for
// its position and time, to the microsecond: by the entries of the log, not by an age. Forgets what was asked for the
// longest time ago when there is too much. Thread-safe; never waits for the writer.
class AnswerCache {
 public:
  struct Found {
    grpc::Slice answer;  // Without position and time.
    // What it stands for now.
    LogPosition position = 0;
    google::protobuf::Timestamp time;
    std::string audit_object;  // What the audit is to say of whom it is given to; empty: nothing.
  };

  // `cubes` is not owned and must outlive this object.
  AnswerCache(const Cubes& cubes, AnswerCacheLimits limits) : cubes_(cubes), limits_(limits) {}

  std::optional<Found> Find(absl::string_view question);
  // `answer` rests on `basis`. Replaces an earlier answer to the same question; does nothing if it alone is too large.
  void Keep(absl::string_view question, grpc::Slice answer, AnswerBasis basis, std::string audit_object = {});
  // The same for an answer about an earlier moment, which is right for ever.
  void KeepPast(absl::string_view question, grpc::Slice answer, LogPosition position,
                const google::protobuf::Timestamp& time, std::string audit_object = {});

 private:
  struct Kept {
    std::string question;
    grpc::Slice answer;
    AnswerBasis basis;
    std::optional<std::pair<LogPosition, google::protobuf::Timestamp>> past;  // Set: it is of that moment.
    std::string audit_object;

    size_t bytes() const { return question.size() + answer.size(); }
  };

  void Put(Kept kept);                          // With mutex_ not held.
  void Forget(std::list<Kept>::iterator kept);  // With mutex_ held.

  const Cubes& cubes_;
  const AnswerCacheLimits limits_;

  std::mutex mutex_;                                                               // Guards what follows.
  std::list<Kept> kept_;                                                           // The latest asked for first.
  absl::flat_hash_map<absl::string_view, std::list<Kept>::iterator> by_question_;  // Views of those in kept_.
  size_t bytes_ = 0;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_ANSWER_CACHE_H_
