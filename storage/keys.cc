#include "storage/keys.h"

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "storage/big_endian.h"

namespace muster {
namespace {

constexpr char kZero = '\0';

absl::Status NotAKey(absl::string_view family, absl::string_view bytes) {
  return absl::DataLossError(absl::StrCat("'", PrintableBytes(bytes), "' (", bytes.size(),
                                          " bytes) is no key of column family '", family, "'"));
}

}  // namespace

std::string PrintableBytes(absl::string_view bytes) {
  constexpr size_t kMostBytes = 96;
  std::string text;
  for (const char byte : bytes.substr(0, kMostBytes)) {
    if (absl::ascii_isprint(static_cast<unsigned char>(byte))) {
      text.push_back(byte);
    } else {
      absl::StrAppend(&text, "\\x", absl::Hex(static_cast<unsigned char>(byte), absl::kZeroPad2));
    }
  }
  if (bytes.size() > kMostBytes) text += "...";
  return text;
}

bool IsKeyPart(absl::string_view part) {
  return !part.empty() && part.size() <= kMaxKeyPartBytes && part.find(kZero) == absl::string_view::npos;
}

std::array<char, kPositionKeyBytes> EncodePositionKey(LogPosition first_position) {
  MUSTER_CHECK(first_position >= 1);
  std::array<char, kPositionKeyBytes> bytes;
  StoreBigEndian(static_cast<uint64_t>(first_position), bytes.data());
  return bytes;
}

absl::StatusOr<LogPosition> DecodePositionKey(absl::string_view bytes) {
  const uint64_t position = bytes.size() == kPositionKeyBytes ? LoadBigEndian<uint64_t>(bytes.data()) : 0;
  if (position < 1 || position > static_cast<uint64_t>(std::numeric_limits<LogPosition>::max())) {
    return absl::DataLossError(
        absl::StrCat("'", PrintableBytes(bytes), "' (", bytes.size(), " bytes) is no key of a position"));
  }
  return static_cast<LogPosition>(position);
}

std::string EncodeOperationKey(absl::string_view operation) {
  MUSTER_CHECK(IsKeyPart(operation));
  return std::string(operation);
}

absl::StatusOr<std::string> DecodeOperationKey(absl::string_view bytes) {
  if (!IsKeyPart(bytes)) return NotAKey("operation", bytes);
  return std::string(bytes);
}

std::string EncodeCheckpointPartKey(absl::string_view operation, absl::string_view force) {
  MUSTER_CHECK(IsKeyPart(operation) && IsKeyPart(force));
  return absl::StrCat(kCheckpointPartPrefix, operation, absl::string_view(&kZero, 1), force);
}

absl::StatusOr<CheckpointPartKey> DecodeCheckpointPartKey(absl::string_view bytes) {
  const size_t zero = bytes.find(kZero);
  if (zero == absl::string_view::npos || bytes.substr(0, kCheckpointPartPrefix.size()) != kCheckpointPartPrefix) {
    return NotAKey("checkpoint", bytes);
  }
  const absl::string_view operation = bytes.substr(kCheckpointPartPrefix.size(), zero - kCheckpointPartPrefix.size());
  const absl::string_view force = bytes.substr(zero + 1);
  if (!IsKeyPart(operation) || !IsKeyPart(force)) return NotAKey("checkpoint", bytes);
  return CheckpointPartKey{std::string(operation), std::string(force)};
}

namespace {

std::string MilestoneKey(LogPosition position, char tag) {
  const std::array<char, kPositionKeyBytes> at = EncodePositionKey(position);
  return absl::StrCat(absl::string_view(at.data(), at.size()), absl::string_view(&tag, 1));
}

}  // namespace

std::string EncodeMilestoneKey(LogPosition position) { return MilestoneKey(position, 'M'); }

std::string EncodeMilestoneOperationKey(LogPosition position, absl::string_view operation) {
  MUSTER_CHECK(IsKeyPart(operation));
  return absl::StrCat(MilestoneKey(position, 'O'), operation);
}

std::string EncodeMilestoneCubeKey(LogPosition position, absl::string_view operation, absl::string_view force) {
  MUSTER_CHECK(IsKeyPart(operation) && IsKeyPart(force));
  return absl::StrCat(MilestoneKey(position, 'P'), operation, absl::string_view(&kZero, 1), force);
}

std::string EndOfMilestone(LogPosition position) { return MilestoneKey(position, '\xff'); }

absl::StatusOr<LogPosition> DecodeMilestonePosition(absl::string_view bytes) {
  if (bytes.size() <= kPositionKeyBytes) return NotAKey("milestone", bytes);
  return DecodePositionKey(bytes.substr(0, kPositionKeyBytes));
}

}  // namespace muster
