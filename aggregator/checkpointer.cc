#include "aggregator/checkpointer.h"

#include <utility>
#include <vector>

#include "aggregator/recovery.h"

namespace muster {

Checkpointer::Checkpointer(Store& store, Cubes& cubes, bool replace, std::chrono::milliseconds interval,
                           std::function<void(const absl::Status&)> failed, MilestoneWriter* milestones)
    : store_(store),
      cubes_(cubes),
      interval_(interval),
      failed_(std::move(failed)),
      milestones_(milestones),
      replace_(replace) {
  thread_ = std::thread([this] { Run(); });
}

Checkpointer::~Checkpointer() { Stop(); }

void Checkpointer::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    if (absl::Status status = WriteNow(); !status.ok()) failed_(status);
    lock.lock();
  }
}

std::optional<LogPosition> Checkpointer::written_position() const {
  const LogPosition position = written_position_;
  return position < 0 ? std::nullopt : std::optional(position);
}

std::chrono::nanoseconds Checkpointer::age() const { return std::chrono::steady_clock::now() - complete_since_.load(); }

absl::Status Checkpointer::WriteNow() {
  const std::lock_guard<std::mutex> lock(write_mutex_);
  if (absl::Status written = WriteCheckpoint(); !written.ok() || milestones_ == nullptr) return written;
  const absl::StatusOr<bool> is_due = milestones_->IsDue(cubes_.position());
  if (!is_due.ok()) return is_due.status();
  return *is_due ? milestones_->Write(cubes_.Snapshot()) : absl::OkStatus();
}

absl::Status Checkpointer::WriteCheckpoint() {
  const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  // Both forms forget what had changed, so a write that fails must be followed by one of everything.
  FrozenCubes frozen = cubes_.FreezeChanged();
  if (replace_) frozen = cubes_.FreezeAll();
  if (frozen.position == written_position_) {
    complete_since_ = begin;
    return absl::OkStatus();
  }
  std::vector<CheckpointPart> parts;
  parts.reserve(frozen.cubes.size());
  for (const FrozenForceCube& cube : frozen.cubes) {
    parts.push_back({cube.operation, cubes_.catalogue().force(cube.force).id(), cube.cube->ToCheckpoint()});
  }
  store::v1::CheckpointHeader header;
  header.set_position(frozen.position);
  header.set_accept_time_us(frozen.accept_time_us);
  header.set_catalogue_digest(cubes_.catalogue().digest());
  header.set_rules_version(kCubeRulesVersion);
  absl::Status status = store_.WriteCheckpoint(header, parts, replace_);
  replace_ = !status.ok();
  if (status.ok()) {
    written_position_ = frozen.position;
    complete_since_ = begin;
  }
  return status;
}

}  // namespace muster
