// A store that does as a test says: waits, fails, and remembers what was asked of it. Everything else is left to the
// store behind it.
#ifndef MUSTER_TESTS_AGGREGATOR_CONTROLLED_STORE_H_
#define MUSTER_TESTS_AGGREGATOR_CONTROLLED_STORE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/store.h"

namespace muster {

// What one checkpoint was written with.
struct WrittenCheckpoint {
  LogPosition position = 0;
  std::vector<std::string> parts;  // "operation force", in the order given.
  bool replace = false;
};

// Any thread may call anything. While it holds, Append and WriteCheckpoint wait.
class ControlledStore : public Store {
 public:
  // `store` must outlive this object.
  explicit ControlledStore(Store& store) : store_(store) {}

  // From now on the named calls wait before they do anything; until Release.
  void HoldAppends();
  void HoldCheckpoints();
  void Release();
  // Return when such a call waits.
  void AwaitHeldAppend();
  void AwaitHeldCheckpoint();
  // Returns when so many calls of WriteCheckpoint have ended, however they ended.
  void AwaitTriedCheckpoints(size_t count);
  // Returns when a checkpoint of this position was written.
  void AwaitCheckpointOf(LogPosition position);

  // The named calls answer this and do nothing, until it is OK again.
  void FailAppends(absl::Status status);
  void FailReads(absl::Status status);
  void FailCheckpoints(absl::Status status);
  // Of WriteMilestone and FindMilestone.
  void FailMilestones(absl::Status status);
  // What the milestones take from now on.
  void PretendMilestoneBytes(uint64_t bytes) { milestone_bytes_ = bytes; }

  // Answers this header whatever was written: one that the real store would not take.
  void PretendCheckpointHeader(store::v1::CheckpointHeader header);

  // How many entries each group had, in order.
  std::vector<size_t> appended() const;
  std::vector<WrittenCheckpoint> checkpoints() const;  // Those that succeeded.
  std::vector<WrittenCheckpoint> milestones() const;   // The same; `replace` says nothing.
  // How many entries replays have shown.
  int64_t replayed_count() const { return replayed_count_; }

  LogPosition last_position() const override { return store_.last_position(); }
  absl::Status CheckSpace() const override { return store_.CheckSpace(); }
  StoreUsage Usage() const override { return store_.Usage(); }
  absl::Status Append(const LogGroup& group) override;
  absl::StatusOr<std::vector<std::optional<LoggedEntry>>> ReadNewest(absl::Span<const ResultKey> keys) const override;
  absl::StatusOr<std::vector<LoggedEntry>> ListNewest(absl::string_view operation, absl::string_view force,
                                                      LogPosition after, int limit) const override {
    return store_.ListNewest(operation, force, after, limit);
  }
  std::vector<LogPosition> ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after,
                                        int limit) const override {
    return store_.ListStanding(forces, at, after, limit);
  }
  absl::StatusOr<std::vector<LoggedEntry>> ReadEntries(absl::Span<const LogPosition> positions) const override;
  absl::Status Replay(LogPosition first, const std::function<absl::Status(const LoggedEntry&)>& visit) const override;
  absl::StatusOr<std::vector<muster::v1::Operation>> ReadOperations() const override { return store_.ReadOperations(); }
  absl::Status WriteCheckpoint(const store::v1::CheckpointHeader& header, absl::Span<const CheckpointPart> changed,
                               bool replace) override;
  absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ReadCheckpointHeader() const override;
  absl::Status ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const override {
    return store_.ReadCheckpoint(visit);
  }
  absl::Status WriteMilestone(const store::v1::Milestone& milestone,
                              absl::Span<const MilestoneOperationPart> operations,
                              absl::Span<const CheckpointPart> cubes) override;
  absl::StatusOr<std::optional<store::v1::Milestone>> FindMilestone(LogPosition at_or_before) const override;
  absl::StatusOr<store::v1::MilestoneOperation> ReadMilestoneOperation(LogPosition position,
                                                                       absl::string_view operation) const override {
    return store_.ReadMilestoneOperation(position, operation);
  }
  absl::StatusOr<store::v1::CheckpointForceCube> ReadMilestoneCube(LogPosition position, absl::string_view operation,
                                                                   absl::string_view force) const override {
    return store_.ReadMilestoneCube(position, operation, force);
  }
  uint64_t MilestoneBytes() const override { return milestone_bytes_; }
  absl::Status DropMilestones() override { return store_.DropMilestones(); }
  absl::Status Flush() override { return store_.Flush(); }
  absl::StatusOr<BackupReport> Backup(const BackupOptions& options) const override { return store_.Backup(options); }

 private:
  absl::Status ReadFailure() const;

  Store& store_;
  mutable std::atomic<int64_t> replayed_count_{0};
  std::atomic<uint64_t> milestone_bytes_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool hold_appends_ = false;
  bool hold_checkpoints_ = false;
  int held_appends_ = 0;
  int held_checkpoints_ = 0;
  size_t tried_checkpoints_ = 0;
  absl::Status append_failure_;
  absl::Status read_failure_;
  absl::Status checkpoint_failure_;
  absl::Status milestone_failure_;
  std::optional<store::v1::CheckpointHeader> pretended_header_;
  std::vector<size_t> appended_;
  std::vector<WrittenCheckpoint> checkpoints_;
  std::vector<WrittenCheckpoint> milestones_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_AGGREGATOR_CONTROLLED_STORE_H_
