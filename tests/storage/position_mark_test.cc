// The mark itself. What a store makes of it is in damage_test.cc.
#include "storage/position_mark.h"

#include <filesystem>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::array<uint8_t, 16> kIdentity = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr size_t kSlotBytes = 40;

class PositionMarkTest : public StoreTest {
 protected:
  std::string MarkPath() const { return Path(kPositionMarkFile); }

  std::unique_ptr<PositionMark> OpenMark(const std::array<uint8_t, 16>& identity = kIdentity) {
    absl::StatusOr<std::unique_ptr<PositionMark>> mark =
        PositionMark::Open(rocksdb::Env::Default(), Path(""), identity);
    EXPECT_THAT(mark, IsOk());
    return *std::move(mark);
  }

  LogPosition Found() { return OpenMark()->found(); }

  void WriteMarks(const std::vector<LogPosition>& positions) {
    const std::unique_ptr<PositionMark> mark = OpenMark();
    for (const LogPosition position : positions) ASSERT_THAT(mark->Write(position), IsOk());
  }
};

TEST_F(PositionMarkTest, AMissingFileIsMadeAndHoldsNothing) {
  EXPECT_EQ(Found(), 0);
  EXPECT_TRUE(fs::exists(MarkPath()));
  EXPECT_EQ(Found(), 0);
}

// What is on disk must stay readable for good. The checksum was computed outside of this program, with XXH3_64bits.
TEST_F(PositionMarkTest, ASlotHasItsDocumentedLayout) {
  WriteMarks({0x0102030405060708});
  EXPECT_EQ(ReadFile(MarkPath()), std::string("position"
                                              "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
                                              "\x01\x02\x03\x04\x05\x06\x07\x08"
                                              "\x68\xaf\x95\x8e\x36\x86\x03\x44",
                                              40));
}

TEST_F(PositionMarkTest, SlotsAreWrittenInTurn) {
  WriteMarks({5, 6});
  const std::string both = ReadFile(MarkPath());
  ASSERT_EQ(both.size(), PositionMark::kSlotDistance + kSlotBytes);
  WriteMarks({7});  // Opened again, it goes on with the slot that is older.
  const std::string after = ReadFile(MarkPath());
  EXPECT_NE(after.substr(0, kSlotBytes), both.substr(0, kSlotBytes));
  EXPECT_EQ(after.substr(kSlotBytes), both.substr(kSlotBytes));
  WriteMarks({8});
  EXPECT_EQ(ReadFile(MarkPath()).substr(0, kSlotBytes), after.substr(0, kSlotBytes));
  EXPECT_EQ(Found(), 8);
}

TEST_F(PositionMarkTest, TheHigherOfBothSlotsCounts) {
  for (LogPosition last = 1; last <= 5; ++last) {
    WriteMarks({last});
    EXPECT_EQ(Found(), last);
  }
  WriteMarks({100, 200, std::numeric_limits<LogPosition>::max()});
  EXPECT_EQ(Found(), std::numeric_limits<LogPosition>::max());
}

TEST_F(PositionMarkTest, WhatWasFoundStaysWhenMoreIsWritten) {
  WriteMarks({5});
  const std::unique_ptr<PositionMark> mark = OpenMark();
  ASSERT_THAT(mark->Write(6), IsOk());
  ASSERT_THAT(mark->Sync(), IsOk());
  EXPECT_EQ(mark->found(), 5);
}

TEST_F(PositionMarkTest, ASlotThatIsTornAnywhereLeavesTheOther) {
  WriteMarks({5, 6});  // 6 is in the second slot.
  const std::string before = ReadFile(MarkPath());
  WriteMarks({7});
  const std::string after = ReadFile(MarkPath());
  for (size_t torn = 0; torn < kSlotBytes; ++torn) {
    WriteFile(MarkPath(), after.substr(0, torn) + before.substr(torn));
    const LogPosition found = Found();
    // Bytes that both have may make the torn slot whole.
    const std::string slot = ReadFile(MarkPath()).substr(0, kSlotBytes);
    EXPECT_EQ(found, slot == after.substr(0, kSlotBytes) ? 7 : 6) << "torn at " << torn;
  }
}

// The next mark takes the place of the torn slot, not of the whole one.
TEST_F(PositionMarkTest, ATornSlotIsTheNextThatIsWritten) {
  WriteMarks({5, 6, 7});  // 7 is in the first slot.
  FlipByte(MarkPath(), 30);
  EXPECT_EQ(Found(), 6);
  const std::string torn = ReadFile(MarkPath());
  WriteMarks({8});
  EXPECT_EQ(ReadFile(MarkPath()).substr(kSlotBytes), torn.substr(kSlotBytes));
  EXPECT_EQ(Found(), 8);
}

TEST_F(PositionMarkTest, AFlippedByteAnywhereInASlotMakesItNone) {
  WriteMarks({5, 6, 7});
  const std::string whole = ReadFile(MarkPath());
  for (size_t offset = 0; offset < kSlotBytes; ++offset) {
    WriteFile(MarkPath(), whole);
    FlipByte(MarkPath(), offset);
    EXPECT_EQ(Found(), 6) << offset;
  }
}

// Each row is what a file may hold that has nothing to say about this store.
struct NoMarkCase {
  std::string name;
  std::string bytes;
  friend void PrintTo(const NoMarkCase& row, std::ostream* out) { *out << row.name; }
};

class AFileCountsForNothing : public PositionMarkTest, public testing::WithParamInterface<NoMarkCase> {};

TEST_P(AFileCountsForNothing, AndIsWrittenOver) {
  WriteFile(MarkPath(), GetParam().bytes);
  EXPECT_EQ(Found(), 0);
  WriteMarks({3});
  EXPECT_EQ(Found(), 3);
}

INSTANTIATE_TEST_SUITE_P(Files, AFileCountsForNothing,
                         testing::ValuesIn<NoMarkCase>({
                             {"Empty", ""},
                             {"Short", "position"},
                             {"Text", std::string(100, 'x')},
                             {"Zeroes", std::string(5000, '\0')},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_F(PositionMarkTest, TheMarkOfAnotherStoreCountsForNothing) {
  WriteMarks({5, 6});
  std::array<uint8_t, 16> other = kIdentity;
  ++other.back();
  EXPECT_EQ(OpenMark(other)->found(), 0);
  EXPECT_EQ(Found(), 6);
}

TEST_F(PositionMarkTest, AFileThatCannotBeOpenedIsNamed) {
  fs::create_directory(MarkPath());
  EXPECT_THAT(PositionMark::Open(rocksdb::Env::Default(), Path(""), kIdentity),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(std::string(kPositionMarkFile))));
}

}  // namespace
}  // namespace muster
