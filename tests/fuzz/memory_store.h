// A store in memory, for what would take too long with a disk: records are encoded and decoded as on disk, and every
// promise that the store gets is held to.
#ifndef MUSTER_TESTS_FUZZ_MEMORY_STORE_H_
#define MUSTER_TESTS_FUZZ_MEMORY_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/log_chunk.h"
#include "storage/store.h"

namespace muster {

// For one thread at a time. Whoever appends what the real store would not take ends the process.
class MemoryStore : public Store {
 public:
  // A chunk of the log as somebody's bytes, which may be anything: what reads it must bear it.
  void AddChunk(std::string bytes, int64_t entries);

  LogPosition last_position() const override { return last_position_; }
  absl::Status CheckSpace() const override { return absl::OkStatus(); }
  StoreUsage Usage() const override { return {}; }
  absl::Status Append(const LogGroup& group) override;
  absl::StatusOr<std::vector<std::optional<LoggedEntry>>> ReadNewest(absl::Span<const ResultKey> keys) const override;
  absl::StatusOr<std::vector<LoggedEntry>> ListNewest(absl::string_view operation, absl::string_view force,
                                                      LogPosition after, int limit) const override;
  std::vector<LogPosition> ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after,
                                        int limit) const override;
  absl::StatusOr<std::vector<LoggedEntry>> ReadEntries(absl::Span<const LogPosition> positions) const override;
  absl::Status Replay(LogPosition first, const std::function<absl::Status(const LoggedEntry&)>& visit) const override;
  absl::StatusOr<std::vector<muster::v1::Operation>> ReadOperations() const override;
  absl::Status WriteCheckpoint(const store::v1::CheckpointHeader& header, absl::Span<const CheckpointPart> changed,
                               bool replace) override;
  absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ReadCheckpointHeader() const override;
  absl::Status ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const override;
  absl::Status WriteMilestone(const store::v1::Milestone& milestone,
                              absl::Span<const MilestoneOperationPart> operations,
                              absl::Span<const CheckpointPart> cubes) override;
  absl::StatusOr<std::optional<store::v1::Milestone>> FindMilestone(LogPosition at_or_before) const override;
  absl::StatusOr<store::v1::MilestoneOperation> ReadMilestoneOperation(LogPosition position,
                                                                       absl::string_view operation) const override;
  absl::StatusOr<store::v1::CheckpointForceCube> ReadMilestoneCube(LogPosition position, absl::string_view operation,
                                                                   absl::string_view force) const override;
  uint64_t MilestoneBytes() const override { return 0; }
  absl::Status DropMilestones() override;
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::StatusOr<BackupReport> Backup(const BackupOptions& options) const override;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  static Key OwnKey(const ResultKey& key) {
    return {std::string(key.operation), std::string(key.force), std::string(key.result_id)};
  }

  absl::StatusOr<LoggedEntry> ReadEntry(LogPosition position) const;

  LogPosition last_position_ = 0;
  int64_t last_accept_time_us_ = 0;
  LogChunkWriter chunk_writer_;
  std::map<LogPosition, std::string> chunks_;  // By the position of the first entry.
  std::map<Key, LogPosition> newest_;
  std::map<std::string, std::string> operations_;
  std::string checkpoint_header_;
  std::map<std::string, std::string> checkpoint_parts_;
  std::map<std::string, std::string> milestones_;  // Every record, by key.
};

}  // namespace muster

#endif  // MUSTER_TESTS_FUZZ_MEMORY_STORE_H_
