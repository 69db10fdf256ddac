// The only writer: what it groups, how much may wait, how it stops, and what it says when the disk refuses.
#include "aggregator/applier.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/digest.h"
#include "google/protobuf/util/time_util.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/aggregator/plain_model.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::OperationResult One(absl::string_view result_id, int64_t count = 1) {
  return Warrants("kent", result_id, 1, count);
}

// As the applier's.
constexpr int64_t kFirstTypicalBytes = 16 << 10;

OperationChange Closing(bool closed) {
  return [closed](const OperationDirectory& operations) {
    v1::Operation operation = operations.Find(kWeek)->proto;
    operation.set_closed(closed);
    return std::optional(operation);
  };
}

class ApplierTest : public AggregatorTest {
 protected:
  // Has a group at the disk, which waits there until the store is released.
  DecisionsLater HoldOneAtTheDisk() {
    store().HoldAppends();
    DecisionsLater held = SubmitLater({One("held")});
    store().AwaitHeldAppend();
    return held;
  }

  // Submits what must not be queued.
  absl::Status SubmitInVain(const std::vector<v1::OperationResult>& results) {
    return applier().Submit(Validate(results), false,
                            [](const absl::StatusOr<Decisions>&) { ADD_FAILURE() << "it was refused"; });
  }

  // So many results that they take at least so many bytes, and little more.
  std::vector<v1::OperationResult> Of(int64_t bytes) {
    std::vector<v1::OperationResult> results;
    while (results.empty() || Validate(results).bytes() < bytes) {
      results.push_back(One(absl::StrCat("of", bytes, "-", results.size())));
    }
    return results;
  }

  // Notes when `name` is admitted and when it is done.
  void SubmitWhenRoom(const std::string& name, const std::vector<v1::OperationResult>& results) {
    applier().SubmitWhenRoom(
        Validate(results), false,
        [this, name](const absl::StatusOr<Decisions>& decisions) {
          Note(absl::StrCat(name, decisions.ok() ? " done" : " refused"));
        },
        [this, name] { Note(absl::StrCat(name, " admitted")); });
  }

  void Note(std::string event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::move(event));
  }

  std::vector<std::string> events() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return events_;
  }

  std::string Total() {
    const std::vector<std::string> rows = Rows("metrics: 'warrants-executed'");
    return rows.empty() ? "" : rows.front();
  }

  std::mutex mutex_;
  std::vector<std::string> events_;  // Guarded by mutex_.
};

TEST_F(ApplierTest, WhatWaitsIsWrittenAsOneGroupInItsOrder) {
  DecisionsLater held = HoldOneAtTheDisk();
  std::vector<DecisionsLater> waiting;
  waiting.reserve(5);
  for (int i = 0; i < 5; ++i) waiting.push_back(SubmitLater({One(absl::StrCat("a", i)), One(absl::StrCat("b", i))}));
  now_us_ += 5'000'000;
  store().Release();

  const Decisions first = *held.get();
  EXPECT_EQ(first.position, 1);
  LogPosition position = 1;
  for (DecisionsLater& later : waiting) {
    const Decisions decisions = *later.get();
    ASSERT_THAT(decisions.decisions, SizeIs(2));
    EXPECT_EQ(decisions.decisions[0].position, ++position);
    EXPECT_EQ(decisions.decisions[1].position, ++position);
    EXPECT_EQ(decisions.decisions[0].accept_time_us, now_us_) << "the time of the group, not of its arrival";
    EXPECT_EQ(decisions.decisions[1].accept_time_us, now_us_);
    EXPECT_EQ(decisions.position, 11) << "all that was written with it";
  }
  EXPECT_THAT(store().appended(), ElementsAre(1, 10));
  ExpectTheCubesEqualTheLog();
}

TEST_F(ApplierTest, AGroupEndsAtItsBoundAndNeverWithinASubmission) {
  limits_.max_group_bytes = 1;
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater three = SubmitLater({One("a"), One("b"), One("c")});
  DecisionsLater one = SubmitLater({One("d")});
  store().Release();
  EXPECT_THAT(one.get(), IsOk());
  EXPECT_THAT(store().appended(), ElementsAre(1, 3, 1));
}

TEST_F(ApplierTest, TheResultsComeBackAsTheyWereSubmitted) {
  const std::vector<v1::OperationResult> sent = {One("a", 7), Warrants("essex", "b", 3, 2), One("a", 7),
                                                 Retraction("surrey", "c", 2)};
  for (const bool validate_only : {true, false, false}) {
    const Decisions decisions = Submit(sent, validate_only);
    ASSERT_EQ(decisions.results.size(), sent.size());
    for (size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(decisions.results.KeyOf(decisions.results[i]), KeyOf(sent[i]));
      EXPECT_EQ(decisions.results[i].revision, sent[i].revision());
      EXPECT_EQ(decisions.results[i].digest, DigestOf(sent[i]));
    }
    EXPECT_EQ(decisions.results.ValuesOf(decisions.results[1])[0].nodes[0].amount.sum, 2);
  }
}

TEST_F(ApplierTest, AGroupThatWritesNothingAsksNothingOfTheDisk) {
  SubmitOne(One("a"));
  SubmitOne(One("a"));
  Submit({One("b")}, /*validate_only=*/true);
  Submit({});
  EXPECT_THAT(store().appended(), ElementsAre(1));
}

TEST_F(ApplierTest, EveryGroupIsToldWithItsResultsAndHowLongItsSyncTook) {
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater two = SubmitLater({One("a"), One("b")});
  DecisionsLater one = SubmitLater({One("c")});
  constexpr std::chrono::milliseconds kAtTheDisk{5};
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < kAtTheDisk) std::this_thread::yield();
  store().Release();
  EXPECT_THAT(one.get(), IsOk());
  SubmitOne(One("c"));  // A duplicate.
  ASSERT_THAT(Change(Closing(true)), IsOk());
  StopApplier();
  ASSERT_THAT(reports_, SizeIs(4));
  std::vector<int64_t> results;
  std::vector<bool> synced;
  for (const GroupReport& report : reports_) {
    results.push_back(report.results);
    synced.push_back(report.sync_time.has_value());
  }
  EXPECT_THAT(results, ElementsAre(1, 3, 1, 0));
  EXPECT_THAT(synced, ElementsAre(true, true, false, true)) << "a duplicate writes nothing";
  EXPECT_GE(*reports_[0].sync_time, kAtTheDisk);
}

TEST_F(ApplierTest, AGroupThatTheDiskRefusedIsNotTold) {
  store().FailAppends(absl::UnavailableError("no"));
  EXPECT_FALSE(SubmitLater({One("a")}).get().ok());
  StopApplier();
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(ApplierTest, TheQueueSaysWhatWaitsInIt) {
  const auto begin = std::chrono::steady_clock::now();
  DecisionsLater held = HoldOneAtTheDisk();
  EXPECT_EQ(applier().queue().submissions, 0) << "what is at the disk waits no more";
  EXPECT_EQ(applier().queue().oldest.count(), 0);
  const CheckedResults two = Validate({One("a"), One("b")});
  DecisionsLater waiting = SubmitLater({One("a"), One("b")});
  QueueState state = applier().queue();
  EXPECT_EQ(state.submissions, 1);
  EXPECT_EQ(state.bytes, two.bytes());
  EXPECT_EQ(state.outside, 0);
  EXPECT_GT(state.oldest.count(), 0);
  EXPECT_LE(state.oldest, std::chrono::steady_clock::now() - begin);
  store().Release();
  EXPECT_THAT(waiting.get(), IsOk());
  EXPECT_EQ(applier().queue().bytes, 0);
}

TEST_F(ApplierTest, TheQueueSaysWhatWaitsOutsideOfIt) {
  limits_.max_queued_bytes = 1;
  Start();
  const DecisionsLater held = HoldOneAtTheDisk();
  SubmitWhenRoom("first", {One("c")});
  SubmitWhenRoom("second", {One("d")});
  const QueueState state = applier().queue();
  EXPECT_EQ(state.submissions, 1) << "an empty queue takes anything";
  EXPECT_EQ(state.outside, 1);
  store().Release();
  while (applier().queue().outside > 0) std::this_thread::yield();
  StopApplier();  // What it tells goes to this test.
}

TEST_F(ApplierTest, AFullQueueRefusesAndKeepsNothingOfIt) {
  limits_.max_queued_bytes = 1;
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater({One("a"), One("b")});  // An empty queue takes anything.
  EXPECT_THAT(SubmitInVain({One("c")}), StatusIs(absl::StatusCode::kResourceExhausted, _));
  EXPECT_THAT(applier().ChangeOperation(Closing(true), [](const auto&) { ADD_FAILURE() << "it was refused"; }),
              StatusIs(absl::StatusCode::kResourceExhausted, _));
  store().Release();
  EXPECT_THAT(queued.get(), IsOk());
  EXPECT_EQ(Total(), "warrants-executed: 3 from 3/1");
  EXPECT_EQ(SubmitOne(One("c")).outcome, v1::OUTCOME_ACCEPTED) << "there is room again";
}

TEST_F(ApplierTest, RoomIsKeptForWhatIsYetToBeReceived) {
  limits_.max_queued_bytes = 4 * kFirstTypicalBytes;
  limits_.room_kept = std::chrono::hours(1);
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater({One("a")});  // From now on not anything goes.
  std::vector<Applier::Room> kept;
  absl::StatusOr<Applier::Room> room = applier().KeepRoom();
  for (; room.ok(); room = applier().KeepRoom()) kept.push_back(*room);
  EXPECT_THAT(room, StatusIs(absl::StatusCode::kResourceExhausted, _));
  ASSERT_GE(kept.size(), 3);
  EXPECT_THAT(SubmitInVain(Of(kFirstTypicalBytes)), StatusIs(absl::StatusCode::kResourceExhausted, _))
      << "others have that much less";
  std::promise<absl::StatusOr<Decisions>> done;
  EXPECT_THAT(
      applier().Submit(
          Validate(Of(kFirstTypicalBytes)), false,
          [&done](absl::StatusOr<Decisions> decisions) { done.set_value(std::move(decisions)); }, nullptr, kept[0]),
      IsOk());
  EXPECT_THAT(applier().KeepRoom(), StatusIs(absl::StatusCode::kResourceExhausted, _)) << "it was used";
  applier().GiveUp(kept[1]);
  applier().GiveUp(kept[2]);
  EXPECT_THAT(applier().KeepRoom(), IsOk());
  store().Release();
  EXPECT_THAT(done.get_future().get(), IsOk());
}

TEST_F(ApplierTest, RoomIsAsLargeAsWhatCameLately) {
  limits_.max_queued_bytes = 4 * kFirstTypicalBytes;
  limits_.room_kept = std::chrono::hours(1);
  Start();
  const auto rooms = [this] {
    std::vector<Applier::Room> kept;
    for (absl::StatusOr<Applier::Room> room = applier().KeepRoom(); room.ok(); room = applier().KeepRoom()) {
      kept.push_back(*room);
    }
    for (const Applier::Room& room : kept) applier().GiveUp(room);
    return kept.size();
  };
  EXPECT_EQ(rooms(), 4);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(SubmitOne(One(absl::StrCat("small", i))).outcome, v1::OUTCOME_ACCEPTED);
  EXPECT_GT(rooms(), 16) << "all of them were small";
  for (int i = 0; i < 100; ++i) Submit(Of(3 * kFirstTypicalBytes), true);
  EXPECT_EQ(rooms(), 1) << "at least one is let in where nothing waits";
}

TEST_F(ApplierTest, RoomIsForWhatIsTypicalNotForManyTimesAsMuch) {
  limits_.max_queued_bytes = 4 * kFirstTypicalBytes;
  limits_.room_kept = std::chrono::hours(1);
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater({One("a")});
  const absl::StatusOr<Applier::Room> room = applier().KeepRoom();
  ASSERT_THAT(room, IsOk());
  EXPECT_THAT(applier().Submit(
                  Validate(Of(5 * kFirstTypicalBytes)), false,
                  [](const absl::StatusOr<Decisions>&) { ADD_FAILURE() << "it was refused"; }, nullptr, *room),
              StatusIs(absl::StatusCode::kResourceExhausted, _));
  store().Release();
  EXPECT_THAT(queued.get(), IsOk());
}

TEST_F(ApplierTest, WhoSendsSlowlyKeepsRoomFromOthersNoLongerThanAWhile) {
  limits_.max_queued_bytes = kFirstTypicalBytes;
  limits_.room_kept = std::chrono::milliseconds(1);
  Start();
  const absl::StatusOr<Applier::Room> slow = applier().KeepRoom();
  ASSERT_THAT(slow, IsOk());
  while (!applier().KeepRoom().ok()) std::this_thread::yield();  // Until the clock has moved.
  applier().GiveUp(*slow);
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater(Of(kFirstTypicalBytes));
  EXPECT_THAT(applier().Submit(
                  Validate({One("late")}), false,
                  [](const absl::StatusOr<Decisions>&) { ADD_FAILURE() << "it was refused"; }, nullptr, *slow),
              StatusIs(absl::StatusCode::kResourceExhausted, _))
      << "what was given up is no room";
  store().Release();
  EXPECT_THAT(queued.get(), IsOk());
}

TEST_F(ApplierTest, NothingIsQueuedBehindWhatHasWaitedTooLong) {
  limits_.max_queue_wait = std::chrono::milliseconds(0);
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater({One("a")});  // Nothing was before it.
  const auto has_room = [this] {
    const absl::StatusOr<Applier::Room> room = applier().KeepRoom();
    if (room.ok()) applier().GiveUp(*room);
    return room.ok();
  };
  while (has_room()) std::this_thread::yield();  // Until the clock has moved.
  EXPECT_THAT(SubmitInVain({One("b")}), StatusIs(absl::StatusCode::kResourceExhausted, _));
  store().Release();
  EXPECT_THAT(queued.get(), IsOk());
  EXPECT_TRUE(has_room());
  EXPECT_EQ(SubmitOne(One("b")).outcome, v1::OUTCOME_ACCEPTED);
}

TEST_F(ApplierTest, WhatNobodyWaitsForAnyMoreIsNotDecided) {
  struct Row {
    const char* name;
    bool abandoned;
    absl::StatusCode code;
  };
  DecisionsLater held = HoldOneAtTheDisk();
  std::vector<std::pair<Row, DecisionsLater>> submitted;
  for (const Row& row :
       {Row{"given up", true, absl::StatusCode::kCancelled}, Row{"waited for", false, absl::StatusCode::kOk},
        Row{"given up too", true, absl::StatusCode::kCancelled}}) {
    auto done = std::make_shared<std::promise<absl::StatusOr<Decisions>>>();
    EXPECT_THAT(applier().Submit(
                    Validate({One(absl::StrCat("r", submitted.size()))}), false,
                    [done](absl::StatusOr<Decisions> decisions) { done->set_value(std::move(decisions)); },
                    [abandoned = row.abandoned] { return abandoned; }),
                IsOk());
    submitted.emplace_back(row, done->get_future());
  }
  store().Release();
  for (auto& [row, later] : submitted) EXPECT_EQ(later.get().status().code(), row.code) << row.name;
  EXPECT_THAT(store().appended(), ElementsAre(1, 1));
  EXPECT_EQ(Total(), "warrants-executed: 2 from 2/1");
}

TEST_F(ApplierTest, WhatWaitsForRoomIsAdmittedInOrderWhenThereIs) {
  limits_.max_queued_bytes = 1;
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  SubmitWhenRoom("a", {One("a")});
  EXPECT_THAT(events(), ElementsAre("a admitted")) << "the queue was empty";
  SubmitWhenRoom("b", {One("b")});
  SubmitWhenRoom("c", {One("c")});
  EXPECT_THAT(events(), ElementsAre("a admitted"));
  store().Release();
  applier().Stop();
  const std::vector<std::string> all = events();
  const auto index_of = [&](const std::string& event) {
    return std::find(all.begin(), all.end(), event) - all.begin();
  };
  EXPECT_THAT(all,
              testing::UnorderedElementsAre("a admitted", "a done", "b admitted", "b done", "c admitted", "c done"));
  EXPECT_LT(index_of("b admitted"), index_of("c admitted"));
  EXPECT_LT(index_of("a done"), index_of("b done"));
  EXPECT_LT(index_of("b done"), index_of("c done"));
  EXPECT_EQ(Total(), "warrants-executed: 4 from 4/1");
}

TEST_F(ApplierTest, WhereThereIsRoomNothingWaits) {
  DecisionsLater held = HoldOneAtTheDisk();
  SubmitWhenRoom("a", {One("a")});
  SubmitWhenRoom("b", {One("b")});
  EXPECT_THAT(events(), ElementsAre("a admitted", "b admitted"));
  store().Release();
  applier().Stop();
  EXPECT_THAT(store().appended(), ElementsAre(1, 2));
}

TEST_F(ApplierTest, AStopAnswersAllThatWasTakenAndTakesNothingMore) {
  limits_.max_queued_bytes = 1;
  Start();
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater({One("a")});
  SubmitWhenRoom("b", {One("b")});
  std::thread stopping([this] { applier().Stop(); });
  store().Release();
  stopping.join();
  EXPECT_THAT(held.get(), IsOk());
  EXPECT_THAT(queued.get(), IsOk());
  EXPECT_THAT(events(), ElementsAre("b admitted", "b done"));
  EXPECT_EQ(Total(), "warrants-executed: 3 from 3/1");

  applier().Stop();
  EXPECT_THAT(applier().Submit(Validate({One("c")}), false, [](const auto&) { ADD_FAILURE() << "it was refused"; }),
              StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(applier().ChangeOperation(Closing(true), [](const auto&) { ADD_FAILURE() << "it was refused"; }),
              StatusIs(absl::StatusCode::kUnavailable, _));
  events_.clear();
  SubmitWhenRoom("d", {One("d")});
  EXPECT_THAT(events(), ElementsAre("d refused", "d admitted"));
  EXPECT_THAT(store().appended(), ElementsAre(1, 1, 1));
  EXPECT_THAT(failures_, IsEmpty()) << "a stop is no failure";
}

TEST_F(ApplierTest, WhatTheDiskRefusesIsNotAcknowledgedNorAnythingAfterIt) {
  limits_.max_queued_bytes = 1;
  Start();
  SubmitOne(One("before", 10));
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater queued = SubmitLater({One("a")});
  SubmitWhenRoom("b", {One("b")});
  store().FailAppends(absl::UnavailableError("the disk is on fire"));
  store().Release();
  EXPECT_THAT(held.get(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the disk is on fire")));
  EXPECT_THAT(queued.get(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("sending again is safe")));
  // The disk would take it now; but what it did with the group before is not known.
  store().FailAppends(absl::OkStatus());
  EXPECT_THAT(applier().Submit(Validate({One("c")}), false, [](const auto&) { ADD_FAILURE() << "it was refused"; }),
              StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(applier().ChangeOperation(Closing(true), [](const auto&) { ADD_FAILURE() << "it was refused"; }),
              StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(Total(), "warrants-executed: 10 from 1/1") << "queries go on";
  ExpectTheCubesEqualTheLog();
  applier().Stop();
  EXPECT_THAT(events(), testing::UnorderedElementsAre("b admitted", "b refused"));
  EXPECT_THAT(failures_, ElementsAre(StatusIs(absl::StatusCode::kUnavailable, "the disk is on fire"))) << "told once";
  EXPECT_THAT(store().appended(), ElementsAre(1));

  Start();
  EXPECT_EQ(SubmitOne(One("before", 10)).outcome, v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(SubmitOne(One("held")).outcome, v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(SubmitOne(One("a")).outcome, v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(Total(), "warrants-executed: 12 from 3/1");
  ExpectTheCubesEqualTheLog();
}

TEST_F(ApplierTest, AnAsOfTimeThatWasAnsweredWhileTheDiskRefusesStaysTrue) {
  DecisionsLater held = HoldOneAtTheDisk();
  store().FailAppends(absl::UnavailableError("the disk is on fire"));
  store().Release();
  EXPECT_FALSE(held.get().ok());
  const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(v1::TotalsQuery());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->position(), 0);
  EXPECT_LT(google::protobuf::util::TimeUtil::TimestampToMicroseconds(answer->as_of_time()), now_us_)
      << "what may be on disk after all was to be accepted at that time";
}

TEST_F(ApplierTest, AFailedReadIsAnsweredAndTheWriterGoesOn) {
  SubmitOne(One("a"));
  store().FailReads(absl::DataLossError("a table is damaged"));
  EXPECT_THAT(SubmitLater({One("b")}).get(), StatusIs(absl::StatusCode::kDataLoss, "a table is damaged"));
  store().FailReads(absl::OkStatus());
  EXPECT_EQ(SubmitOne(One("b")).outcome, v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(Total(), "warrants-executed: 2 from 2/1");
  applier().Stop();
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(ApplierTest, AQueryInTheAnswerSeesTheResult) {
  std::promise<std::string> seen;
  ASSERT_THAT(applier().Submit(Validate({One("a", 5)}), false,
                               [&](const absl::StatusOr<Decisions>& decisions) {
                                 EXPECT_EQ(cubes().position(), decisions->position);
                                 seen.set_value(Total());
                               }),
              IsOk());
  EXPECT_EQ(seen.get_future().get(), "warrants-executed: 5 from 1/1");
}

TEST_F(ApplierTest, NothingIsInTheTotalsBeforeItIsOnDisk) {
  DecisionsLater held = HoldOneAtTheDisk();
  EXPECT_EQ(Total(), "");
  EXPECT_EQ(cubes().position(), 0);
  store().Release();
  ASSERT_THAT(held.get(), IsOk());
  EXPECT_EQ(Total(), "warrants-executed: 1 from 1/1");
}

TEST_F(ApplierTest, AClosedOperationTakesNothingNewAndARetryIsStillSafe) {
  const Decision first = SubmitOne(One("a"));
  ASSERT_THAT(Change(Closing(true)), IsOk());
  const LogPosition last = store().last_position();
  EXPECT_EQ(last, 2);

  const Decision retry = SubmitOne(One("a"));
  EXPECT_EQ(retry.outcome, v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(retry.position, first.position);
  EXPECT_EQ(retry.accept_time_us, first.accept_time_us);
  EXPECT_EQ(SubmitOne(One("a", 9)).outcome, v1::OUTCOME_CONFLICT);
  for (const v1::OperationResult& result :
       {One("b"), Warrants("kent", "a", 2, 9), Retraction("kent", "a", 2), Retraction("kent", "new", 1)}) {
    const Decision refused = SubmitOne(result);
    EXPECT_EQ(refused.outcome, v1::OUTCOME_REJECTED) << result.ShortDebugString();
    EXPECT_TRUE(refused.operation_closed);
    EXPECT_EQ(refused.position, 0);
  }
  v1::OperationResult elsewhere = One("b");
  elsewhere.set_operation("county-lines-2022-03");
  elsewhere.set_start_date("2022-03-07");
  elsewhere.set_end_date("2022-03-07");
  EXPECT_EQ(SubmitOne(elsewhere).outcome, v1::OUTCOME_ACCEPTED) << "of another operation";
  EXPECT_EQ(store().last_position(), last + 1);

  Start();
  EXPECT_EQ(SubmitOne(One("b")).outcome, v1::OUTCOME_REJECTED) << "closed after a start, too";
  ASSERT_THAT(Change(Closing(false)), IsOk());
  EXPECT_EQ(SubmitOne(One("b")).outcome, v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(SubmitOne(Retraction("kent", "a", 2)).outcome, v1::OUTCOME_RETRACTED);
}

TEST_F(ApplierTest, WithinAGroupAnOperationIsAsItStandsAtThatPlace) {
  DecisionsLater held = HoldOneAtTheDisk();
  DecisionsLater before = SubmitLater({One("a")});
  std::promise<LogPosition> closed;
  ASSERT_THAT(applier().ChangeOperation(
                  Closing(true), [&](const auto& operation) { closed.set_value((*operation)->change_position()); }),
              IsOk());
  DecisionsLater between = SubmitLater({One("b"), One("a")});
  std::promise<LogPosition> reopened;
  ASSERT_THAT(applier().ChangeOperation(
                  Closing(false), [&](const auto& operation) { reopened.set_value((*operation)->change_position()); }),
              IsOk());
  DecisionsLater after = SubmitLater({One("b")});
  store().Release();
  EXPECT_EQ(before.get()->decisions[0].outcome, v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(closed.get_future().get(), 3);
  const Decisions refused = *between.get();
  EXPECT_EQ(refused.decisions[0].outcome, v1::OUTCOME_REJECTED);
  EXPECT_EQ(refused.decisions[1].outcome, v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(reopened.get_future().get(), 4);
  EXPECT_EQ(after.get()->decisions[0].position, 5);
  EXPECT_THAT(store().appended(), ElementsAre(1, 4));
  ExpectTheCubesEqualTheLog();
}

TEST_F(ApplierTest, AnOperationIsMadeAndThenTakesResultsInTheSameGroup) {
  v1::Operation operation = OperationFromText(
      "id: 'knives-2021-10' title: 'Knives' start_date: '2021-10-11' end_date: '2021-10-17' expected_metrics: "
      "'arrests'");
  PutOperation(operation);
  v1::OperationResult nil = ResultFromText(
      "operation: 'knives-2021-10' force: 'kent' result_id: 'n' revision: 1 start_date: '2021-10-11' "
      "end_date: '2021-10-17' nil: true");
  DecisionsLater held = HoldOneAtTheDisk();
  operation.clear_expected_metrics();
  operation.add_expected_metrics("warrants-executed");
  operation.add_expected_metrics("cash-seized");
  ASSERT_THAT(applier().ChangeOperation([operation](const OperationDirectory&) { return std::optional(operation); },
                                        [](const auto&) {}),
              IsOk());
  DecisionsLater later = SubmitLater({nil});
  store().Release();
  ASSERT_THAT(later.get(), IsOk());
  EXPECT_THAT(Rows("operations: 'knives-2021-10'"),
              ElementsAre("warrants-executed: 0 from 1/1", "cash-seized: 0 from 1/1"))
      << "zeros for what the operation expects when the result comes in";
}

TEST_F(ApplierTest, AChangeThatIsRefusedOrChangesNothingWritesNothing) {
  EXPECT_THAT(Change([](const OperationDirectory&) -> absl::StatusOr<std::optional<v1::Operation>> {
                return absl::AlreadyExistsError("it is there");
              }),
              StatusIs(absl::StatusCode::kAlreadyExists, "it is there"));
  const auto unchanged = Change([](const OperationDirectory&) { return std::optional<v1::Operation>(); });
  ASSERT_THAT(unchanged, IsOk());
  EXPECT_FALSE(unchanged->has_value());
  EXPECT_EQ(store().last_position(), 0);
  EXPECT_EQ(SubmitOne(One("a")).position, 1) << "the writer goes on";
}

// Revisions of many results, dealt out to eight threads at random: whatever meets whatever, the totals are those of the
// newest revisions.
TEST_F(ApplierTest, EightThreadsInRandomOrderMakeTheTotalsOfOneByOne) {
  const uint32_t seed = RandomSeed();
  std::mt19937 random(seed);
  PlainModel model(catalogue().proto());
  model.AddOperation(cubes().operations()->Find(kWeek)->proto);
  std::vector<v1::OperationResult> all;
  for (const char* const force : {"kent", "essex", "surrey"}) {
    for (int id = 0; id < 20; ++id) {
      for (int revision = 1; revision <= 4; ++revision) {
        const bool retracted = random() % 6 == 0;
        all.push_back(retracted ? Retraction(force, absl::StrCat(id), revision)
                                : Warrants(force, absl::StrCat(id), revision, random() % 100));
        all.back().set_end_date(absl::StrCat("2021-10-1", 5 + random() % 3));
        model.Submit(all.back());
      }
    }
  }
  const std::vector<v1::OperationResult> once = all;
  all.insert(all.end(), once.begin(), once.end());  // Everything is sent twice.
  std::shuffle(all.begin(), all.end(), random);
  std::vector<CheckedResults> dealt;
  for (size_t i = 0; i < all.size();) {
    const size_t size = std::min<size_t>(1 + random() % 3, all.size() - i);
    dealt.push_back(Validate({all.begin() + static_cast<int>(i), all.begin() + static_cast<int>(i + size)}));
    i += size;
  }

  constexpr size_t kThreads = 8;
  std::atomic<size_t> answered{0};
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (size_t i = thread; i < dealt.size(); i += kThreads) {
        EXPECT_THAT(applier().Submit(std::move(dealt[i]), false,
                                     [&](const absl::StatusOr<Decisions>& decisions) {
                                       EXPECT_THAT(decisions, IsOk());
                                       ++answered;
                                     }),
                    IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  applier().Stop();
  EXPECT_EQ(answered, dealt.size());

  v1::TotalsQuery query;
  query.add_group_by(v1::GROUP_BY_FORCE);
  query.add_group_by(v1::GROUP_BY_DATE);
  const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(query);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(RowsInWords(answer->rows()), testing::UnorderedElementsAreArray(RowsInWords(model.Totals(query))));
  EXPECT_LE(static_cast<size_t>(store().last_position()), once.size()) << "no revision is logged twice";
  ExpectTheCubesEqualTheLog();
}

}  // namespace
}  // namespace muster
