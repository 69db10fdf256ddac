// Snapshots and changes: whoever applies them has what a query would answer, however long it was away.
#include "service/watched_totals.h"

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/followed_totals.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/message_bytes.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/aggregator/random_results.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kManyRows = 1'000;

std::vector<v1::WatchTotalsResponse> Parsed(std::vector<grpc::ByteBuffer> buffers) {
  std::vector<v1::WatchTotalsResponse> messages;
  for (grpc::ByteBuffer& buffer : buffers) EXPECT_TRUE(Parse(&buffer, &messages.emplace_back()));
  return messages;
}

// An answer of one metric, a row for each force: "kent 5".
v1::QueryTotalsResponse AnswerOf(LogPosition position, const std::vector<std::pair<std::string, int64_t>>& rows) {
  v1::QueryTotalsResponse answer;
  answer.set_position(position);
  answer.mutable_as_of_time()->set_seconds(position);
  for (const auto& [force, sum] : rows) {
    v1::TotalsRow& row = *answer.add_rows();
    row.set_force(force);
    row.set_metric("arrests");
    row.mutable_total()->set_sum(sum);
  }
  return answer;
}

bool Take(WatchedTotals& watched, v1::QueryTotalsResponse answer) { return watched.Take(&answer); }

// "kent 5 at 0"; "kent gone".
std::vector<std::string> Changes(WatchedTotals& watched, std::optional<LogPosition> since) {
  std::vector<std::string> texts;
  for (const v1::WatchTotalsResponse& message : Parsed(watched.MessagesSince(since, "token"))) {
    if (message.snapshot()) texts.emplace_back("snapshot");
    for (int index = 0; index < message.rows_size(); ++index) {
      const v1::TotalsRow& row = message.rows(index);
      const std::string text =
          row.has_total() ? absl::StrCat(row.force(), " ", row.total().sum()) : absl::StrCat(row.force(), " gone");
      const bool has_place = index < message.places_size() && message.places(index) >= 0;
      texts.push_back(has_place ? absl::StrCat(text, " at ", message.places(index)) : text);
    }
  }
  return texts;
}

TEST(WatchedTotalsTest, AReaderGetsWhatChangedSinceItsPosition) {
  WatchedTotals watched(kManyRows);
  EXPECT_TRUE(Take(watched, AnswerOf(10, {{"essex", 1}, {"kent", 5}, {"surrey", 2}})));
  EXPECT_TRUE(Take(watched, AnswerOf(12, {{"essex", 1}, {"kent", 6}, {"surrey", 2}})));
  EXPECT_TRUE(Take(watched, AnswerOf(15, {{"essex", 1}, {"kent", 6}, {"sussex", 9}})));
  EXPECT_THAT(Changes(watched, 12), ElementsAre("surrey gone", "sussex 9 at 2"));
  EXPECT_THAT(Changes(watched, 10), ElementsAre("surrey gone", "kent 6 at 1", "sussex 9 at 2"));
  EXPECT_THAT(Changes(watched, 15), IsEmpty());
  EXPECT_THAT(Changes(watched, std::nullopt), ElementsAre("snapshot", "essex 1", "kent 6", "sussex 9"));
  // It cannot know of before, nor of what is still to come.
  EXPECT_THAT(Changes(watched, 9), SizeIs(4));
  EXPECT_THAT(Changes(watched, 16), SizeIs(4));
}

TEST(WatchedTotalsTest, ARowThatComesBackIsThere) {
  WatchedTotals watched(kManyRows);
  Take(watched, AnswerOf(1, {{"kent", 5}}));
  Take(watched, AnswerOf(2, {}));
  Take(watched, AnswerOf(3, {{"kent", 5}}));
  EXPECT_THAT(Changes(watched, 1), ElementsAre("kent 5 at 0"));
  EXPECT_THAT(Changes(watched, 2), ElementsAre("kent 5 at 0"));
}

TEST(WatchedTotalsTest, TheSameAnswerAtALaterPositionIsNoNews) {
  WatchedTotals watched(kManyRows);
  EXPECT_TRUE(Take(watched, AnswerOf(1, {{"kent", 5}})));
  EXPECT_FALSE(Take(watched, AnswerOf(4, {{"kent", 5}})));
  EXPECT_EQ(watched.position(), 4);
  v1::QueryTotalsResponse covered = AnswerOf(5, {{"kent", 5}});
  covered.mutable_coverage()->set_final_count(1);
  EXPECT_TRUE(Take(watched, covered));
  v1::QueryTotalsResponse cut = covered;
  cut.set_cut_by_period_count(1);
  EXPECT_TRUE(Take(watched, cut));
  EXPECT_FALSE(Take(watched, cut));
}

TEST(WatchedTotalsTest, WhenTooManyRowsWentReadersOfBeforeGetASnapshot) {
  WatchedTotals watched(1);
  Take(watched, AnswerOf(1, {{"essex", 1}, {"kent", 5}, {"surrey", 2}}));
  Take(watched, AnswerOf(2, {{"essex", 1}, {"kent", 5}}));
  EXPECT_THAT(Changes(watched, 1), ElementsAre("surrey gone"));
  Take(watched, AnswerOf(3, {{"essex", 1}}));
  EXPECT_THAT(Changes(watched, 2), ElementsAre("snapshot", "essex 1"));
  EXPECT_THAT(Changes(watched, 3), IsEmpty());
}

TEST(WatchedTotalsTest, AMomentSaysWhatItStandsForAndIsMadeOnce) {
  WatchedTotals watched(kManyRows);
  Take(watched, AnswerOf(1, {{"kent", 5}}));
  const std::vector<grpc::ByteBuffer>& made = watched.MessagesSince(1, "token");
  EXPECT_EQ(&watched.MessagesSince(1, "token"), &made);
  google::protobuf::Timestamp time;
  time.set_seconds(99);
  watched.MoveTo(7, time);
  const std::vector<v1::WatchTotalsResponse> messages = Parsed(watched.MessagesSince(1, "another"));
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_THAT(messages[0].rows(), IsEmpty());
  EXPECT_EQ(messages[0].position(), 7);
  EXPECT_EQ(messages[0].as_of_time().seconds(), 99);
  EXPECT_EQ(messages[0].resume_token(), "another");
  EXPECT_TRUE(messages[0].has_coverage());
}

TEST(WatchedTotalsTest, WhatIsTooLargeForOneMessageComesAsSeveral) {
  std::vector<std::pair<std::string, int64_t>> rows;
  rows.reserve(100'000);
  for (int index = 0; index < 100'000; ++index) rows.emplace_back(absl::StrCat("force-of-", 100'000 + index), index);
  WatchedTotals watched(kManyRows);
  Take(watched, AnswerOf(1, rows));
  std::vector<v1::WatchTotalsResponse> messages = Parsed(watched.MessagesSince(std::nullopt, "token"));
  ASSERT_GT(messages.size(), 1);
  FollowedTotals followed;
  for (size_t index = 0; index < messages.size(); ++index) {
    const bool is_last = index + 1 == messages.size();
    EXPECT_LT(messages[index].ByteSizeLong(), size_t{4} << 20);
    EXPECT_EQ(messages[index].snapshot(), index == 0);
    EXPECT_EQ(messages[index].has_coverage(), is_last);
    EXPECT_EQ(followed.Take(messages[index]), is_last);
  }
  EXPECT_EQ(followed.totals().rows_size(), 100'000);
  // A broken half of a moment leaves no trace.
  EXPECT_FALSE(followed.Take(messages[0]));
  followed.Break();
  EXPECT_EQ(followed.totals().rows_size(), 100'000);
}

class WatchedHistoriesTest : public AggregatorTest {};

TEST_F(WatchedHistoriesTest, SnapshotAndChangesAlwaysComeToWhatAQueryAnswers) {
  constexpr int kHistories = 30;
  constexpr int kReaders = 4;
  Start();
  const uint32_t seed = RandomSeed();
  int64_t gone = 0;
  int64_t inserted = 0;
  for (int history = 0; history < kHistories; ++history) {
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", history ", history));
    std::seed_seq seeds{seed, static_cast<uint32_t>(history)};
    std::mt19937 random(seeds);
    ResultMaker maker(catalogue().proto(), &random);
    std::vector<v1::Operation> operations;
    for (const int year : {2023, 2018}) {
      operations.push_back(MakeOperation(absl::StrCat("week-", year, "-", history), absl::CivilDay(year, 8, 27)));
      PutOperation(operations.back());
    }
    const v1::TotalsQuery query = maker.Query(operations, static_cast<unsigned>(maker.Below(32)), maker.OneIn(2));
    WatchedTotals watched(maker.OneIn(3) ? 2 : kManyRows);
    std::vector<FollowedTotals> readers(kReaders);
    std::vector<std::optional<LogPosition>> positions(kReaders);
    for (int step = 0; step < 12; ++step) {
      std::vector<v1::OperationResult> results;
      for (int i = 0, size = maker.Below(4); i < size; ++i) results.push_back(maker.Result(operations));
      if (!results.empty()) Submit(results);
      const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(query);
      ASSERT_THAT(answer, IsOk());
      Take(watched, *answer);
      for (size_t reader = 0; reader < readers.size(); ++reader) {
        if (reader > 0 && maker.OneIn(2)) continue;  // Away for now; the first never is.
        for (const v1::WatchTotalsResponse& message : Parsed(watched.MessagesSince(positions[reader], "token"))) {
          for (const v1::TotalsRow& row : message.rows()) gone += row.has_total() ? 0 : 1;
          inserted += message.places_size();
          readers[reader].Take(message);
        }
        positions[reader] = watched.position();
        ASSERT_TRUE(MessageDifferencer::Equals(readers[reader].totals(), *answer))
            << query.DebugString() << readers[reader].totals().DebugString() << answer->DebugString();
      }
    }
  }
  EXPECT_GT(gone, 0) << "no row ever went: this test must retract more";
  EXPECT_GT(inserted, 0);
}

}  // namespace
}  // namespace muster
