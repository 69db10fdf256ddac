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

using testing::ElementsAre;
using testing::HasSubstr;

std::string Bytes(absl::string_view text) { return std::string(text); }

template <size_t size>
std::string Bytes(const std::array<char, size>& bytes) {
  return std::string(bytes.data(), bytes.size());
}

std::string NewestKey(const ResultKey& key) {
  std::string bytes;
  AppendNewestKey(key, bytes);
  return bytes;
}

// The layouts themselves: what is on disk must stay readable for good.
TEST(KeysTest, LogKeyIsThePositionInEightBytes) {
  EXPECT_EQ(Bytes(EncodeLogKey(1)), std::string("\0\0\0\0\0\0\0\x01", 8));
  EXPECT_EQ(Bytes(EncodeLogKey(0x0102030405060708)), "\x01\x02\x03\x04\x05\x06\x07\x08");
}

TEST(KeysTest, NewestKeyIsItsPartsWithZeroesBetween) {
  EXPECT_EQ(NewestKey({"op", "kent", "A.1"}), std::string("op\0kent\0A.1", 11));
}

TEST(KeysTest, AppendNewestKeyKeepsWhatIsThere) {
  std::string bytes = "before";
  AppendNewestKey({"a", "b", "c"}, bytes);
  EXPECT_EQ(bytes, std::string("beforea\0b\0c", 11));
}

TEST(KeysTest, CheckpointHeaderComesBeforeAllParts) {
  EXPECT_EQ(kCheckpointHeaderKey, "H");
  EXPECT_EQ(EncodeCheckpointPartKey("op", "kent"), std::string("Pop\0kent", 8));
  EXPECT_LT(Bytes(kCheckpointHeaderKey), EncodeCheckpointPartKey("\x01", "\x01"));
}

TEST(KeysTest, LogKeysSortAsTheirPositions) {
  const std::vector<LogPosition> positions = {1,     2,       255,       256,
                                              65535, 1 << 20, 1LL << 40, std::numeric_limits<LogPosition>::max()};
  std::vector<std::string> keys;
  for (const LogPosition position : positions) {
    keys.push_back(Bytes(EncodeLogKey(position)));
    const absl::StatusOr<LogPosition> decoded = DecodeLogKey(keys.back());
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, position);
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(KeysTest, NewestKeysRoundTrip) {
  const std::string longest(kMaxKeyPartBytes, 'x');
  for (const ResultKey& key : std::vector<ResultKey>{{"a", "b", "c"},
                                                     {"county-lines-2021-10", "thames-valley", "TV:2021-10-15_a.b"},
                                                     {longest, longest, longest},
                                                     {"\x01", "\xff", "\xff\xff"}}) {
    const absl::StatusOr<ResultKey> decoded = DecodeNewestKey(NewestKey(key));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, key);
  }
}

// Ids that are prefixes of each other do not mix: all of one force come before any of the next.
TEST(KeysTest, ResultsOfOneForceAreOneRange) {
  const std::vector<ResultKey> in_order = {{"op", "north", "1"},    {"op", "north", "zzz"}, {"op", "north-wales", "0"},
                                           {"op", "northern", "0"}, {"op-2", "north", "0"}, {"opa", "a", "a"}};
  std::vector<std::string> keys;
  keys.reserve(in_order.size());
  for (const ResultKey& key : in_order) keys.push_back(NewestKey(key));
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));

  const std::string begin = EncodeNewestPrefix("op", "north");
  const std::string end = AfterPrefix(begin);
  std::vector<size_t> inside;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (begin <= keys[i] && keys[i] < end) inside.push_back(i);
  }
  EXPECT_THAT(inside, ElementsAre(0, 1));
}

TEST(KeysTest, OperationAndPartKeysRoundTrip) {
  EXPECT_EQ(*DecodeOperationKey(EncodeOperationKey("op-1")), "op-1");
  EXPECT_EQ(*DecodeCheckpointPartKey(EncodeCheckpointPartKey("op", "kent")), (CheckpointPartKey{"op", "kent"}));
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

// Each row is a near miss of a valid key of one family.
struct NotAKeyCase {
  std::string name;
  std::string family;
  std::string bytes;
  friend void PrintTo(const NotAKeyCase& row, std::ostream* out) { *out << row.name; }
};

absl::Status Decode(const NotAKeyCase& row) {
  if (row.family == "log") return DecodeLogKey(row.bytes).status();
  if (row.family == "newest") return DecodeNewestKey(row.bytes).status();
  if (row.family == "operation") return DecodeOperationKey(row.bytes).status();
  return DecodeCheckpointPartKey(row.bytes).status();
}

class DecodingRefuses : public testing::TestWithParam<NotAKeyCase> {};

TEST_P(DecodingRefuses, WhatIsNotExactlyAKey) {
  const absl::Status status = Decode(GetParam());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'" + GetParam().family + "'"));
}

INSTANTIATE_TEST_SUITE_P(Keys, DecodingRefuses,
                         testing::ValuesIn<NotAKeyCase>({
                             {"LogEmpty", "log", ""},
                             {"LogShort", "log", std::string("\0\0\0\0\0\0\x01", 7)},
                             {"LogLong", "log", std::string("\0\0\0\0\0\0\0\x01\0", 9)},
                             {"LogPositionZero", "log", std::string(8, '\0')},
                             {"LogPositionNegative", "log", std::string(8, '\xff')},
                             {"NewestEmpty", "newest", ""},
                             {"NewestOnePart", "newest", "op"},
                             {"NewestTwoParts", "newest", std::string("op\0kent", 7)},
                             {"NewestFourParts", "newest", std::string("op\0kent\0a\0b", 11)},
                             {"NewestNoOperation", "newest", std::string("\0kent\0a", 7)},
                             {"NewestNoForce", "newest", std::string("op\0\0a", 5)},
                             {"NewestNoResult", "newest", std::string("op\0kent\0", 8)},
                             {"NewestPartTooLong", "newest", std::string(256, 'o') + std::string("\0kent\0a", 7)},
                             {"OperationEmpty", "operation", ""},
                             {"OperationTooLong", "operation", std::string(256, 'o')},
                             {"OperationZeroByte", "operation", std::string("o\0p", 3)},
                             {"PartEmpty", "checkpoint", ""},
                             {"PartOtherTag", "checkpoint", std::string("Qop\0kent", 8)},
                             {"PartNoForce", "checkpoint", "Pop"},
                             {"PartEmptyForce", "checkpoint", std::string("Pop\0", 4)},
                             {"PartEmptyOperation", "checkpoint", std::string("P\0kent", 6)},
                             {"PartThreeParts", "checkpoint", std::string("Pop\0kent\0a", 10)},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(KeysDeathTest, KeysOfOurOwnMakingMustBeKeys) {
  EXPECT_DEATH(EncodeLogKey(0), "broken invariant");
  std::string bytes;
  EXPECT_DEATH(AppendNewestKey({"op", "", "1"}, bytes), "broken invariant");
  EXPECT_DEATH(EncodeNewestPrefix("op", std::string("a\0b", 3)), "broken invariant");
}

}  // namespace
}  // namespace muster
