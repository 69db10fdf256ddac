#include "service/answer_cache.h"

#include <utility>

#include "domain/timestamp.h"

namespace muster {

std::optional<AnswerCache::Found> AnswerCache::Find(absl::string_view question) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = by_question_.find(question);
  if (found == by_question_.end()) return std::nullopt;
  const std::list<Kept>::iterator kept = found->second;
  if (kept->past) {
    kept_.splice(kept_.begin(), kept_, kept);
    return Found{kept->answer, kept->past->first, kept->past->second, kept->audit_object};
  }
  const CubesMoment moment = cubes_.Now(kept->basis.operations);
  if (!kept->basis.HoldsAt(moment)) {
    Forget(kept);
    return std::nullopt;
  }
  kept_.splice(kept_.begin(), kept_, kept);
  return Found{kept->answer, moment.position, TimestampOf(moment.as_of_time_us), kept->audit_object};
}

void AnswerCache::Keep(absl::string_view question, grpc::Slice answer, AnswerBasis basis, std::string audit_object) {
  Put({std::string(question), std::move(answer), std::move(basis), std::nullopt, std::move(audit_object)});
}

void AnswerCache::KeepPast(absl::string_view question, grpc::Slice answer, LogPosition position,
                           const google::protobuf::Timestamp& time, std::string audit_object) {
  Put({std::string(question), std::move(answer), {}, std::pair(position, time), std::move(audit_object)});
}

void AnswerCache::Put(Kept kept) {
  if (kept.bytes() > limits_.max_bytes) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const auto earlier = by_question_.find(kept.question); earlier != by_question_.end()) Forget(earlier->second);
  kept_.push_front(std::move(kept));
  by_question_.emplace(kept_.front().question, kept_.begin());
  bytes_ += kept_.front().bytes();
  while (kept_.size() > limits_.max_answers || bytes_ > limits_.max_bytes) Forget(std::prev(kept_.end()));
}

void AnswerCache::Forget(std::list<Kept>::iterator kept) {
  bytes_ -= kept->bytes();
  by_question_.erase(kept->question);
  kept_.erase(kept);
}

}  // namespace muster
