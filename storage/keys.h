// The keys of the store. Each layout is a table above the only function that writes it; all are on disk for good, so
// a change needs a new format version (docs/storage-format.md). Integers are unsigned and big-endian: byte order is
// numeric order.
//
// Encoding is for keys of our own making: a bad one breaks an invariant and ends the process. Decoding is for what the
// disk says: whatever is not exactly one key of the table is DATA_LOSS.
#ifndef MUSTER_STORAGE_KEYS_H_
#define MUSTER_STORAGE_KEYS_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace muster {

// Bytes for a message: printable as they are, others escaped, cut after 96.
std::string PrintableBytes(absl::string_view bytes);

// Longest operation id, force id or result_id that a key holds, in bytes.
inline constexpr size_t kMaxKeyPartBytes = 255;

// Whether `part` may be a part of a key: 1 to kMaxKeyPartBytes bytes, none of them zero.
bool IsKeyPart(absl::string_view part);

// Column families `log` (one chunk of the log) and `index` (one run of the index).
//
//   offset  size  field
//        0     8  position  of the first entry of the chunk or run, from 1
inline constexpr size_t kPositionKeyBytes = 8;
std::array<char, kPositionKeyBytes> EncodePositionKey(LogPosition first_position);
absl::StatusOr<LogPosition> DecodePositionKey(absl::string_view bytes);

// Column family `operation`: one operation.
//
//   size   field
//   1-255  operation  id
std::string EncodeOperationKey(absl::string_view operation);
absl::StatusOr<std::string> DecodeOperationKey(absl::string_view bytes);

// Column family `checkpoint`: the header, below all parts.
//
//   offset  size  field
//        0     1  'H'
inline constexpr absl::string_view kCheckpointHeaderKey = "H";

// Column family `checkpoint`: the cube of one force in one operation.
//
//   size   field
//       1  'P'
//   1-255  operation  id
//       1  zero
//   1-255  force      id
inline constexpr absl::string_view kCheckpointPartPrefix = "P";
std::string EncodeCheckpointPartKey(absl::string_view operation, absl::string_view force);

// What a key of a part names.
struct CheckpointPartKey {
  std::string operation;
  std::string force;
  friend bool operator==(const CheckpointPartKey&, const CheckpointPartKey&) = default;
};
absl::StatusOr<CheckpointPartKey> DecodeCheckpointPartKey(absl::string_view bytes);

// Column family `milestone`: what was written at one milestone, all of it behind each other.
//
//   offset  size   field
//        0     8   position  of the milestone, from 1
//        8     1   'M': the milestone itself; 'O': an operation; 'P': a cube
//        9   1-255 operation id; for 'O' and 'P'
//              1   zero          for 'P'
//            1-255 force id;     for 'P'
std::string EncodeMilestoneKey(LogPosition position);
std::string EncodeMilestoneOperationKey(LogPosition position, absl::string_view operation);
std::string EncodeMilestoneCubeKey(LogPosition position, absl::string_view operation, absl::string_view force);
// Above every key of the milestone at `position`, and below those of later ones.
std::string EndOfMilestone(LogPosition position);
// The position in a key of any of them; DATA_LOSS if it is none.
absl::StatusOr<LogPosition> DecodeMilestonePosition(absl::string_view bytes);

// Column family `default`: the format record (storage/records.h).
//
//   offset  size  field
//        0     6  "format"
inline constexpr absl::string_view kFormatKey = "format";

}  // namespace muster

#endif  // MUSTER_STORAGE_KEYS_H_
