#include "tests/fuzz/memory_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "storage/keys.h"
#include "storage/records.h"

namespace muster {

void MemoryStore::AddChunk(std::string bytes, int64_t entries) {
  chunks_[last_position_ + 1] = std::move(bytes);
  last_position_ += entries;
}

absl::Status MemoryStore::Append(const LogGroup& group) {
  MUSTER_CHECK(group.first_position == last_position_ + 1);
  MUSTER_CHECK(!group.entries.empty());
  MUSTER_CHECK(group.accept_time_us > last_accept_time_us_);
  last_accept_time_us_ = group.accept_time_us;
  for (size_t begin = 0; begin < group.entries.size();) {
    const size_t taken = chunk_writer_.Write(group.accept_time_us, absl::MakeConstSpan(group.entries).subspan(begin));
    chunks_[last_position_ + 1] = std::string(chunk_writer_.bytes());
    last_position_ += static_cast<LogPosition>(taken);
    begin += taken;
  }
  for (size_t index = 0; index < group.entries.size(); ++index) {
    const GroupEntry& entry = group.entries[index];
    const LogPosition position = group.first_position + static_cast<LogPosition>(index);
    if (!entry.IsResult()) {
      store::v1::LoggedOperation logged;
      MUSTER_CHECK(logged.ParseFromString(absl::StrCat(entry.head, entry.tail)));
      operations_[EncodeOperationKey(logged.operation().id())] = logged.operation().SerializeAsString();
      continue;
    }
    MUSTER_CHECK(IsKeyPart(entry.key.operation) && IsKeyPart(entry.key.force) && IsKeyPart(entry.key.result_id));
    LogPosition& newest = newest_[OwnKey(entry.key)];
    MUSTER_CHECK(newest == entry.replaced_position);
    newest = position;
    // What is read back is what was to be written, under the key that was given for it.
    const absl::StatusOr<LoggedEntry> read = ReadEntry(position);
    MUSTER_CHECK(read.ok() && read->entry.has_result());
    MUSTER_CHECK(KeyOf(read->entry.result().result()) == entry.key);
    MUSTER_CHECK(read->entry.result().replaced_position() == entry.replaced_position);
  }
  return absl::OkStatus();
}

absl::StatusOr<LoggedEntry> MemoryStore::ReadEntry(LogPosition position) const {
  auto chunk = chunks_.upper_bound(position);
  if (chunk == chunks_.begin()) return absl::DataLossError("there is no such entry");
  --chunk;
  LogChunkView view;
  if (absl::Status taken = view.Reset(chunk->second); !taken.ok()) return taken;
  const auto index = static_cast<size_t>(position - chunk->first);
  if (index >= view.size()) return absl::DataLossError("there is no such entry");
  LoggedEntry logged;
  logged.position = position;
  logged.accept_time_us = view.accept_time_us();
  if (absl::Status read = ReadLogEntry(view.entry(index), logged.entry); !read.ok()) return read;
  return logged;
}

absl::StatusOr<std::vector<std::optional<LoggedEntry>>> MemoryStore::ReadNewest(
    absl::Span<const ResultKey> keys) const {
  std::vector<std::optional<LoggedEntry>> entries;
  for (const ResultKey& key : keys) {
    std::optional<LoggedEntry>& entry = entries.emplace_back();
    const auto found = newest_.find(OwnKey(key));
    if (found == newest_.end()) continue;
    absl::StatusOr<LoggedEntry> read = ReadEntry(found->second);
    if (!read.ok()) return read.status();
    entry = *std::move(read);
  }
  return entries;
}

absl::StatusOr<std::vector<LoggedEntry>> MemoryStore::ListNewest(absl::string_view operation, absl::string_view force,
                                                                 LogPosition after, int limit) const {
  std::vector<LogPosition> positions;
  for (const auto& [key, position] : newest_) {
    if (std::get<0>(key) == operation && std::get<1>(key) == force && position > after) positions.push_back(position);
  }
  std::sort(positions.begin(), positions.end());
  if (static_cast<int64_t>(positions.size()) > limit) positions.resize(static_cast<size_t>(limit));
  return ReadEntries(positions);
}

std::vector<LogPosition> MemoryStore::ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after,
                                                   int limit) const {
  std::map<Key, LogPosition> standing;
  for (LogPosition position = 1; position <= std::min(at, last_position_); ++position) {
    const absl::StatusOr<LoggedEntry> entry = ReadEntry(position);
    if (entry.ok() && entry->entry.has_result()) standing[OwnKey(KeyOf(entry->entry.result().result()))] = position;
  }
  std::vector<LogPosition> positions;
  for (const auto& [key, position] : standing) {
    const bool is_asked = std::any_of(forces.begin(), forces.end(), [&, &name = key](const ForceKey& force) {
      return force.operation == std::get<0>(name) && force.force == std::get<1>(name);
    });
    if (is_asked && position > after) positions.push_back(position);
  }
  std::sort(positions.begin(), positions.end());
  if (static_cast<int64_t>(positions.size()) > limit) positions.resize(static_cast<size_t>(limit));
  return positions;
}

absl::StatusOr<std::vector<LoggedEntry>> MemoryStore::ReadEntries(absl::Span<const LogPosition> positions) const {
  std::vector<LoggedEntry> entries;
  for (const LogPosition position : positions) {
    absl::StatusOr<LoggedEntry> entry = ReadEntry(position);
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  return entries;
}

absl::Status MemoryStore::Replay(LogPosition first,
                                 const std::function<absl::Status(const LoggedEntry&)>& visit) const {
  LoggedEntry logged;  // One for all, as the real store has it: what one entry leaves behind must not be in the next.
  for (LogPosition position = first; position <= last_position_;) {
    const auto chunk = std::prev(chunks_.upper_bound(position));
    LogChunkView view;
    if (absl::Status taken = view.Reset(chunk->second); !taken.ok()) return taken;
    for (auto index = static_cast<size_t>(position - chunk->first); index < view.size(); ++index, ++position) {
      logged.position = position;
      logged.accept_time_us = view.accept_time_us();
      if (absl::Status read = ReadLogEntry(view.entry(index), logged.entry); !read.ok()) return read;
      if (absl::Status visited = visit(logged); !visited.ok()) return visited;
    }
    if (position <= last_position_ && !chunks_.contains(position)) return absl::DataLossError("there is a gap");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<muster::v1::Operation>> MemoryStore::ReadOperations() const {
  std::vector<muster::v1::Operation> operations;
  for (const auto& [key, bytes] : operations_) {
    const absl::StatusOr<std::string> id = DecodeOperationKey(key);
    MUSTER_CHECK(id.ok());
    MUSTER_CHECK(operations.emplace_back().ParseFromString(bytes));
    MUSTER_CHECK(operations.back().id() == *id);
  }
  return operations;
}

absl::Status MemoryStore::WriteCheckpoint(const store::v1::CheckpointHeader& header,
                                          absl::Span<const CheckpointPart> changed, bool replace) {
  MUSTER_CHECK(header.position() >= 0 && header.position() <= last_position_);
  if (replace) checkpoint_parts_.clear();
  for (const CheckpointPart& part : changed) {
    checkpoint_parts_[EncodeCheckpointPartKey(part.operation, part.force)] =
        EncodeCheckpointPartRecord(header.position(), part.cube);
  }
  CheckpointHeaderRecord record;
  record.header = header;
  checkpoint_header_ = EncodeCheckpointHeaderRecord(record);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<store::v1::CheckpointHeader>> MemoryStore::ReadCheckpointHeader() const {
  if (checkpoint_header_.empty()) return std::nullopt;
  absl::StatusOr<CheckpointHeaderRecord> record = DecodeCheckpointHeaderRecord(checkpoint_header_);
  if (!record.ok()) return record.status();
  return std::move(record->header);
}

absl::Status MemoryStore::ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const {
  for (const auto& [key, bytes] : checkpoint_parts_) {
    const absl::StatusOr<CheckpointPartKey> part = DecodeCheckpointPartKey(key);
    if (!part.ok()) return part.status();
    absl::StatusOr<store::v1::CheckpointForceCube> cube = DecodeCheckpointPartCube(bytes);
    if (!cube.ok()) return cube.status();
    if (absl::Status visited = visit({part->operation, part->force, *std::move(cube)}); !visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::StatusOr<BackupReport> MemoryStore::Backup(const BackupOptions& /*options*/) const {
  return absl::UnimplementedError("a store in memory has nothing to back up");
}

namespace {

template <typename Message>
absl::StatusOr<Message> Parse(const std::map<std::string, std::string>& records, const std::string& key) {
  const auto found = records.find(key);
  Message message;
  if (found == records.end() || !message.ParseFromString(found->second)) {
    return absl::DataLossError("a record of a milestone is missing");
  }
  return message;
}

}  // namespace

absl::Status MemoryStore::WriteMilestone(const store::v1::Milestone& milestone,
                                         absl::Span<const MilestoneOperationPart> operations,
                                         absl::Span<const CheckpointPart> cubes) {
  const LogPosition position = milestone.position();
  milestones_[EncodeMilestoneKey(position)] = milestone.SerializeAsString();
  for (const MilestoneOperationPart& part : operations) {
    milestones_[EncodeMilestoneOperationKey(position, part.operation)] = part.record.SerializeAsString();
  }
  for (const CheckpointPart& part : cubes) {
    milestones_[EncodeMilestoneCubeKey(position, part.operation, part.force)] = part.cube.SerializeAsString();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<store::v1::Milestone>> MemoryStore::FindMilestone(LogPosition at_or_before) const {
  if (at_or_before < 1) return std::nullopt;
  auto found = milestones_.lower_bound(EndOfMilestone(at_or_before));
  if (found == milestones_.begin()) return std::nullopt;
  const absl::StatusOr<LogPosition> position = DecodeMilestonePosition((--found)->first);
  if (!position.ok()) return position.status();
  return Parse<store::v1::Milestone>(milestones_, EncodeMilestoneKey(*position));
}

absl::StatusOr<store::v1::MilestoneOperation> MemoryStore::ReadMilestoneOperation(LogPosition position,
                                                                                  absl::string_view operation) const {
  return Parse<store::v1::MilestoneOperation>(milestones_, EncodeMilestoneOperationKey(position, operation));
}

absl::StatusOr<store::v1::CheckpointForceCube> MemoryStore::ReadMilestoneCube(LogPosition position,
                                                                              absl::string_view operation,
                                                                              absl::string_view force) const {
  return Parse<store::v1::CheckpointForceCube>(milestones_, EncodeMilestoneCubeKey(position, operation, force));
}

absl::Status MemoryStore::DropMilestones() {
  milestones_.clear();
  return absl::OkStatus();
}

}  // namespace muster
