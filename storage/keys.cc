#include "storage/keys.h"

#include <cstdint>

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

std::array<char, kLogKeyBytes> EncodeLogKey(LogPosition first_position) {
  MUSTER_CHECK(first_position >= 1);
  std::array<char, kLogKeyBytes> bytes;
  StoreBigEndian(static_cast<uint64_t>(first_position), bytes.data());
  return bytes;
}

absl::StatusOr<LogPosition> DecodeLogKey(absl::string_view bytes) {
  if (bytes.size() != kLogKeyBytes) return NotAKey("log", bytes);
  const auto position = static_cast<LogPosition>(LoadBigEndian<uint64_t>(bytes.data()));
  if (position < 1) return NotAKey("log", bytes);
  return position;
}

void AppendNewestKey(const ResultKey& key, std::string& bytes) {
  MUSTER_CHECK(IsKeyPart(key.operation) && IsKeyPart(key.force) && IsKeyPart(key.result_id));
  bytes.append(key.operation);
  bytes.push_back(kZero);
  bytes.append(key.force);
  bytes.push_back(kZero);
  bytes.append(key.result_id);
}

absl::StatusOr<ResultKey> DecodeNewestKey(absl::string_view bytes) {
  const size_t first_zero = bytes.find(kZero);
  if (first_zero == absl::string_view::npos) return NotAKey("newest", bytes);
  const size_t second_zero = bytes.find(kZero, first_zero + 1);
  if (second_zero == absl::string_view::npos) return NotAKey("newest", bytes);
  const absl::string_view operation = bytes.substr(0, first_zero);
  const absl::string_view force = bytes.substr(first_zero + 1, second_zero - first_zero - 1);
  const absl::string_view result_id = bytes.substr(second_zero + 1);
  if (!IsKeyPart(operation) || !IsKeyPart(force) || !IsKeyPart(result_id)) return NotAKey("newest", bytes);
  return ResultKey{std::string(operation), std::string(force), std::string(result_id)};
}

std::string EncodeNewestPrefix(absl::string_view operation, absl::string_view force) {
  MUSTER_CHECK(IsKeyPart(operation) && IsKeyPart(force));
  return absl::StrCat(operation, absl::string_view(&kZero, 1), force, absl::string_view(&kZero, 1));
}

std::string AfterPrefix(absl::string_view prefix) {
  MUSTER_CHECK(!prefix.empty() && static_cast<unsigned char>(prefix.back()) != 255);
  std::string bytes(prefix);
  bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) + 1);
  return bytes;
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

}  // namespace muster
