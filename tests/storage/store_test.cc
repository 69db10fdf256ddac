// What a store does when nothing is wrong with its disk.
#include "storage/store.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/keys.h"
#include "storage/log_chunk.h"
#include "tests/storage/colliding_keys.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

using store::v1::CheckpointHeader;
using store::v1::LogEntry;
using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string KeyBytes(LogPosition position) {
  const std::array<char, kPositionKeyBytes> key = EncodePositionKey(position);
  return std::string(key.data(), key.size());
}

std::vector<std::string> ResultIds(const std::vector<LoggedEntry>& entries) {
  std::vector<std::string> ids;
  ids.reserve(entries.size());
  for (const LoggedEntry& entry : entries) ids.push_back(entry.entry.result().result().result_id());
  return ids;
}

CheckpointHeader HeaderAt(LogPosition position) {
  CheckpointHeader header;
  header.set_position(position);
  header.set_catalogue_digest("digest");
  return header;
}

CheckpointPart Part(absl::string_view operation, absl::string_view force, int64_t result_count) {
  CheckpointPart part;
  part.operation = std::string(operation);
  part.force = std::string(force);
  part.cube.set_result_count(result_count);
  return part;
}

// "operation/force=result_count" for every part, in the order of the visits.
std::vector<std::string> PartsOf(const Store& store) {
  std::vector<std::string> parts;
  EXPECT_THAT(store.ReadCheckpoint([&](const CheckpointPart& part) {
    parts.push_back(absl::StrCat(part.operation, "/", part.force, "=", part.cube.result_count()));
    return absl::OkStatus();
  }),
              IsOk());
  return parts;
}

TEST_F(StoreTest, ANewStoreIsEmpty) {
  Open();
  EXPECT_EQ(store().last_position(), 0);
  EXPECT_THAT(ReplayFrom(1), IsEmpty());
  EXPECT_THAT(*store().ReadOperations(), IsEmpty());
  EXPECT_EQ(*store().ReadCheckpointHeader(), std::nullopt);
  EXPECT_THAT(PartsOf(store()), IsEmpty());
}

TEST_F(StoreTest, ItSaysWhatItTakes) {
  Open();
  const StoreUsage before = store().Usage();
  EXPECT_GT(before.keep_free_bytes, 0);
  ASSERT_TRUE(before.free_bytes.has_value());
  EXPECT_GT(*before.free_bytes, 0);
  for (int i = 0; i < 200; ++i) AppendGroup({ResultEntry("op", "kent", absl::StrCat("r", i))});
  const StoreUsage buffered = store().Usage();
  EXPECT_GT(buffered.buffered_bytes, before.buffered_bytes);
  EXPECT_EQ(buffered.table_bytes, before.table_bytes);
  ASSERT_THAT(store().Flush(), IsOk());
  const StoreUsage flushed = store().Usage();
  EXPECT_GT(flushed.table_bytes, before.table_bytes);
  EXPECT_LT(flushed.buffered_bytes, buffered.buffered_bytes);
}

TEST_F(StoreTest, WhatWasAppendedReadsBackAsItWas) {
  Open();
  const std::vector<LogEntry> entries = {ResultEntry("op", "kent", "a"), OperationEntry("op", "Title"),
                                         ResultEntry("op", "surrey", "b")};
  AppendGroup(entries);
  EXPECT_EQ(store().last_position(), 3);
  const std::vector<LoggedEntry> replayed = ReplayFrom(1);
  ASSERT_THAT(replayed, SizeIs(3));
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(replayed[i].position, static_cast<LogPosition>(i) + 1);
    EXPECT_EQ(replayed[i].accept_time_us, 1'600'000'000'000'001);
    EXPECT_EQ(replayed[i].entry.SerializeAsString(), entries[i].SerializeAsString());
  }
}

TEST_F(StoreTest, EverythingIsThereAfterReopening) {
  Open();
  AppendResults(100);
  AppendGroup({OperationEntry("op", "Title")});
  AppendResults(3);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(104), {Part("op", "thames-valley", 103)}, false), IsOk());
  for (int times = 0; times < 2; ++times) {
    Open();
    EXPECT_EQ(store().last_position(), 104);
    EXPECT_THAT(ReplayFrom(1), SizeIs(104));
    EXPECT_EQ(NewestPosition("op", "thames-valley", "104"), 104);
    EXPECT_EQ(NewestPosition("op", "thames-valley", "105"), 0);
    EXPECT_THAT(*store().ReadOperations(), SizeIs(1));
    EXPECT_EQ((*store().ReadCheckpointHeader())->position(), 104);
    EXPECT_THAT(PartsOf(store()), ElementsAre("op/thames-valley=103"));
  }
  AppendResults(1);
  EXPECT_EQ(store().last_position(), 105);
  EXPECT_THAT(ReplayFrom(104), SizeIs(2));
}

TEST_F(StoreTest, EverythingIsThereAfterAKill) {
  Open();
  AppendResults(100);
  AppendResults(100);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(150), {Part("op", "thames-valley", 150)}, false), IsOk());
  StoreOptions options;
  options.directory = CopyAsKilled("copy");
  const absl::StatusOr<std::unique_ptr<Store>> copy = Store::Open(options);
  ASSERT_THAT(copy, IsOk());
  EXPECT_EQ((*copy)->last_position(), 200);
  EXPECT_THAT(PartsOf(**copy), ElementsAre("op/thames-valley=150"));
}

TEST_F(StoreTest, FlushLeavesNothingInTheWriteAheadLog) {
  Open();
  AppendResults(100);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(100), {Part("op", "thames-valley", 100)}, false), IsOk());
  ASSERT_THAT(store().Flush(), IsOk());
  StoreOptions options;
  options.directory = CopyAsKilled("copy");
  for (const std::string& file : FilesEndingIn(options.directory, ".log")) WriteFile(file, "");
  const absl::StatusOr<std::unique_ptr<Store>> copy = Store::Open(options);
  ASSERT_THAT(copy, IsOk());
  EXPECT_EQ((*copy)->last_position(), 100);
  EXPECT_THAT(PartsOf(**copy), SizeIs(1));
}

TEST_F(StoreTest, GroupsAreCutIntoChunks) {
  Open();
  AppendResults(130);  // 64 + 64 + 2
  std::vector<LogEntry> long_entries;
  for (int i = 0; i < 5; ++i) {
    long_entries.push_back(ResultEntry("op", "kent", absl::StrCat("long-", i)));
    long_entries.back().mutable_result()->mutable_result()->set_reason(std::string(6000, 'r'));
  }
  AppendGroup(long_entries);  // 2 + 2 + 1
  AppendResults(1);           // Another group is another chunk.
  EXPECT_THAT(ReplayFrom(1), SizeIs(136));
  Close();
  std::vector<std::string> keys;
  for (const auto& [key, value] : RawDatabase(StorePath()).ReadAll("log")) {
    keys.push_back(key);
    LogChunkView view;
    ASSERT_THAT(view.Reset(value), IsOk());
    EXPECT_LE(value.size(), kMaxChunkBytes);
  }
  EXPECT_THAT(keys, ElementsAre(KeyBytes(1), KeyBytes(65), KeyBytes(129), KeyBytes(131), KeyBytes(133), KeyBytes(135),
                                KeyBytes(136)));
}

TEST_F(StoreTest, ReplayBeginsAnywhere) {
  Open();
  AppendResults(70);
  AppendResults(10);
  for (const LogPosition first : {1, 2, 64, 65, 70, 71, 80}) {
    const std::vector<LoggedEntry> seen = ReplayFrom(first);
    ASSERT_THAT(seen, SizeIs(static_cast<size_t>(81 - first)));
    for (size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(seen[i].position, first + static_cast<LogPosition>(i));
      EXPECT_EQ(seen[i].entry.result().result().result_id(), absl::StrCat(seen[i].position));
    }
  }
  EXPECT_THAT(ReplayFrom(81), IsEmpty());
  EXPECT_THAT(ReplayFrom(1000), IsEmpty());
}

TEST_F(StoreTest, ReplayRefusesPositionsBeforeTheLog) {
  Open();
  AppendResults(1);
  const auto visit = [](const LoggedEntry&) { return absl::OkStatus(); };
  EXPECT_THAT(store().Replay(0, visit), StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST_F(StoreTest, ReplayStopsWithTheStatusOfItsVisitor) {
  Open();
  AppendResults(10);
  int visits = 0;
  EXPECT_THAT(store().Replay(1,
                             [&](const LoggedEntry& entry) {
                               ++visits;
                               return entry.position == 4 ? absl::CancelledError("enough") : absl::OkStatus();
                             }),
              StatusIs(absl::StatusCode::kCancelled, "enough"));
  EXPECT_EQ(visits, 4);
}

TEST_F(StoreTest, ReplayEndsWhereTheLogEndedWhenItWasCalled) {
  Open();
  AppendResults(3);
  int visits = 0;
  EXPECT_THAT(store().Replay(1,
                             [&](const LoggedEntry&) {
                               ++visits;
                               AppendResults(1);
                               return absl::OkStatus();
                             }),
              IsOk());
  EXPECT_EQ(visits, 3);
  EXPECT_EQ(store().last_position(), 6);
}

TEST_F(StoreTest, EntriesAreReadInTheOrderAsked) {
  Open();
  AppendResults(70);
  AppendResults(70);
  const std::vector<LogPosition> positions = {140, 1, 65, 64, 64, 2, 71, 70};
  const absl::StatusOr<std::vector<LoggedEntry>> entries = store().ReadEntries(positions);
  ASSERT_THAT(entries, IsOk());
  EXPECT_THAT(ResultIds(*entries), ElementsAre("140", "1", "65", "64", "64", "2", "71", "70"));
  EXPECT_EQ((*entries)[0].position, 140);
  EXPECT_EQ((*entries)[0].accept_time_us, 1'600'000'000'000'071);
  EXPECT_THAT(*store().ReadEntries({}), IsEmpty());
}

TEST_F(StoreTest, AnEntryThatIsNotThereIsDataLoss) {
  Open();
  AppendResults(70);
  for (const LogPosition position : {71, 1000, 0, -1}) {
    EXPECT_THAT(store().ReadEntries({1, position}),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(absl::StrCat("position ", position))));
  }
}

// Each row is a group that no writer may write.
struct BadGroupCase {
  std::string name;
  std::function<void(LogGroup&)> spoil;
  std::string want;
  friend void PrintTo(const BadGroupCase& row, std::ostream* out) { *out << row.name; }
};

class AppendRefuses : public StoreTest, public testing::WithParamInterface<BadGroupCase> {};

TEST_P(AppendRefuses, AGroupThatDoesNotFitAndWritesNothing) {
  Open();
  AppendResults(2);
  AppendGroup({OperationEntry("op", "Before"), ResultEntry("op", "kent", "stored")});
  AppendGroup({RevisionEntry("op", "kent", "stored", 2, 4)});
  // Positions 6 to 10.
  const EncodedEntries good({ResultEntry("op", "kent", "a"), OperationEntry("op", "Title"),
                             RevisionEntry("op", "kent", "stored", 3, 5), ResultEntry("op", "kent", "b"),
                             RevisionEntry("op", "kent", "b", 2, 9)});
  LogGroup group = GroupOf(6, 1'700'000'000'000'000, good);
  GetParam().spoil(group);
  EXPECT_THAT(store().Append(group), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().want)));
  EXPECT_EQ(store().last_position(), 5);
  EXPECT_THAT(ReplayFrom(1), SizeIs(5));
  EXPECT_EQ(NewestPosition("op", "kent", "a"), 0);
  EXPECT_EQ(NewestPosition("op", "kent", "b"), 0);
  EXPECT_EQ(NewestPosition("op", "kent", "stored"), 5);
  EXPECT_EQ(store().ReadOperations()->front().title(), "Before");
  // It was the group's fault, not the disk's, and nothing of it stayed in memory.
  EXPECT_THAT(store().Append(GroupOf(6, 1'700'000'000'000'000, good)), IsOk());
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(NewestPosition("op", "kent", "a"), 6);
    EXPECT_EQ(NewestPosition("op", "kent", "stored"), 8);
    EXPECT_EQ(NewestPosition("op", "kent", "b"), 10);
    EXPECT_THAT(ReplayFrom(1), SizeIs(10));
    Open();
  }
}

// The result_id of an entry with a zero byte in it.
constexpr absl::string_view kWithZeroByte("a\0b", 3);

INSTANTIATE_TEST_SUITE_P(
    Groups, AppendRefuses,
    testing::ValuesIn<BadGroupCase>({
        {"APositionTooEarly", [](auto& group) { group.first_position = 5; }, "position 5"},
        {"APositionTooLate", [](auto& group) { group.first_position = 7; }, "position 7"},
        {"NoEntries", [](auto& group) { group.entries.clear(); }, "no entries"},
        {"TimeThatFalls", [](auto& group) { group.accept_time_us = 1'600'000'000'000'000; }, "accept time"},
        {"AnEmptyEntry", [](auto& group) { group.entries[0] = {}; }, "neither a result"},
        {"AResultWithoutKey", [](auto& group) { group.entries[0].key = {}; }, "neither a result"},
        {"AResultWithoutId", [](auto& group) { group.entries[0].key.result_id = {}; }, "result_id"},
        {"AResultWithoutForce", [](auto& group) { group.entries[0].key.force = {}; }, "force"},
        {"AResultWithoutOperation", [](auto& group) { group.entries[0].key.operation = {}; }, "operation"},
        {"AResultWithAZeroByte", [](auto& group) { group.entries[0].key.result_id = kWithZeroByte; }, "result_id"},
        {"AnOperationWithoutId", [](auto& group) { group.entries[1].head = group.entries[1].tail = {}; }, "operation"},
        {"AnOperationThatIsNone", [](auto& group) { group.entries[1].tail = "\xff"; }, "operation"},
        {"AStoredResultThatReplacesNothing", [](auto& group) { group.entries[2].replaced_position = 0; }, "position 5"},
        {"AResultOfTheGroupThatReplacesNothing", [](auto& group) { group.entries[4].replaced_position = 0; },
         "position 9"},
        {"AnOperationThatReplaces", [](auto& group) { group.entries[1].replaced_position = 3; }, "result_id"},
        {"AnOlderRevisionReplaced", [](auto& group) { group.entries[2].replaced_position = 4; }, "position 4"},
        {"AnotherResultReplaced", [](auto& group) { group.entries[2].replaced_position = 2; }, "position 2"},
        {"AnOperationReplaced", [](auto& group) { group.entries[2].replaced_position = 3; }, "position 3"},
        {"ALaterResultReplaced", [](auto& group) { group.entries[2].replaced_position = 9; }, "position 9"},
        {"APositionBeyondTheGroupReplaced", [](auto& group) { group.entries[2].replaced_position = 11; },
         "position 11"},
        {"ANegativePositionReplaced", [](auto& group) { group.entries[2].replaced_position = -1; }, "position -1"},
        {"ItselfReplaced", [](auto& group) { group.entries[2].replaced_position = 8; }, "position 8"},
        {"ANewResultThatReplaces", [](auto& group) { group.entries[0].replaced_position = 5; }, "position 5"},
        {"ANewResultThatReplacesItself", [](auto& group) { group.entries[0].replaced_position = 6; }, "position 6"},
        {"AnotherResultOfTheGroupReplaced", [](auto& group) { group.entries[4].replaced_position = 8; }, "position 8"},
        {"AnEntryReplacedTwice",
         [](auto& group) {
           group.entries.push_back(group.entries[4]);  // Also says that it replaces 9, which 10 has done.
         },
         "position 9"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(StoreTest, GroupsMayShareAnAcceptTime) {
  Open();
  const auto append = [this](LogPosition first, int64_t accept_time_us) {
    const EncodedEntries entries({ResultEntry("op", "kent", absl::StrCat(first))});
    return store().Append(GroupOf(first, accept_time_us, entries));
  };
  for (const LogPosition first : {1, 2, 3}) EXPECT_THAT(append(first, 5), IsOk());
  Open();
  EXPECT_THAT(append(4, 5), IsOk());
  EXPECT_THAT(append(5, 4), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("accept time")));
}

TEST_F(StoreTest, NewestRevisionsComeInTheOrderOfTheKeys) {
  Open();
  AppendResults(600);
  AppendGroup({RevisionEntry("op", "thames-valley", "7", 2, 7)});
  std::vector<std::string> ids;
  for (int i = 700; i > 0; --i) ids.push_back(absl::StrCat(i));
  ids.emplace_back("1");  // Asked twice.
  std::vector<ResultKey> keys;
  keys.reserve(ids.size());
  for (const std::string& id : ids) keys.push_back({"op", "thames-valley", id});
  for (const bool flushed : {false, true}) {
    if (flushed) {
      ASSERT_THAT(store().Flush(), IsOk());
    }
    const auto newest = store().ReadNewest(keys);
    ASSERT_THAT(newest, IsOk());
    ASSERT_EQ(newest->size(), keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      const LogPosition id = i < 700 ? 700 - static_cast<LogPosition>(i) : 1;
      if (id > 600) {
        EXPECT_FALSE((*newest)[i].has_value()) << id;
        continue;
      }
      ASSERT_TRUE((*newest)[i].has_value()) << id;
      EXPECT_EQ((*newest)[i]->position, id == 7 ? 601 : id);
      EXPECT_EQ((*newest)[i]->accept_time_us, id == 7 ? 1'600'000'000'000'601 : 1'600'000'000'000'001);
      const LogEntry want = id == 7 ? RevisionEntry("op", "thames-valley", "7", 2, 7)
                                    : ResultEntry("op", "thames-valley", absl::StrCat(id));
      EXPECT_EQ((*newest)[i]->entry.SerializeAsString(), want.SerializeAsString());
    }
  }
  EXPECT_THAT(*store().ReadNewest({}), IsEmpty());
}

TEST_F(StoreTest, AHigherRevisionTakesThePlaceOfALowerOne) {
  Open();
  AppendGroup({ResultEntry("op", "kent", "a")});
  // Two revisions of one result in one group: the later entry stays, whatever else is in it.
  LogEntry last = RevisionEntry("op", "kent", "a", 3, 2);
  last.mutable_result()->mutable_result()->set_retracted(true);
  AppendGroup({RevisionEntry("op", "kent", "a", 2, 1), ResultEntry("op", "kent", "b"), last});
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(NewestPosition("op", "kent", "a"), 4);
    EXPECT_EQ(NewestPosition("op", "kent", "b"), 3);
    EXPECT_THAT(ResultIds(*store().ListNewest("op", "kent", 0, 10)), ElementsAre("b", "a"));
    Open();
  }
}

TEST_F(StoreTest, ARevisionMayReplaceOneOfItsOwnGroup) {
  Open();
  // More than one chunk, and the first revision in the same group too.
  std::vector<LogEntry> entries = {ResultEntry("op", "kent", "a")};
  for (int64_t revision = 2; revision <= 100; ++revision) {
    entries.push_back(RevisionEntry("op", "kent", "a", revision, revision - 1));
  }
  entries.push_back(ResultEntry("op", "surrey", "a"));
  AppendGroup(entries);
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(NewestPosition("op", "kent", "a"), 100);
    EXPECT_EQ(NewestPosition("op", "surrey", "a"), 101);
    EXPECT_THAT(*store().ListNewest("op", "kent", 0, 10), SizeIs(1));
    Open();
  }
  AppendGroup({RevisionEntry("op", "kent", "a", 101, 100)});
  EXPECT_EQ(NewestPosition("op", "kent", "a"), 102);
}

// What differs in one part alone, or where the parts meet, is another result.
TEST_F(StoreTest, ResultsWithNearlyTheSameKeyAreApart) {
  Open();
  const std::vector<ResultKey> keys = {{"op", "kent", "a"}, {"op", "kent", "A"},   {"op", "kenta", "a"},
                                       {"op", "ken", "ta"}, {"opk", "ent", "a"},   {"op", "kent", "a "},
                                       {"o", "pkent", "a"}, {"op-2", "kent", "a"}, {"op", "kent", "\x01"}};
  std::vector<LogEntry> entries;
  entries.reserve(keys.size());
  for (const ResultKey& key : keys) entries.push_back(ResultEntry(key.operation, key.force, key.result_id));
  AppendGroup(entries);
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(NewestPosition(keys[i].operation, keys[i].force, keys[i].result_id), static_cast<LogPosition>(i) + 1);
  }
  EXPECT_EQ(NewestPosition("op", "kent", "aa"), 0);
}

TEST_F(StoreTest, KeysThatNobodyCanHaveAreRefused) {
  Open();
  const std::string too_long(256, 'a');
  for (const ResultKey& key :
       std::vector<ResultKey>{{"", "kent", "a"}, {"op", kWithZeroByte, "a"}, {"op", "kent", too_long}, {}}) {
    EXPECT_THAT(store().ReadNewest({key}), StatusIs(absl::StatusCode::kInvalidArgument, _));
  }
  EXPECT_THAT(store().ListNewest("", "kent", 0, 1), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(store().ListNewest("op", "", 0, 1), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(store().ListNewest("op", too_long, 0, 1), StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST_F(StoreTest, WhatStoodAtAnyPositionIsListedAcrossForces) {
  Open();
  AppendGroup({ResultEntry("op", "kent", "a"), ResultEntry("op", "essex", "a"), ResultEntry("other", "kent", "a")});
  AppendGroup(
      {RevisionEntry("op", "kent", "a", 2, 1), OperationEntry("op", "Changed"), ResultEntry("op", "kent", "b")});
  AppendGroup({RevisionEntry("op", "kent", "a", 3, 4), RevisionEntry("op", "essex", "a", 2, 2)});
  const std::vector<ForceKey> kOp = {{"op", "kent"}, {"op", "essex"}};
  for (int times = 0; times < 2; ++times) {
    const std::vector<std::vector<LogPosition>> kWant = {{},     {1},       {1, 2},    {1, 2},   {2, 4},
                                                         {2, 4}, {2, 4, 6}, {2, 6, 7}, {6, 7, 8}};
    for (LogPosition at = 0; at <= 8; ++at) {
      EXPECT_EQ(store().ListStanding(kOp, at, 0, 100), kWant[static_cast<size_t>(at)]) << at;
    }
    EXPECT_THAT(store().ListStanding(kOp, 6, 2, 100), ElementsAre(4, 6));
    EXPECT_THAT(store().ListStanding(kOp, 6, 0, 2), ElementsAre(2, 4));
    EXPECT_THAT(store().ListStanding(kOp, 1'000, 0, 100), ElementsAre(6, 7, 8)) << "beyond the end it is the end";
    EXPECT_THAT(store().ListStanding({{{"other", "kent"}, {"op", "surrey"}, {"", "kent"}}}, 8, 0, 100), ElementsAre(3));
    EXPECT_THAT(store().ListStanding({}, 8, 0, 100), IsEmpty());
    EXPECT_THAT(store().ListStanding(kOp, 8, 0, 0), IsEmpty());
    Open();
  }
}

// More than is looked at without letting the writer in between.
TEST_F(StoreTest, WhatStoodIsFoundBehindManyRevisionsThatDidNot) {
  Open();
  std::vector<LogEntry> entries = {ResultEntry("op", "kent", "a")};
  for (int64_t revision = 2; revision <= 10'000; ++revision) {
    entries.push_back(RevisionEntry("op", "kent", "a", revision, revision - 1));
  }
  entries.push_back(ResultEntry("op", "kent", "b"));
  AppendGroup(entries);
  const std::vector<ForceKey> kKent = {{"op", "kent"}};
  EXPECT_THAT(store().ListStanding(kKent, 10'001, 0, 10), ElementsAre(10'000, 10'001));
  EXPECT_THAT(store().ListStanding(kKent, 9'000, 0, 10), ElementsAre(9'000));
}

class ListTest : public StoreTest {
 protected:
  // Forces and operations whose ids are near misses of each other.
  void SetUp() override {
    Open();
    AppendGroup({
        ResultEntry("op", "north", "b"),         // 1, replaced by 12
        ResultEntry("op", "north", "a"),         // 2
        OperationEntry("op", "Title"),           // 3
        ResultEntry("op", "north-wales", "a"),   // 4
        ResultEntry("op", "nort", "a"),          // 5
        ResultEntry("op-2", "north", "a"),       // 6
        ResultEntry("o", "pnorth", "a"),         // 7
        ResultEntry("op", "northern", "a"),      // 8
        ResultEntry("op", "north", "c"),         // 9, replaced by 11
        ResultEntry("op", "north", "d"),         // 10
        RevisionEntry("op", "north", "c", 2, 9)  // 11
    });
    LogEntry retraction = RevisionEntry("op", "north", "b", 2, 1);  // 12
    retraction.mutable_result()->set_outcome(v1::OUTCOME_RETRACTED);
    retraction.mutable_result()->mutable_result()->set_retracted(true);
    AppendGroup({retraction, ResultEntry("op", "north-wales", "b")});  // 13
  }
};

TEST_F(ListTest, TheNewestRevisionsOfThatForceInThatOperationByPosition) {
  for (int times = 0; times < 2; ++times) {
    EXPECT_THAT(ListPositions("op", "north", 0, 100), ElementsAre(2, 10, 11, 12));
    EXPECT_THAT(ListPositions("op", "north-wales", 0, 100), ElementsAre(4, 13));
    EXPECT_THAT(ListPositions("op", "nort", 0, 100), ElementsAre(5));
    EXPECT_THAT(ListPositions("op-2", "north", 0, 100), ElementsAre(6));
    EXPECT_THAT(ListPositions("o", "pnorth", 0, 100), ElementsAre(7));
    EXPECT_THAT(ListPositions("op", "northe", 0, 100), IsEmpty());
    EXPECT_THAT(ListPositions("o", "north", 0, 100), IsEmpty());
    EXPECT_THAT(ListPositions("north", "op", 0, 100), IsEmpty());
    Open();
  }
}

TEST_F(ListTest, PagesBeginAfterTheLastOfTheOneBefore) {
  EXPECT_THAT(ListPositions("op", "north", 0, 2), ElementsAre(2, 10));
  EXPECT_THAT(ListPositions("op", "north", 10, 1), ElementsAre(11));
  EXPECT_THAT(ListPositions("op", "north", 11, 2), ElementsAre(12));
  EXPECT_THAT(ListPositions("op", "north", 12, 2), IsEmpty());
}

// A result that is revised while somebody pages moves behind: it may be seen twice, and never not at all.
TEST_F(ListTest, AResultRevisedBetweenPagesIsOnALaterPage) {
  EXPECT_THAT(ListPositions("op", "north", 0, 1), ElementsAre(2));
  AppendGroup({RevisionEntry("op", "north", "a", 2, 2), RevisionEntry("op", "north", "d", 2, 10)});  // 14, 15
  EXPECT_THAT(ListPositions("op", "north", 2, 100), ElementsAre(11, 12, 14, 15));
}

TEST_F(ListTest, AfterNeedNotBeInTheList) {
  EXPECT_THAT(ListPositions("op", "north", 1, 1), ElementsAre(2));
  EXPECT_THAT(ListPositions("op", "north", 9, 1), ElementsAre(10));
  EXPECT_THAT(ListPositions("op", "north", -1, 1), ElementsAre(2));
  EXPECT_THAT(ListPositions("op", "north", 1000, 1), IsEmpty());
}

TEST_F(ListTest, ALimitOfNothingGivesNothing) {
  EXPECT_THAT(ListPositions("op", "north", 0, 0), IsEmpty());
  EXPECT_THAT(ListPositions("op", "north", 0, -1), IsEmpty());
}

TEST_F(ListTest, WhatIsListedIsWhatIsStored) {
  const auto listed = store().ListNewest("op", "north", 10, 1);
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_EQ((*listed)[0].position, 11);
  EXPECT_EQ((*listed)[0].accept_time_us, 1'600'000'000'000'001);
  EXPECT_EQ((*listed)[0].entry.SerializeAsString(), RevisionEntry("op", "north", "c", 2, 9).SerializeAsString());
}

TEST_F(StoreTest, OperationsAreAsTheirNewestChangeLeftThem) {
  Open();
  AppendGroup({OperationEntry("op-2", "Two"), OperationEntry("op-1", "One"), OperationEntry("op-2", "Two, again")});
  AppendGroup({OperationEntry("op-1", "One, again"), OperationEntry("op", "Prefix of both")});
  for (int times = 0; times < 2; ++times) {
    const absl::StatusOr<std::vector<v1::Operation>> operations = store().ReadOperations();
    ASSERT_THAT(operations, IsOk());
    std::vector<std::string> titles;
    for (const v1::Operation& operation : *operations) titles.push_back(operation.id() + ": " + operation.title());
    EXPECT_THAT(titles, ElementsAre("op: Prefix of both", "op-1: One, again", "op-2: Two, again"));
    Open();
  }
}

TEST_F(StoreTest, ACheckpointKeepsThePartsThatDidNotChange) {
  Open();
  AppendResults(30);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(10), {Part("op", "kent", 1), Part("op", "surrey", 2)}, false), IsOk());
  EXPECT_THAT(PartsOf(store()), ElementsAre("op/kent=1", "op/surrey=2"));
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(20), {Part("op", "surrey", 3), Part("op-2", "kent", 4)}, false), IsOk());
  EXPECT_THAT(PartsOf(store()), ElementsAre("op/kent=1", "op/surrey=3", "op-2/kent=4"));
  EXPECT_EQ((*store().ReadCheckpointHeader())->position(), 20);
  Open();
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(30), {Part("op", "kent", 5)}, false), IsOk());
  EXPECT_THAT(PartsOf(store()), ElementsAre("op/kent=5", "op/surrey=3", "op-2/kent=4"));
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(30), {}, false), IsOk());
  EXPECT_THAT(PartsOf(store()), SizeIs(3));
  EXPECT_EQ((*store().ReadCheckpointHeader())->SerializeAsString(), HeaderAt(30).SerializeAsString());
}

TEST_F(StoreTest, AReplacedCheckpointHasNothingOfTheOneBefore) {
  Open();
  AppendResults(10);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(10), {Part("op", "kent", 1), Part("op", "surrey", 2)}, false), IsOk());
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(5), {Part("op", "kent", 7)}, true), IsOk());
  EXPECT_THAT(PartsOf(store()), ElementsAre("op/kent=7"));
  EXPECT_EQ((*store().ReadCheckpointHeader())->position(), 5);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(10), {Part("op", "essex", 1)}, false), IsOk());
  Open();
  EXPECT_THAT(PartsOf(store()), ElementsAre("op/essex=1", "op/kent=7"));
  AppendResults(1);
  EXPECT_EQ(store().last_position(), 11);
}

TEST_F(StoreTest, ACheckpointIsOfThisLog) {
  Open();
  AppendResults(10);
  EXPECT_THAT(store().WriteCheckpoint(HeaderAt(11), {}, false), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(store().WriteCheckpoint(HeaderAt(-1), {}, false), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(store().WriteCheckpoint(HeaderAt(10), {Part("op", "", 1)}, false),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("force")));
  EXPECT_EQ(*store().ReadCheckpointHeader(), std::nullopt);
  EXPECT_THAT(store().WriteCheckpoint(HeaderAt(10), {}, false), IsOk());
}

TEST_F(StoreTest, ReadingACheckpointStopsWithTheStatusOfItsVisitor) {
  Open();
  AppendResults(1);
  ASSERT_THAT(store().WriteCheckpoint(HeaderAt(1), {Part("op", "kent", 1), Part("op", "surrey", 2)}, false), IsOk());
  int visits = 0;
  EXPECT_THAT(store().ReadCheckpoint([&](const CheckpointPart&) {
    ++visits;
    return absl::CancelledError("enough");
  }),
              StatusIs(absl::StatusCode::kCancelled, "enough"));
  EXPECT_EQ(visits, 1);
}

// What is stored depends on what was appended and on the identity alone.
TEST_F(StoreTest, TheSameGroupsGiveTheSameBytes) {
  std::vector<std::map<std::string, std::string>> first;
  for (int times = 0; times < 2; ++times) {
    MakeWithIdentity(kCollisionIdentity);
    AppendResults(16'384);  // A run of the index.
    AppendResults(200);
    AppendGroup({OperationEntry("op", "Title")});
    AppendResults(3);
    ASSERT_THAT(store().WriteCheckpoint(HeaderAt(204), {Part("op", "thames-valley", 203)}, times == 1), IsOk());
    Close();
    {
      RawDatabase raw(StorePath());
      std::vector<std::map<std::string, std::string>> contents;
      for (const char* family : {"log", "index", "operation", "checkpoint"}) {
        contents.push_back(raw.ReadAll(family));
        EXPECT_THAT(contents.back(), Not(IsEmpty())) << family;
      }
      if (times == 0) first = contents;
      EXPECT_EQ(contents, first);
    }
    for (const auto& [name, size] : FilesOf(StorePath())) std::remove((StorePath() + "/" + name).c_str());
  }
}

// For ThreadSanitizer: readers see whole groups only, while groups and checkpoints are written.
TEST_F(StoreTest, ReadersAndWritersWorkBesideEachOther) {
  constexpr int kGroups = 40;
  constexpr int kGroupSize = 70;
  Open();
  AppendResults(kGroupSize);
  std::atomic<bool> done = false;
  std::thread checkpoints([&] {
    for (int64_t count = 1; !done; ++count) {
      const LogPosition position = store().last_position();
      EXPECT_THAT(store().WriteCheckpoint(HeaderAt(position), {Part("op", "kent", count)}, count % 8 == 0), IsOk());
    }
  });
  std::thread reader([&] {
    while (!done) {
      const LogPosition last = store().last_position();
      EXPECT_EQ(last % kGroupSize, 0);
      int64_t seen = 0;
      EXPECT_THAT(store().Replay(1,
                                 [&](const LoggedEntry&) {
                                   ++seen;
                                   return absl::OkStatus();
                                 }),
                  IsOk());
      EXPECT_GE(seen, last);
      EXPECT_EQ(NewestPosition("op", "thames-valley", absl::StrCat(last)), last);
      EXPECT_THAT(*store().ListNewest("op", "thames-valley", last - 3, 3), SizeIs(3));
      EXPECT_THAT(store().ReadEntries({last}), IsOk());
      EXPECT_LE(PartsOf(store()).size(), 1U);
    }
  });
  for (int group = 0; group < kGroups; ++group) AppendResults(kGroupSize);
  done = true;
  checkpoints.join();
  reader.join();
  EXPECT_THAT(ReplayFrom(1), SizeIs(kGroupSize * (kGroups + 1)));
}

}  // namespace
}  // namespace muster
