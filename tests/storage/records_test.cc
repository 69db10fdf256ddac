#include "storage/records.h"

#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

template <size_t size>
std::string Bytes(const std::array<char, size>& bytes) {
  return std::string(bytes.data(), bytes.size());
}

FormatRecord AFormat() {
  FormatRecord record;
  for (size_t i = 0; i < record.identity.size(); ++i) record.identity[i] = static_cast<uint8_t>(i);
  return record;
}

// The layouts themselves: what is on disk must stay readable for good.
TEST(RecordsTest, FormatRecordHasItsDocumentedLayout) {
  const std::string bytes = Bytes(EncodeFormatRecord(AFormat()));
  EXPECT_EQ(bytes, std::string("muster\0\0\0\x01\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 26));
}

TEST(RecordsTest, FormatRecordsRoundTrip) {
  EXPECT_EQ(*DecodeFormatRecord(Bytes(EncodeFormatRecord(AFormat()))), AFormat());
}

TEST(RecordsTest, OfANewerFormatTheVersionIsRead) {
  std::string bytes = Bytes(EncodeFormatRecord(AFormat()));
  bytes[9] = 2;
  EXPECT_EQ(DecodeFormatRecord(bytes)->version, 2U);
  EXPECT_EQ(DecodeFormatRecord(bytes + "and more")->version, 2U);
  EXPECT_EQ(DecodeFormatRecord(bytes.substr(0, 10))->version, 2U);
}

TEST(RecordsTest, CheckpointRecordsRoundTrip) {
  CheckpointHeaderRecord header;
  header.part_count = 3;
  header.position_sum = std::numeric_limits<uint64_t>::max();
  header.header.set_position(17);
  header.header.set_catalogue_digest("digest");
  const absl::StatusOr<CheckpointHeaderRecord> decoded =
      DecodeCheckpointHeaderRecord(EncodeCheckpointHeaderRecord(header));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->part_count, 3U);
  EXPECT_EQ(decoded->position_sum, header.position_sum);
  EXPECT_EQ(decoded->header.SerializeAsString(), header.header.SerializeAsString());

  store::v1::CheckpointForceCube cube;
  cube.set_result_count(5);
  const std::string part = EncodeCheckpointPartRecord(9, cube);
  EXPECT_EQ(*DecodeCheckpointPartPosition(part), 9);
  EXPECT_EQ(DecodeCheckpointPartCube(part)->result_count(), 5);
}

// Each row spoils one valid record.
struct NotARecordCase {
  std::string name;
  absl::Status status;
  friend void PrintTo(const NotARecordCase& row, std::ostream* out) { *out << row.name; }
};

std::string Spoilt(std::string bytes, size_t offset, char byte) {
  bytes.at(offset) = byte;
  return bytes;
}

class DecodingARecordRefuses : public testing::TestWithParam<NotARecordCase> {};

TEST_P(DecodingARecordRefuses, WhatIsNotExactlyARecord) {
  EXPECT_EQ(GetParam().status.code(), absl::StatusCode::kDataLoss) << GetParam().status;
}

std::vector<NotARecordCase> NotRecords() {
  const std::string format = Bytes(EncodeFormatRecord(AFormat()));
  const std::string header = EncodeCheckpointHeaderRecord({1, 1, {}});
  const std::string part = EncodeCheckpointPartRecord(1, {});
  return {
      {"FormatEmpty", DecodeFormatRecord("").status()},
      {"FormatVersionCutOff", DecodeFormatRecord(format.substr(0, 9)).status()},
      {"FormatIdentityCutOff", DecodeFormatRecord(format.substr(0, 25)).status()},
      {"FormatLong", DecodeFormatRecord(format + "x").status()},
      {"FormatOtherName", DecodeFormatRecord(Spoilt(format, 0, 'M')).status()},
      {"FormatVersionZero", DecodeFormatRecord(Spoilt(format, 9, 0)).status()},
      {"HeaderShort", DecodeCheckpointHeaderRecord(header.substr(0, 15)).status()},
      {"HeaderNoMessage", DecodeCheckpointHeaderRecord(header + "\xff").status()},
      {"HeaderPositionNegative", DecodeCheckpointHeaderRecord([] {
                                   CheckpointHeaderRecord record;
                                   record.header.set_position(-1);
                                   return EncodeCheckpointHeaderRecord(record);
                                 }())
                                     .status()},
      {"PartShort", DecodeCheckpointPartPosition(part.substr(0, 7)).status()},
      {"PartPositionNegative", DecodeCheckpointPartPosition(Spoilt(part, 0, '\x80')).status()},
      {"PartCubeShort", DecodeCheckpointPartCube(part.substr(0, 7)).status()},
      {"PartNoMessage", DecodeCheckpointPartCube(part + "\xff").status()},
  };
}

INSTANTIATE_TEST_SUITE_P(Records, DecodingARecordRefuses, testing::ValuesIn(NotRecords()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
