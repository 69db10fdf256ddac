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
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

using store::v1::CheckpointHeader;
using store::v1::LogEntry;
using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string KeyBytes(LogPosition position) {
  const std::array<char, kLogKeyBytes> key = EncodeLogKey(position);
  return std::string(key.data(), key.size());
}

std::vector<std::string> ResultIds(const std::vector<LoggedEntry>& entries) {
  std::vector<std::string> ids;
  ids.reserve(entries.size());
  for (const LoggedEntry& entry : entries) ids.push_back(entry.entry.result().result().result_id());
  return ids;
}

std::vector<std::string> ResultIds(const std::vector<NewestRevisionUpdate>& updates) {
  std::vector<std::string> ids;
  ids.reserve(updates.size());
  for (const NewestRevisionUpdate& update : updates) ids.push_back(update.key.result_id);
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
    EXPECT_EQ((*store().ReadNewestRevisions({{{"op", "thames-valley", "104"}}}))[0]->position, 104);
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
  std::function<void(LogGroup&, std::vector<NewestRevisionUpdate>&)> spoil;
  std::string want;
  friend void PrintTo(const BadGroupCase& row, std::ostream* out) { *out << row.name; }
};

class AppendRefuses : public StoreTest, public testing::WithParamInterface<BadGroupCase> {};

TEST_P(AppendRefuses, AGroupThatDoesNotFitAndWritesNothing) {
  Open();
  AppendResults(2);
  LogGroup good;
  good.first_position = 3;
  good.accept_time_us = 1'700'000'000'000'000;
  good.entries = {ResultEntry("op", "kent", "a"), OperationEntry("op", "Title")};
  const std::vector<NewestRevisionUpdate> good_updates = {UpdateOf(good.entries[0], 3)};

  LogGroup group = good;
  std::vector<NewestRevisionUpdate> updates = good_updates;
  GetParam().spoil(group, updates);
  EXPECT_THAT(store().Append(group, updates), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().want)));
  EXPECT_EQ(store().last_position(), 2);
  EXPECT_THAT(ReplayFrom(1), SizeIs(2));
  EXPECT_THAT(*store().ReadNewestRevisions({{{"op", "kent", "a"}}}), ElementsAre(std::nullopt));
  // It was the group's fault, not the disk's.
  EXPECT_THAT(store().Append(good, good_updates), IsOk());
}

INSTANTIATE_TEST_SUITE_P(
    Groups, AppendRefuses,
    testing::ValuesIn<BadGroupCase>({
        {"APositionTooEarly", [](auto& group, auto&) { group.first_position = 2; }, "position 2"},
        {"APositionTooLate", [](auto& group, auto&) { group.first_position = 4; }, "position 4"},
        {"NoEntries", [](auto& group, auto&) { group.entries.clear(); }, "no entries"},
        {"TimeThatFalls", [](auto& group, auto&) { group.accept_time_us = 1'600'000'000'000'000; }, "accept time"},
        {"AnEmptyEntry", [](auto& group, auto&) { group.entries[0].Clear(); }, "neither a result"},
        {"AResultWithoutId",
         [](auto& group, auto&) { group.entries[0].mutable_result()->mutable_result()->clear_result_id(); },
         "neither a result"},
        {"AnOperationWithoutId",
         [](auto& group, auto&) { group.entries[1].mutable_operation()->mutable_operation()->clear_id(); },
         "operation"},
        {"AnUpdateBeforeTheGroup", [](auto&, auto& updates) { updates[0].newest.position = 2; }, "position 2"},
        {"AnUpdateAfterTheGroup", [](auto&, auto& updates) { updates[0].newest.position = 5; }, "position 5"},
        {"AnUpdateOfRevisionZero", [](auto&, auto& updates) { updates[0].newest.revision = 0; }, "revision 0"},
        {"AnUpdateWithoutForce", [](auto&, auto& updates) { updates[0].key.force.clear(); }, "force"},
        {"AnUpdateWithAZeroByte", [](auto&, auto& updates) { updates[0].key.result_id.push_back('\0'); }, "result_id"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(StoreTest, GroupsMayShareAnAcceptTime) {
  Open();
  LogGroup group;
  group.accept_time_us = 5;
  group.entries = {ResultEntry("op", "kent", "a")};
  for (group.first_position = 1; group.first_position <= 3; ++group.first_position) {
    EXPECT_THAT(store().Append(group, {}), IsOk());
  }
  Open();
  group.first_position = 4;
  EXPECT_THAT(store().Append(group, {}), IsOk());
  group.first_position = 5;
  group.accept_time_us = 4;
  EXPECT_THAT(store().Append(group, {}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("accept time")));
}

TEST_F(StoreTest, NewestRevisionsComeInTheOrderOfTheKeys) {
  Open();
  AppendResults(600);  // More than are looked up at a time.
  std::vector<ResultKey> keys;
  for (int i = 700; i > 0; --i) keys.push_back({"op", "thames-valley", absl::StrCat(i)});
  keys.push_back(keys.back());  // Asked twice.
  for (const bool flushed : {false, true}) {
    if (flushed) {
      ASSERT_THAT(store().Flush(), IsOk());
    }
    const auto newest = store().ReadNewestRevisions(keys);
    ASSERT_THAT(newest, IsOk());
    ASSERT_EQ(newest->size(), keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      const LogPosition position = i < 700 ? 700 - static_cast<LogPosition>(i) : 1;
      if (position > 600) {
        EXPECT_EQ((*newest)[i], std::nullopt) << position;
      } else {
        const NewestRevision want =
            UpdateOf(ResultEntry("op", "thames-valley", absl::StrCat(position)), position).newest;
        EXPECT_EQ((*newest)[i], want) << position;
      }
    }
  }
  EXPECT_THAT(*store().ReadNewestRevisions({}), IsEmpty());
}

TEST_F(StoreTest, AHigherRevisionTakesThePlaceOfALowerOne) {
  Open();
  const LogEntry entry = ResultEntry("op", "kent", "a");
  AppendGroup({entry}, {UpdateOf(entry, 1)});
  // Two revisions of one result in one group: the later update stays, whatever else is in it.
  std::vector<NewestRevisionUpdate> updates = {UpdateOf(entry, 2), UpdateOf(ResultEntry("op", "kent", "b"), 3),
                                               UpdateOf(entry, 4)};
  updates[0].newest.revision = 2;
  updates[2].newest.revision = 3;
  updates[2].newest.retracted = true;
  AppendGroup({entry, ResultEntry("op", "kent", "b"), entry}, updates);
  EXPECT_THAT(*store().ReadNewestRevisions({{{"op", "kent", "a"}}}), ElementsAre(updates[2].newest));
  EXPECT_THAT(*store().ListNewestRevisions("op", "kent", "", 10), SizeIs(2));
}

TEST_F(StoreTest, KeysThatNobodyCanHaveAreRefused) {
  Open();
  for (const ResultKey& key : std::vector<ResultKey>{
           {"", "kent", "a"}, {"op", std::string("k\0t", 3), "a"}, {"op", "kent", std::string(256, 'a')}}) {
    EXPECT_THAT(store().ReadNewestRevisions({key}), StatusIs(absl::StatusCode::kInvalidArgument, _));
  }
  EXPECT_THAT(store().ListNewestRevisions("", "kent", "", 1), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(store().ListNewestRevisions("op", "", "", 1), StatusIs(absl::StatusCode::kInvalidArgument, _));
}

class ListTest : public StoreTest {
 protected:
  // Results whose ids are near misses of each other.
  void SetUp() override {
    Open();
    std::vector<LogEntry> entries;
    std::vector<NewestRevisionUpdate> updates;
    for (const ResultKey& key : std::vector<ResultKey>{{"op", "north", "a"},
                                                       {"op", "north", "a-1"},
                                                       {"op", "north", "aa"},
                                                       {"op", "north", "b"},
                                                       {"op", "north", "B"},
                                                       {"op", "north-wales", "a"},
                                                       {"op", "nort", "a"},
                                                       {"op-2", "north", "a"},
                                                       {"o", "north", "a"},
                                                       {"op", "northern", "a"}}) {
      entries.push_back(ResultEntry(key.operation, key.force, key.result_id));
      updates.push_back(UpdateOf(entries.back(), static_cast<LogPosition>(entries.size())));
    }
    AppendGroup(entries, updates);
  }

  std::vector<std::string> List(absl::string_view operation, absl::string_view force, absl::string_view after,
                                int limit) {
    const auto listed = store().ListNewestRevisions(operation, force, after, limit);
    EXPECT_THAT(listed, IsOk());
    return ResultIds(*listed);
  }
};

TEST_F(ListTest, OnlyThatForceInThatOperationInByteOrder) {
  EXPECT_THAT(List("op", "north", "", 100), ElementsAre("B", "a", "a-1", "aa", "b"));
  EXPECT_THAT(List("op", "north-wales", "", 100), ElementsAre("a"));
  EXPECT_THAT(List("op-2", "north", "", 100), ElementsAre("a"));
  EXPECT_THAT(List("op", "northe", "", 100), IsEmpty());
  EXPECT_THAT(List("op-", "north", "", 100), IsEmpty());
}

TEST_F(ListTest, PagesBeginAfterTheLastOfTheOneBefore) {
  EXPECT_THAT(List("op", "north", "", 2), ElementsAre("B", "a"));
  EXPECT_THAT(List("op", "north", "a", 2), ElementsAre("a-1", "aa"));
  EXPECT_THAT(List("op", "north", "aa", 2), ElementsAre("b"));
  EXPECT_THAT(List("op", "north", "b", 2), IsEmpty());
}

TEST_F(ListTest, AfterNeedNotExist) {
  EXPECT_THAT(List("op", "north", "a-", 1), ElementsAre("a-1"));
  EXPECT_THAT(List("op", "north", "0", 1), ElementsAre("B"));
  EXPECT_THAT(List("op", "north", "zzz", 1), IsEmpty());
}

TEST_F(ListTest, ALimitOfNothingGivesNothing) {
  EXPECT_THAT(List("op", "north", "", 0), IsEmpty());
  EXPECT_THAT(List("op", "north", "", -1), IsEmpty());
}

TEST_F(ListTest, WhatIsListedIsWhatIsStored) {
  const auto listed = store().ListNewestRevisions("op", "north", "a", 1);
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_EQ((*listed)[0].key, (ResultKey{"op", "north", "a-1"}));
  EXPECT_EQ((*listed)[0].newest, UpdateOf(ResultEntry("op", "north", "a-1"), 2).newest);
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

// The identity apart, what is stored depends on what was appended alone.
TEST_F(StoreTest, TheSameGroupsGiveTheSameBytes) {
  std::vector<std::map<std::string, std::string>> first;
  for (int times = 0; times < 2; ++times) {
    Open();
    AppendResults(200);
    AppendGroup({OperationEntry("op", "Title")});
    AppendResults(3);
    ASSERT_THAT(store().WriteCheckpoint(HeaderAt(204), {Part("op", "thames-valley", 203)}, times == 1), IsOk());
    Close();
    {
      RawDatabase raw(StorePath());
      std::vector<std::map<std::string, std::string>> contents;
      for (const char* family : {"log", "newest", "operation", "checkpoint"}) contents.push_back(raw.ReadAll(family));
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
      const auto newest = store().ReadNewestRevisions({{{"op", "thames-valley", absl::StrCat(last)}}});
      ASSERT_THAT(newest, IsOk());
      EXPECT_EQ((*newest)[0]->position, last);
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
