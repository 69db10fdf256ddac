#include "storage/keys.h"

#include <algorithm>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::HasSubstr;

std::string Bytes(absl::string_view text) { return std::string(text); }

template <size_t size>
std::string Bytes(const std::array<char, size>& bytes) {
  return std::string(bytes.data(), bytes.size());
}

// The layouts themselves: what is on disk must stay readable for good.
TEST(KeysTest, APositionKeyIsThePositionInEightBytes) {
  EXPECT_EQ(Bytes(EncodePositionKey(1)), std::string("\0\0\0\0\0\0\0\x01", 8));
  EXPECT_EQ(Bytes(EncodePositionKey(0x0102030405060708)), "\x01\x02\x03\x04\x05\x06\x07\x08");
}

TEST(KeysTest, AnOperationKeyIsItsId) { EXPECT_EQ(EncodeOperationKey("op-1"), "op-1"); }

TEST(KeysTest, CheckpointHeaderComesBeforeAllParts) {
  EXPECT_EQ(kCheckpointHeaderKey, "H");
  EXPECT_EQ(EncodeCheckpointPartKey("op", "kent"), std::string("Pop\0kent", 8));
  EXPECT_LT(Bytes(kCheckpointHeaderKey), EncodeCheckpointPartKey("\x01", "\x01"));
}

TEST(KeysTest, PositionKeysSortAsTheirPositions) {
  const std::vector<LogPosition> positions = {1,     2,       255,       256,
                                              65535, 1 << 20, 1LL << 40, std::numeric_limits<LogPosition>::max()};
  std::vector<std::string> keys;
  for (const LogPosition position : positions) {
    keys.push_back(Bytes(EncodePositionKey(position)));
    const absl::StatusOr<LogPosition> decoded = DecodePositionKey(keys.back());
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, position);
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(KeysTest, OperationAndPartKeysRoundTrip) {
  const std::string longest(kMaxKeyPartBytes, 'x');
  for (const CheckpointPartKey& key : std::vector<CheckpointPartKey>{
           {"a", "b"}, {"county-lines-2021-10", "thames-valley"}, {longest, longest}, {"\x01", "\xff\xff"}}) {
    EXPECT_EQ(*DecodeOperationKey(EncodeOperationKey(key.operation)), key.operation);
    EXPECT_EQ(*DecodeCheckpointPartKey(EncodeCheckpointPartKey(key.operation, key.force)), key);
  }
}

TEST(KeysTest, PrintableBytesEscapesAndCuts) {
  EXPECT_EQ(PrintableBytes(absl::string_view("op\0"
                                             "1\xff",
                                             5)),
            "op\\x001\\xff");
  EXPECT_THAT(PrintableBytes(std::string(97, 'a')), std::string(96, 'a') + "...");
}

struct KeyPartCase {
  std::string name;
  std::string part;
  bool want;
  friend void PrintTo(const KeyPartCase& row, std::ostream* out) { *out << row.name; }
};

class IsKeyPartSays : public testing::TestWithParam<KeyPartCase> {};

TEST_P(IsKeyPartSays, WhetherAKeyCanHoldIt) { EXPECT_EQ(IsKeyPart(GetParam().part), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Parts, IsKeyPartSays,
                         testing::ValuesIn<KeyPartCase>({
                             {"OneByte", "a", true},
                             {"Longest", std::string(255, 'a'), true},
                             {"AnyOtherByte", "\x01\xff /", true},
                             {"Empty", "", false},
                             {"OneTooLong", std::string(256, 'a'), false},
                             {"ZeroByte", std::string("a\0b", 3), false},
                         }),
                         [](const auto& row) { return row.param.name; });

// Each row is a near miss of a valid key of one kind, which the message names.
struct NotAKeyCase {
  std::string name;
  std::string family;
  std::string bytes;
  friend void PrintTo(const NotAKeyCase& row, std::ostream* out) { *out << row.name; }
};

absl::Status Decode(const NotAKeyCase& row) {
  if (row.family == "position") return DecodePositionKey(row.bytes).status();
  if (row.family == "operation") return DecodeOperationKey(row.bytes).status();
  if (row.family == "milestone") return DecodeMilestonePosition(row.bytes).status();
  return DecodeCheckpointPartKey(row.bytes).status();
}

class DecodingRefuses : public testing::TestWithParam<NotAKeyCase> {};

TEST_P(DecodingRefuses, WhatIsNotExactlyAKey) {
  const absl::Status status = Decode(GetParam());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  const std::string kind =
      GetParam().family == "position" ? "key of a position" : "key of column family '" + GetParam().family + "'";
  EXPECT_THAT(std::string(status.message()), HasSubstr(kind));
}

INSTANTIATE_TEST_SUITE_P(Keys, DecodingRefuses,
                         testing::ValuesIn<NotAKeyCase>({
                             {"PositionEmpty", "position", ""},
                             {"PositionShort", "position", std::string("\0\0\0\0\0\0\x01", 7)},
                             {"PositionLong", "position", std::string("\0\0\0\0\0\0\0\x01\0", 9)},
                             {"PositionZero", "position", std::string(8, '\0')},
                             {"PositionNegative", "position", std::string(8, '\xff')},
                             {"OperationEmpty", "operation", ""},
                             {"OperationTooLong", "operation", std::string(256, 'o')},
                             {"OperationZeroByte", "operation", std::string("o\0p", 3)},
                             {"PartEmpty", "checkpoint", ""},
                             {"PartOtherTag", "checkpoint", std::string("Qop\0kent", 8)},
                             {"PartNoForce", "checkpoint", "Pop"},
                             {"PartEmptyForce", "checkpoint", std::string("Pop\0", 4)},
                             {"PartEmptyOperation", "checkpoint", std::string("P\0kent", 6)},
                             {"MilestoneEmpty", "milestone", ""},
                             {"MilestoneWithoutTag", "milestone", std::string("\0\0\0\0\0\0\0\x01", 8)},
                             {"PartThreeParts", "checkpoint", std::string("Pop\0kent\0a", 10)},
                         }),
                         [](const auto& row) { return row.param.name; });

// Everything of one milestone lies behind each other, and below its end.
TEST(KeysTest, MilestonesAreInTheOrderOfTheirPositions) {
  const std::vector<std::string> keys = {EncodeMilestoneKey(1),
                                         EncodeMilestoneOperationKey(1, "op"),
                                         EncodeMilestoneCubeKey(1, "op", "kent"),
                                         EncodeMilestoneCubeKey(1, "op", "surrey"),
                                         EncodeMilestoneCubeKey(1, "op2", "kent"),
                                         EndOfMilestone(1),
                                         EncodeMilestoneKey(2),
                                         EndOfMilestone(2),
                                         EncodeMilestoneKey(256)};
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(EncodeMilestoneCubeKey(258, "op", "kent"), std::string("\0\0\0\0\0\0\1\2Pop\0kent", 16));
  EXPECT_EQ(*DecodeMilestonePosition(keys[3]), 1);
  EXPECT_EQ(*DecodeMilestonePosition(keys[8]), 256);
}

TEST(KeysDeathTest, KeysOfOurOwnMakingMustBeKeys) {
  EXPECT_DEATH(EncodePositionKey(0), "broken invariant");
  EXPECT_DEATH(EncodeOperationKey(""), "broken invariant");
  EXPECT_DEATH(EncodeCheckpointPartKey("op", std::string("a\0b", 3)), "broken invariant");
}

}  // namespace
}  // namespace muster
