#include "storage/records.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "storage/big_endian.h"

namespace muster {
namespace {

constexpr absl::string_view kMagic = "muster";
constexpr size_t kVersionOffset = 6;
constexpr size_t kIdentityOffset = 10;

constexpr size_t kPositionSumOffset = 8;
constexpr size_t kHeaderOffset = 16;
constexpr size_t kCubeOffset = 8;

absl::Status BadRecord(absl::string_view what, absl::string_view problem) {
  return absl::DataLossError(absl::StrCat("this is no ", what, ": ", problem));
}

absl::Status WrongSize(absl::string_view what, size_t bytes) {
  return BadRecord(what, absl::StrCat("it has ", bytes, " bytes"));
}

// A record made of `prefix_bytes`, which the caller fills, and a message.
std::string WithMessage(size_t prefix_bytes, const google::protobuf::MessageLite& message) {
  const size_t message_bytes = message.ByteSizeLong();
  MUSTER_CHECK(message_bytes <= static_cast<size_t>(std::numeric_limits<int>::max()));
  std::string bytes(prefix_bytes + message_bytes, '\0');
  message.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(bytes.data() + prefix_bytes));
  return bytes;
}

bool ParseMessage(absl::string_view bytes, google::protobuf::MessageLite& message) {
  return bytes.size() <= static_cast<size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::array<char, kFormatRecordBytes> EncodeFormatRecord(const FormatRecord& record) {
  std::array<char, kFormatRecordBytes> bytes;
  std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
  StoreBigEndian(record.version, bytes.data() + kVersionOffset);
  std::copy(record.identity.begin(), record.identity.end(), bytes.begin() + kIdentityOffset);
  return bytes;
}

absl::StatusOr<FormatRecord> DecodeFormatRecord(absl::string_view bytes) {
  if (bytes.size() < kIdentityOffset || bytes.substr(0, kMagic.size()) != kMagic) {
    return BadRecord("format record", absl::StrCat("it does not begin with '", kMagic, "' and a version"));
  }
  FormatRecord record;
  record.version = LoadBigEndian<uint32_t>(bytes.data() + kVersionOffset);
  if (record.version == 0) return BadRecord("format record", "its version is 0");
  if (record.version > kFormatVersion) return record;
  if (bytes.size() != kFormatRecordBytes) return WrongSize("format record", bytes.size());
  std::copy_n(bytes.begin() + kIdentityOffset, record.identity.size(), record.identity.begin());
  return record;
}

std::string EncodeCheckpointHeaderRecord(const CheckpointHeaderRecord& record) {
  std::string bytes = WithMessage(kHeaderOffset, record.header);
  StoreBigEndian(record.part_count, bytes.data());
  StoreBigEndian(record.position_sum, bytes.data() + kPositionSumOffset);
  return bytes;
}

absl::StatusOr<CheckpointHeaderRecord> DecodeCheckpointHeaderRecord(absl::string_view bytes) {
  if (bytes.size() < kHeaderOffset) return WrongSize("checkpoint header", bytes.size());
  CheckpointHeaderRecord record;
  record.part_count = LoadBigEndian<uint64_t>(bytes.data());
  record.position_sum = LoadBigEndian<uint64_t>(bytes.data() + kPositionSumOffset);
  if (!ParseMessage(bytes.substr(kHeaderOffset), record.header)) {
    return BadRecord("checkpoint header", "its message cannot be parsed");
  }
  if (record.header.position() < 0) return BadRecord("checkpoint header", "its position is below 0");
  return record;
}

std::string EncodeCheckpointPartRecord(LogPosition position, const store::v1::CheckpointForceCube& cube) {
  MUSTER_CHECK(position >= 0);
  std::string bytes = WithMessage(kCubeOffset, cube);
  StoreBigEndian(static_cast<uint64_t>(position), bytes.data());
  return bytes;
}

absl::StatusOr<LogPosition> DecodeCheckpointPartPosition(absl::string_view bytes) {
  if (bytes.size() < kCubeOffset) return WrongSize("checkpoint part", bytes.size());
  const auto position = static_cast<LogPosition>(LoadBigEndian<uint64_t>(bytes.data()));
  if (position < 0) return BadRecord("checkpoint part", "its position is below 0");
  return position;
}

absl::StatusOr<store::v1::CheckpointForceCube> DecodeCheckpointPartCube(absl::string_view bytes) {
  if (bytes.size() < kCubeOffset) return WrongSize("checkpoint part", bytes.size());
  store::v1::CheckpointForceCube cube;
  if (!ParseMessage(bytes.substr(kCubeOffset), cube)) {
    return BadRecord("checkpoint part", "its message cannot be parsed");
  }
  return cube;
}

}  // namespace muster
