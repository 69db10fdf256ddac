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

NewestRevision ANewest() {
  NewestRevision newest;
  newest.revision = 0x0102;
  newest.position = 0x030405;
  newest.retracted = true;
  for (size_t i = 0; i < newest.digest.size(); ++i) newest.digest[i] = static_cast<uint8_t>(0xa0 + i);
  return newest;
}

FormatRecord AFormat() {
  FormatRecord record;
  for (size_t i = 0; i < record.identity.size(); ++i) record.identity[i] = static_cast<uint8_t>(i);
  return record;
}

// The layouts themselves: what is on disk must stay readable for good.
TEST(RecordsTest, NewestRecordHasItsDocumentedLayout) {
  const std::string bytes = Bytes(EncodeNewestRecord(ANewest()));
  ASSERT_EQ(bytes.size(), 49U);
  EXPECT_EQ(bytes.substr(0, 1), "\x01");
  EXPECT_EQ(bytes.substr(1, 8), std::string("\0\0\0\0\0\0\x01\x02", 8));
  EXPECT_EQ(bytes.substr(9, 8), std::string("\0\0\0\0\0\x03\x04\x05", 8));
  EXPECT_EQ(bytes.substr(17, 3), "\xa0\xa1\xa2");
}

TEST(RecordsTest, FormatRecordHasItsDocumentedLayout) {
  const std::string bytes = Bytes(EncodeFormatRecord(AFormat()));
  EXPECT_EQ(bytes, std::string("muster\0\0\0\x01\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 26));
}

TEST(RecordsTest, NewestRecordsRoundTrip) {
  NewestRevision newest = ANewest();
  EXPECT_EQ(*DecodeNewestRecord(Bytes(EncodeNewestRecord(newest))), newest);
  newest.retracted = false;
  newest.revision = std::numeric_limits<int64_t>::max();
  newest.position = std::numeric_limits<LogPosition>::max();
  EXPECT_EQ(*DecodeNewestRecord(Bytes(EncodeNewestRecord(newest))), newest);
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
  const std::string newest = Bytes(EncodeNewestRecord(ANewest()));
  const std::string format = Bytes(EncodeFormatRecord(AFormat()));
  const std::string header = EncodeCheckpointHeaderRecord({1, 1, {}});
  const std::string part = EncodeCheckpointPartRecord(1, {});
  return {
      {"NewestEmpty", DecodeNewestRecord("").status()},
      {"NewestShort", DecodeNewestRecord(newest.substr(1)).status()},
      {"NewestLong", DecodeNewestRecord(newest + "x").status()},
      {"NewestUnknownFlag", DecodeNewestRecord(Spoilt(newest, 0, 2)).status()},
      {"NewestRevisionZero", DecodeNewestRecord(Spoilt(Spoilt(newest, 7, 0), 8, 0)).status()},
      {"NewestRevisionNegative", DecodeNewestRecord(Spoilt(newest, 1, '\x80')).status()},
      {"NewestPositionZero", DecodeNewestRecord(Spoilt(newest, 14, 0).replace(15, 2, 2, '\0')).status()},
      {"NewestPositionNegative", DecodeNewestRecord(Spoilt(newest, 9, '\x80')).status()},
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
