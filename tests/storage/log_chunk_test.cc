#include "storage/log_chunk.h"

#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/encoded_entries.h"

namespace muster {
namespace {

using store::v1::LogChunk;
using store::v1::LogEntry;

LogEntry AResult(absl::string_view id, size_t reason_bytes = 0) {
  LogEntry entry;
  entry.mutable_result()->mutable_result()->set_result_id(std::string(id));
  entry.mutable_result()->mutable_result()->set_reason(std::string(reason_bytes, 'r'));
  return entry;
}

LogEntry AnOperation(absl::string_view id) {
  LogEntry entry;
  entry.mutable_operation()->mutable_operation()->set_id(std::string(id));
  return entry;
}

// A result in which every field holds something.
LogEntry AFullResult() {
  LogEntry entry = AResult("full", 20);
  store::v1::LoggedResult& logged = *entry.mutable_result();
  logged.set_outcome(v1::OUTCOME_REVISED);
  logged.set_digest(std::string(32, 'd'));
  logged.add_warnings()->set_figure_index(0);
  logged.add_nil_metrics("arrests");
  logged.set_replaced_position(12);
  v1::OperationResult& result = *logged.mutable_result();
  result.set_operation("op");
  result.set_force("kent");
  result.set_revision(3);
  result.set_start_date("2021-10-15");
  result.set_end_date("2021-10-16");
  result.set_final(true);
  for (int i = 0; i < 3; ++i) {
    v1::Figure& figure = *result.add_figures();
    figure.set_metric("drugs-weight");
    figure.set_value(i);
    figure.set_unit(v1::UNIT_GRAM);
    figure.add_categories("heroin");
  }
  return entry;
}

std::string Write(int64_t accept_time_us, const std::vector<LogEntry>& entries) {
  LogChunkWriter writer;
  EXPECT_EQ(writer.Write(accept_time_us, EncodedEntries(entries).entries()), entries.size());
  return std::string(writer.bytes());
}

TEST(LogChunkTest, BytesAreThoseOfTheMessage) {
  const std::vector<LogEntry> entries = {AFullResult(), AnOperation("op"), AResult("b")};
  LogChunk chunk;
  chunk.set_accept_time_us(1'600'000'000'000'000);
  for (const LogEntry& entry : entries) *chunk.add_entries() = entry;
  EXPECT_EQ(Write(chunk.accept_time_us(), entries), chunk.SerializeAsString());
}

// Where the head of an entry ends is not seen in the chunk: empty parts and a cut inside a field are as good.
TEST(LogChunkTest, AnEntryMayBeCutAnywhere) {
  const LogEntry result = AFullResult();
  const std::string bytes = result.result().SerializeAsString();
  const std::string want = Write(7, {result});
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    GroupEntry entry;
    entry.head = absl::string_view(bytes).substr(0, cut);
    entry.tail = absl::string_view(bytes).substr(cut);
    entry.key = KeyOf(result.result().result());
    LogChunkWriter writer;
    ASSERT_EQ(writer.Write(7, {&entry, 1}), 1U);
    ASSERT_EQ(writer.bytes(), want) << "cut at " << cut;
  }
}

// The order in which the applier makes an entry: first what is known before the decision.
TEST(LogChunkTest, AHeadAndTheRestAreTheWholeMessage) {
  const LogEntry whole = AFullResult();
  store::v1::LoggedResult rest = whole.result();
  rest.clear_result();
  rest.clear_digest();
  const std::string& digest = whole.result().digest();
  std::string head = "before";
  AppendResultHead(whole.result().result(), "", {reinterpret_cast<const uint8_t*>(digest.data()), digest.size()}, head);
  ASSERT_EQ(head.substr(0, 6), "before");
  const std::string tail = rest.SerializeAsString();
  GroupEntry entry;
  entry.head = absl::string_view(head).substr(6);
  entry.tail = tail;
  entry.key = KeyOf(whole.result().result());
  LogChunkWriter writer;
  ASSERT_EQ(writer.Write(7, {&entry, 1}), 1U);
  LogChunkView view;
  ASSERT_TRUE(view.Reset(writer.bytes()).ok());
  LogEntry read;
  ASSERT_TRUE(ReadLogEntry(view.entry(0), read).ok());
  EXPECT_EQ(read.SerializeAsString(), whole.SerializeAsString());
}

TEST(LogChunkTest, AResultIsKeptAsItCameUnlessItCameLongerThanNeedBe) {
  muster::v1::OperationResult result = AFullResult().result().result();
  const std::string own = result.SerializeAsString();
  muster::v1::OperationResult without_id = result;
  without_id.clear_result_id();
  muster::v1::OperationResult id;
  id.set_result_id(result.result_id());
  const std::string other_order = without_id.SerializeAsString() + id.SerializeAsString();
  const std::string twice = own + id.SerializeAsString();
  ASSERT_NE(other_order, own);
  struct Row {
    const char* name;
    std::string serialised;
    std::string kept;
  };
  for (const Row& row : std::vector<Row>{{"none", "", own},
                                         {"its own", own, own},
                                         {"fields in another order", other_order, other_order},
                                         {"a field that is said twice", twice, own}}) {
    std::string head;
    AppendResultHead(result, row.serialised, {}, head);
    store::v1::LoggedResult logged;
    ASSERT_TRUE(logged.ParseFromString(head)) << row.name;
    EXPECT_EQ(logged.result().SerializeAsString(), own) << row.name;
    EXPECT_TRUE(absl::StrContains(head, row.kept)) << row.name;
  }
}

TEST(LogChunkTest, EveryAcceptTimeRoundTrips) {
  for (const int64_t time : {int64_t{0}, int64_t{1}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    const std::string bytes = Write(time, {AResult("a")});
    LogChunkView view;
    ASSERT_TRUE(view.Reset(bytes).ok());
    EXPECT_EQ(view.accept_time_us(), time);
    LogChunk chunk;
    ASSERT_TRUE(chunk.ParseFromString(bytes));
    EXPECT_EQ(chunk.accept_time_us(), time);
  }
}

TEST(LogChunkTest, EntriesReadBackOneByOne) {
  const std::vector<LogEntry> entries = {AFullResult(), AnOperation("op"), AResult("b")};
  const std::string bytes = Write(7, entries);
  LogChunkView view;
  ASSERT_TRUE(view.Reset(bytes).ok());
  ASSERT_EQ(view.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    LogEntry entry;
    ASSERT_TRUE(ReadLogEntry(view.entry(i), entry).ok());
    EXPECT_EQ(entry.SerializeAsString(), entries[i].SerializeAsString());
  }
}

// One message object reads everything: nothing of one entry may be seen in the next.
TEST(LogChunkTest, NothingOfAnEntryStaysInTheNext) {
  const std::vector<LogEntry> kinds = {AFullResult(), AResult("bare"), AnOperation("op"), AnOperation("another")};
  for (const LogEntry& first : kinds) {
    for (const LogEntry& second : kinds) {
      LogEntry read;
      ASSERT_TRUE(ReadLogEntry(first.SerializeAsString(), read).ok());
      ASSERT_TRUE(ReadLogEntry(second.SerializeAsString(), read).ok());
      EXPECT_EQ(read.SerializeAsString(), second.SerializeAsString());
    }
  }
}

TEST(LogChunkTest, AChunkTakesAtMostSixtyFourEntries) {
  LogChunkWriter writer;
  const EncodedEntries entries(std::vector<LogEntry>(kMaxChunkEntries + 1, AResult("a")));
  EXPECT_EQ(writer.Write(1, entries.entries()), kMaxChunkEntries);
  LogChunkView view;
  ASSERT_TRUE(view.Reset(writer.bytes()).ok());
  EXPECT_EQ(view.size(), kMaxChunkEntries);
}

TEST(LogChunkTest, AChunkOfSeveralEntriesIsAtMostSixteenKibibytes) {
  LogChunkWriter writer;
  const EncodedEntries entries(std::vector<LogEntry>(10, AResult("a", 5000)));
  EXPECT_EQ(writer.Write(1, entries.entries()), 3U);
  EXPECT_LE(writer.bytes().size(), kMaxChunkBytes);
}

TEST(LogChunkTest, AChunkMayBeExactlyAsLongAsAllowed) {
  // Grows the second entry until the chunk is full to the byte, and one more.
  const size_t around = Write(1, {AResult("a"), AResult("b", 15000)}).size() - 15000;
  const size_t fill = kMaxChunkBytes - around;
  LogChunkWriter writer;
  EXPECT_EQ(writer.Write(1, EncodedEntries({AResult("a"), AResult("b", fill)}).entries()), 2U);
  EXPECT_EQ(writer.bytes().size(), kMaxChunkBytes);
  EXPECT_EQ(writer.Write(1, EncodedEntries({AResult("a"), AResult("b", fill + 1)}).entries()), 1U);
}

TEST(LogChunkTest, ALongEntryIsAChunkOfItsOwn) {
  LogChunkWriter writer;
  const EncodedEntries entries({AResult("long", 100'000), AResult("b")});
  EXPECT_EQ(writer.Write(1, entries.entries()), 1U);
  LogChunkView view;
  ASSERT_TRUE(view.Reset(writer.bytes()).ok());
  LogEntry read;
  ASSERT_TRUE(ReadLogEntry(view.entry(0), read).ok());
  EXPECT_EQ(read.result().result().reason().size(), 100'000U);
}

// Each row is a near miss of a chunk: accept time 7 and one entry.
struct NotAChunkCase {
  std::string name;
  std::string bytes;
  friend void PrintTo(const NotAChunkCase& row, std::ostream* out) { *out << row.name; }
};

class ReadingAChunkRefuses : public testing::TestWithParam<NotAChunkCase> {};

TEST_P(ReadingAChunkRefuses, WhatIsNotExactlyAChunk) {
  LogChunkView view;
  EXPECT_EQ(view.Reset(GetParam().bytes).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(view.size() <= kMaxChunkEntries, true);
}

std::vector<NotAChunkCase> NotChunks() {
  const std::string one = Write(7, {AResult("a")});
  std::string too_many = Write(7, std::vector<LogEntry>(kMaxChunkEntries, AResult("a")));
  too_many += one.substr(2);
  return {
      {"Empty", ""},
      {"NoEntries", one.substr(0, 2)},
      {"NoTime", one.substr(2)},
      {"TimeCutOff", one.substr(0, 1)},
      {"TimeWithoutEnd", "\x08" + std::string(11, '\x80')},
      {"LengthCutOff", one.substr(0, 3)},
      {"EntryCutOff", one.substr(0, one.size() - 1)},
      {"BytesAfter", one + "x"},
      {"OtherField", one.substr(0, 2) + "\x1a" + one.substr(3)},
      {"TooManyEntries", too_many},
  };
}

INSTANTIATE_TEST_SUITE_P(Chunks, ReadingAChunkRefuses, testing::ValuesIn(NotChunks()),
                         [](const auto& row) { return row.param.name; });

struct NotAnEntryCase {
  std::string name;
  std::string bytes;
  friend void PrintTo(const NotAnEntryCase& row, std::ostream* out) { *out << row.name; }
};

class ReadingAnEntryRefuses : public testing::TestWithParam<NotAnEntryCase> {};

TEST_P(ReadingAnEntryRefuses, WhatIsNeitherResultNorOperation) {
  LogEntry entry = AFullResult();
  EXPECT_EQ(ReadLogEntry(GetParam().bytes, entry).code(), absl::StatusCode::kDataLoss);
}

std::vector<NotAnEntryCase> NotEntries() {
  const std::string result = AResult("a").SerializeAsString();
  LogEntry empty_result;
  empty_result.mutable_result()->set_outcome(v1::OUTCOME_ACCEPTED);
  return {
      {"Empty", ""},
      {"OtherField", "\x1a" + result.substr(1)},
      {"NoLength", result.substr(0, 1)},
      {"CutOff", result.substr(0, result.size() - 1)},
      {"TwoInOne", result + result},
      {"NoResultInIt", empty_result.SerializeAsString()},
      {"ResultNotAMessage", std::string("\x0a\x01\xff", 3)},
      {"OperationNotAMessage", std::string("\x12\x01\xff", 3)},
  };
}

INSTANTIATE_TEST_SUITE_P(Entries, ReadingAnEntryRefuses, testing::ValuesIn(NotEntries()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
