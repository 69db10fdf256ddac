// Bytes of the disk as any of the records and keys that the store decodes. What is taken is what would have been
// written. The first byte says which record the others are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "domain/check.h"
#include "muster/store/v1/index.pb.h"
#include "muster/store/v1/log.pb.h"
#include "storage/keys.h"
#include "storage/log_chunk.h"
#include "storage/records.h"
#include "storage/result_index.h"

namespace muster::fuzz {
namespace {

void CheckLogChunk(absl::string_view bytes) {
  // Kept, as a replay keeps it: nothing of one entry may show in the next.
  static auto& reused = *new store::v1::LogEntry();
  LogChunkView view;
  if (!view.Reset(bytes).ok()) return;
  MUSTER_CHECK(view.size() >= 1 && view.size() <= kMaxChunkEntries);
  store::v1::LogChunk chunk;
  const bool parsed = chunk.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  for (size_t index = 0; index < view.size(); ++index) {
    if (!ReadLogEntry(view.entry(index), reused).ok()) return;
    MUSTER_CHECK(reused.has_result() || reused.has_operation());
    store::v1::LogEntry fresh;
    const absl::string_view entry = view.entry(index);
    MUSTER_CHECK(fresh.ParseFromArray(entry.data(), static_cast<int>(entry.size())));
    MUSTER_CHECK(fresh.SerializeAsString() == reused.SerializeAsString());
  }
  // Protobuf reads the same in all of it.
  MUSTER_CHECK(parsed && static_cast<size_t>(chunk.entries_size()) == view.size());
  MUSTER_CHECK(chunk.accept_time_us() == view.accept_time_us());
}

void CheckKeys(absl::string_view bytes) {
  if (const auto position = DecodePositionKey(bytes); position.ok()) {
    const auto key = EncodePositionKey(*position);
    MUSTER_CHECK(absl::string_view(key.data(), key.size()) == bytes);
  }
  if (const auto operation = DecodeOperationKey(bytes); operation.ok()) {
    MUSTER_CHECK(EncodeOperationKey(*operation) == bytes);
  }
  if (const auto part = DecodeCheckpointPartKey(bytes); part.ok()) {
    MUSTER_CHECK(EncodeCheckpointPartKey(part->operation, part->force) == bytes);
  }
  const std::string printable = PrintableBytes(bytes);
  MUSTER_CHECK(std::all_of(printable.begin(), printable.end(), [](char byte) { return byte >= ' ' && byte <= '~'; }));
}

void CheckRecords(absl::string_view bytes) {
  if (const auto format = DecodeFormatRecord(bytes); format.ok() && format->version <= kFormatVersion) {
    const auto encoded = EncodeFormatRecord(*format);
    MUSTER_CHECK(absl::string_view(encoded.data(), encoded.size()) == bytes);
  }
  if (const auto header = DecodeCheckpointHeaderRecord(bytes); header.ok()) {
    const auto again = DecodeCheckpointHeaderRecord(EncodeCheckpointHeaderRecord(*header));
    MUSTER_CHECK(again.ok() && again->part_count == header->part_count);
    MUSTER_CHECK(again->position_sum == header->position_sum);
    MUSTER_CHECK(again->header.SerializeAsString() == header->header.SerializeAsString());
  }
  const auto position = DecodeCheckpointPartPosition(bytes);
  const auto cube = DecodeCheckpointPartCube(bytes);
  if (position.ok() && cube.ok()) {
    const std::string encoded = EncodeCheckpointPartRecord(*position, *cube);
    MUSTER_CHECK(DecodeCheckpointPartPosition(encoded).value() == *position);
    MUSTER_CHECK(DecodeCheckpointPartCube(encoded).value().SerializeAsString() == cube->SerializeAsString());
  }
}

void CheckIndexRun(absl::string_view bytes) {
  store::v1::IndexRun run;
  if (!run.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  run.set_first_position(1);
  ResultIndex index(7);
  if (!index.AddRun(run)) {
    MUSTER_CHECK(index.last_position() == 0);
    return;
  }
  MUSTER_CHECK(index.last_position() == run.fingerprints_size());
  for (const uint64_t fingerprint : run.fingerprints()) {
    const LogPosition position = index.Find(fingerprint);
    MUSTER_CHECK(fingerprint == 0 ? position == 0 : position >= 1 && position <= index.last_position());
  }
  for (const store::v1::IndexForce& force : run.forces()) {
    const std::vector<LogPosition> listed =
        index.List(force.operation(), force.force(), 0, std::numeric_limits<int>::max());
    MUSTER_CHECK(std::is_sorted(listed.begin(), listed.end()));
    MUSTER_CHECK(index.List(force.operation(), force.force(), index.last_position(), 1).empty());
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'L':
      muster::fuzz::CheckLogChunk(bytes);
      break;
    case 'K':
      muster::fuzz::CheckKeys(bytes);
      break;
    case 'R':
      muster::fuzz::CheckRecords(bytes);
      break;
    case 'I':
      muster::fuzz::CheckIndexRun(bytes);
      break;
    default:
      return -1;  // Not worth keeping.
  }
  return 0;
}
