#include "tests/aggregator/controlled_store.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {

void ControlledStore::HoldAppends() {
  const std::lock_guard<std::mutex> lock(mutex_);
  hold_appends_ = true;
}

void ControlledStore::HoldCheckpoints() {
  const std::lock_guard<std::mutex> lock(mutex_);
  hold_checkpoints_ = true;
}

void ControlledStore::Release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  hold_appends_ = false;
  hold_checkpoints_ = false;
  changed_.notify_all();
}

void ControlledStore::AwaitHeldAppend() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return held_appends_ > 0; });
}

void ControlledStore::AwaitHeldCheckpoint() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return held_checkpoints_ > 0; });
}

void ControlledStore::AwaitCheckpointOf(LogPosition position) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return !checkpoints_.empty() && checkpoints_.back().position == position; });
}

void ControlledStore::AwaitTriedCheckpoints(size_t count) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return tried_checkpoints_ >= count; });
}

void ControlledStore::FailAppends(absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  append_failure_ = std::move(status);
}

void ControlledStore::FailReads(absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  read_failure_ = std::move(status);
}

void ControlledStore::FailCheckpoints(absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  checkpoint_failure_ = std::move(status);
}

void ControlledStore::PretendCheckpointHeader(store::v1::CheckpointHeader header) {
  const std::lock_guard<std::mutex> lock(mutex_);
  pretended_header_ = std::move(header);
}

std::vector<size_t> ControlledStore::appended() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return appended_;
}

std::vector<WrittenCheckpoint> ControlledStore::checkpoints() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return checkpoints_;
}

std::vector<WrittenCheckpoint> ControlledStore::milestones() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return milestones_;
}

void ControlledStore::FailMilestones(absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  milestone_failure_ = std::move(status);
}

absl::Status ControlledStore::ReadFailure() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return read_failure_;
}

absl::Status ControlledStore::Append(const LogGroup& group) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    ++held_appends_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_appends_; });
    --held_appends_;
    if (!append_failure_.ok()) return append_failure_;
    appended_.push_back(group.entries.size());
  }
  return store_.Append(group);
}

absl::StatusOr<std::vector<std::optional<LoggedEntry>>> ControlledStore::ReadNewest(
    absl::Span<const ResultKey> keys) const {
  if (absl::Status failure = ReadFailure(); !failure.ok()) return failure;
  return store_.ReadNewest(keys);
}

absl::StatusOr<std::vector<LoggedEntry>> ControlledStore::ReadEntries(absl::Span<const LogPosition> positions) const {
  if (absl::Status failure = ReadFailure(); !failure.ok()) return failure;
  return store_.ReadEntries(positions);
}

absl::Status ControlledStore::Replay(LogPosition first,
                                     const std::function<absl::Status(const LoggedEntry&)>& visit) const {
  if (absl::Status failure = ReadFailure(); !failure.ok()) return failure;
  return store_.Replay(first, [&](const LoggedEntry& entry) {
    ++replayed_count_;
    return visit(entry);
  });
}

absl::Status ControlledStore::WriteCheckpoint(const store::v1::CheckpointHeader& header,
                                              absl::Span<const CheckpointPart> changed, bool replace) {
  absl::Status status;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    ++held_checkpoints_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_checkpoints_; });
    --held_checkpoints_;
    status = checkpoint_failure_;
  }
  if (status.ok()) status = store_.WriteCheckpoint(header, changed, replace);
  const std::lock_guard<std::mutex> lock(mutex_);
  ++tried_checkpoints_;
  if (status.ok()) {
    WrittenCheckpoint& written = checkpoints_.emplace_back();
    written.position = header.position();
    for (const CheckpointPart& part : changed) written.parts.push_back(absl::StrCat(part.operation, " ", part.force));
    written.replace = replace;
  }
  changed_.notify_all();
  return status;
}

absl::Status ControlledStore::WriteMilestone(const store::v1::Milestone& milestone,
                                             absl::Span<const MilestoneOperationPart> operations,
                                             absl::Span<const CheckpointPart> cubes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!milestone_failure_.ok()) return milestone_failure_;
  if (absl::Status written = store_.WriteMilestone(milestone, operations, cubes); !written.ok()) return written;
  WrittenCheckpoint& written = milestones_.emplace_back();
  written.position = milestone.position();
  for (const CheckpointPart& part : cubes) written.parts.push_back(absl::StrCat(part.operation, " ", part.force));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<store::v1::Milestone>> ControlledStore::FindMilestone(LogPosition at_or_before) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!milestone_failure_.ok()) return milestone_failure_;
  }
  return store_.FindMilestone(at_or_before);
}

absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ControlledStore::ReadCheckpointHeader() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (pretended_header_) return pretended_header_;
  }
  return store_.ReadCheckpointHeader();
}

}  // namespace muster
