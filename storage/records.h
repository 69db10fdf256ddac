// The values of the store that are not protocol buffers alone. As with keys (storage/keys.h): the layout is a table,
// integers are unsigned and big-endian, and whatever is not exactly one record is DATA_LOSS.
#ifndef MUSTER_STORAGE_RECORDS_H_
#define MUSTER_STORAGE_RECORDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/store/v1/checkpoint.pb.h"
#include "storage/store.h"

namespace muster {

// The format that this program reads and writes. Counts up whenever a store of the new program would be misread by the
// old one, or the other way round.
inline constexpr uint32_t kFormatVersion = 1;

// Which store this is.
struct FormatRecord {
  uint32_t version = kFormatVersion;
  // Random, given once, when the store is made. A copy or a restored backup keeps it.
  std::array<uint8_t, 16> identity{};
  friend bool operator==(const FormatRecord&, const FormatRecord&) = default;
};

// Column family `default`, key "format".
//
//   offset  size  field
//        0     6  "muster"
//        6     4  version   of the format
//       10    16  identity  of the store
//
// The first two fields stay what they are in every version.
inline constexpr size_t kFormatRecordBytes = 26;
std::array<char, kFormatRecordBytes> EncodeFormatRecord(const FormatRecord& record);
// Of a version above kFormatVersion only `version` is read.
absl::StatusOr<FormatRecord> DecodeFormatRecord(absl::string_view bytes);

// The header of a checkpoint and what proves that none of its parts is missing or of an earlier checkpoint.
struct CheckpointHeaderRecord {
  // Parts in the checkpoint.
  uint64_t part_count = 0;
  // Sum, modulo 2^64, over all parts, of the position of the checkpoint that last wrote the part. A part whose newest
  // write was lost is older than it should be and makes the sum too small; nothing can make up for it.
  uint64_t position_sum = 0;
  store::v1::CheckpointHeader header;
};

// Column family `checkpoint`, key of the header.
//
//   offset  size  field
//        0     8  part_count
//        8     8  position_sum
//       16     -  store.v1.CheckpointHeader
std::string EncodeCheckpointHeaderRecord(const CheckpointHeaderRecord& record);
absl::StatusOr<CheckpointHeaderRecord> DecodeCheckpointHeaderRecord(absl::string_view bytes);

// Column family `checkpoint`, key of a part.
//
//   offset  size  field
//        0     8  position  of the checkpoint that wrote this part
//        8     -  store.v1.CheckpointForceCube
std::string EncodeCheckpointPartRecord(LogPosition position, const store::v1::CheckpointForceCube& cube);
absl::StatusOr<LogPosition> DecodeCheckpointPartPosition(absl::string_view bytes);
// Reads the cube of a record whose position was decoded.
absl::StatusOr<store::v1::CheckpointForceCube> DecodeCheckpointPartCube(absl::string_view bytes);

}  // namespace muster

#endif  // MUSTER_STORAGE_RECORDS_H_
