// The revision table: every row by itself, and what it does to the log and the totals.
#include "aggregator/revision_rules.h"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Sha256Digest kContent = {1};
constexpr Sha256Digest kOther = {1, 1};

NewestRevision Stored(int64_t revision, bool retracted = false) { return {revision, retracted, kContent, 7}; }

struct RuleCase {
  std::string name;
  std::optional<NewestRevision> stored;
  int64_t revision;
  bool retracted;
  Sha256Digest digest;
  v1::Outcome want;
  friend void PrintTo(const RuleCase& row, std::ostream* out) { *out << row.name; }
};

class DecideOutcomeTest : public testing::TestWithParam<RuleCase> {};

TEST_P(DecideOutcomeTest, FollowsTheTable) {
  const RuleCase& row = GetParam();
  EXPECT_EQ(DecideOutcome(row.stored, row.revision, row.retracted, row.digest), row.want);
}

INSTANTIATE_TEST_SUITE_P(Table, DecideOutcomeTest,
                         testing::ValuesIn<RuleCase>({
                             {"NothingThenTheFirst", std::nullopt, 1, false, kContent, v1::OUTCOME_ACCEPTED},
                             {"NothingThenALaterOne", std::nullopt, 5, false, kContent, v1::OUTCOME_ACCEPTED},
                             {"NothingThenARetraction", std::nullopt, 1, true, kContent, v1::OUTCOME_RETRACTED},
                             {"NothingThenALaterRetraction", std::nullopt, 5, true, kContent, v1::OUTCOME_RETRACTED},
                             {"TheSame", Stored(5), 5, false, kContent, v1::OUTCOME_DUPLICATE},
                             {"TheSameNumberWithOtherContent", Stored(5), 5, false, kOther, v1::OUTCOME_CONFLICT},
                             {"TheSameNumberAsARetraction", Stored(5), 5, true, kOther, v1::OUTCOME_CONFLICT},
                             {"OneLower", Stored(5), 4, false, kOther, v1::OUTCOME_STALE},
                             {"OneLowerWithTheSameContent", Stored(5), 4, false, kContent, v1::OUTCOME_STALE},
                             {"OneLowerAsARetraction", Stored(5), 4, true, kOther, v1::OUTCOME_STALE},
                             {"OneHigher", Stored(5), 6, false, kOther, v1::OUTCOME_REVISED},
                             {"OneHigherWithTheSameContent", Stored(5), 6, false, kContent, v1::OUTCOME_REVISED},
                             {"OneHigherAsARetraction", Stored(5), 6, true, kOther, v1::OUTCOME_RETRACTED},
                             {"MuchHigher", Stored(5), int64_t{1} << 62, false, kOther, v1::OUTCOME_REVISED},
                             {"TheSameRetraction", Stored(5, true), 5, true, kContent, v1::OUTCOME_DUPLICATE},
                             {"TheSameNumberAfterARetraction", Stored(5, true), 5, false, kOther, v1::OUTCOME_CONFLICT},
                             {"ARetractionForAnotherReason", Stored(5, true), 5, true, kOther, v1::OUTCOME_CONFLICT},
                             {"WhatARetractionTookBack", Stored(5, true), 4, false, kOther, v1::OUTCOME_STALE},
                             {"BroughtBack", Stored(5, true), 6, false, kOther, v1::OUTCOME_REVISED},
                             {"RetractedAgain", Stored(5, true), 6, true, kOther, v1::OUTCOME_RETRACTED},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(IsLoggedTest, OnlyWhatWasAcceptedMakesAnEntry) {
  EXPECT_TRUE(IsLogged(v1::OUTCOME_ACCEPTED));
  EXPECT_TRUE(IsLogged(v1::OUTCOME_REVISED));
  EXPECT_TRUE(IsLogged(v1::OUTCOME_RETRACTED));
  EXPECT_FALSE(IsLogged(v1::OUTCOME_DUPLICATE));
  EXPECT_FALSE(IsLogged(v1::OUTCOME_CONFLICT));
  EXPECT_FALSE(IsLogged(v1::OUTCOME_STALE));
  EXPECT_FALSE(IsLogged(v1::OUTCOME_REJECTED));
  EXPECT_FALSE(IsLogged(v1::OUTCOME_UNSPECIFIED));
}

LoggedEntry LoggedOf(const v1::OperationResult& result, const Sha256Digest& digest) {
  LoggedEntry logged;
  logged.position = 9;
  *logged.entry.mutable_result()->mutable_result() = result;
  logged.entry.mutable_result()->set_digest(std::string(digest.begin(), digest.end()));
  return logged;
}

TEST(NewestRevisionOfTest, IsWhatTheLogSays) {
  Sha256Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<uint8_t>(0x80 + i);
  const absl::StatusOr<NewestRevision> newest = NewestRevisionOf(LoggedOf(Warrants("kent", "r", 3, 5), digest));
  ASSERT_THAT(newest, IsOk());
  EXPECT_EQ(newest->revision, 3);
  EXPECT_FALSE(newest->retracted);
  EXPECT_EQ(newest->digest, digest);
  EXPECT_EQ(newest->position, 9);
  const absl::StatusOr<NewestRevision> retracted = NewestRevisionOf(LoggedOf(Retraction("kent", "r", 1), digest));
  ASSERT_THAT(retracted, IsOk());
  EXPECT_EQ(retracted->revision, 1);
  EXPECT_TRUE(retracted->retracted);
}

struct UnreadableCase {
  std::string name;
  std::function<void(store::v1::LogEntry&)> spoil;
  friend void PrintTo(const UnreadableCase& row, std::ostream* out) { *out << row.name; }
};

class UnreadableRevisionTest : public testing::TestWithParam<UnreadableCase> {};

TEST_P(UnreadableRevisionTest, IsDataLossAndNamed) {
  LoggedEntry logged = LoggedOf(Warrants("kent", "r", 3, 5), kContent);
  ASSERT_THAT(NewestRevisionOf(logged), IsOk());
  GetParam().spoil(logged.entry);
  EXPECT_THAT(NewestRevisionOf(logged), StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("position 9")));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, UnreadableRevisionTest,
    testing::ValuesIn<UnreadableCase>({
        {"NoDigest", [](auto& entry) { entry.mutable_result()->clear_digest(); }},
        {"ADigestOneByteShort", [](auto& entry) { entry.mutable_result()->mutable_digest()->pop_back(); }},
        {"ADigestOneByteLong", [](auto& entry) { entry.mutable_result()->mutable_digest()->push_back('\0'); }},
        {"RevisionZero", [](auto& entry) { entry.mutable_result()->mutable_result()->set_revision(0); }},
        {"ARevisionBelowZero", [](auto& entry) { entry.mutable_result()->mutable_result()->set_revision(-1); }},
        {"NoResult", [](auto& entry) { entry.mutable_result()->clear_result(); }},
        {"AnOperation", [](auto& entry) { entry.mutable_operation(); }},
    }),
    [](const auto& row) { return row.param.name; });

std::vector<v1::Outcome> OutcomesOf(const Decisions& decisions) {
  std::vector<v1::Outcome> outcomes;
  for (const Decision& decision : decisions.decisions) outcomes.push_back(decision.outcome);
  return outcomes;
}

v1::OperationResult Of(int64_t revision, int64_t count) { return Warrants("kent", "r", revision, count); }
v1::OperationResult Back(int64_t revision) { return Retraction("kent", "r", revision); }

// What is stored beside a bystander with 1,000 warrants, what arrives, and what is then counted of both.
struct RevisionCase {
  std::string name;
  std::vector<v1::OperationResult> stored;
  v1::OperationResult arrives;
  v1::Outcome want;
  std::string want_row;
  friend void PrintTo(const RevisionCase& row, std::ostream* out) { *out << row.name; }
};

class RevisionsTest : public AggregatorTest {
 protected:
  std::vector<std::string> WarrantRows() { return Rows("metrics: 'warrants-executed'"); }
};

class RevisionTableTest : public RevisionsTest, public testing::WithParamInterface<RevisionCase> {};

TEST_P(RevisionTableTest, DecidesLogsAndMovesTheTotalsExactly) {
  SubmitOne(Warrants("surrey", "bystander", 1, 1'000));
  LogPosition stored_position = 0;
  for (const v1::OperationResult& result : GetParam().stored) stored_position = SubmitOne(result).position;
  const LogPosition before = store().last_position();
  const int64_t stored_revision = GetParam().stored.empty() ? 0 : GetParam().stored.back().revision();
  now_us_ += 60'000'000;

  const Decision decision = SubmitOne(GetParam().arrives);
  const v1::Outcome want = GetParam().want;
  EXPECT_EQ(decision.outcome, want);
  EXPECT_THAT(WarrantRows(), ElementsAre(GetParam().want_row));
  EXPECT_EQ(store().last_position(), before + (IsLogged(want) ? 1 : 0));
  if (IsLogged(want)) {
    EXPECT_EQ(decision.position, before + 1);
    EXPECT_EQ(decision.accept_time_us, now_us_);
  }
  EXPECT_EQ(decision.warned, "") << "nothing is odd";
  if (want == v1::OUTCOME_CONFLICT || want == v1::OUTCOME_STALE) {
    EXPECT_EQ(decision.stored_revision, stored_revision);
    EXPECT_EQ(decision.position, 0);
  } else {
    const store::v1::LoggedResult logged = LoggedAt(decision.position);
    EXPECT_EQ(logged.result().ShortDebugString(), GetParam().arrives.ShortDebugString());
    if (IsLogged(want)) {
      EXPECT_EQ(logged.outcome(), want);
      EXPECT_EQ(logged.replaced_position(), stored_position);
    }
  }
  const ResultKey key = KeyOf(GetParam().arrives);
  const absl::StatusOr<std::vector<std::optional<LoggedEntry>>> newest = store().ReadNewest({key});
  ASSERT_THAT(newest, IsOk());
  ASSERT_TRUE(newest->front().has_value());
  EXPECT_EQ(newest->front()->position, IsLogged(want) ? decision.position : stored_position);

  // Sent again, also after a start, it gets the same answer, or the first receipt.
  for (const bool restart : {false, true}) {
    if (restart) Start();
    const LogPosition last = store().last_position();
    now_us_ += 60'000'000;
    const Decision again = SubmitOne(GetParam().arrives);
    EXPECT_EQ(again.outcome, IsLogged(want) ? v1::OUTCOME_DUPLICATE : want);
    EXPECT_EQ(again.position, decision.position);
    EXPECT_EQ(again.accept_time_us, decision.accept_time_us);
    EXPECT_EQ(again.stored_revision, decision.stored_revision);
    EXPECT_EQ(store().last_position(), last);
    EXPECT_THAT(WarrantRows(), ElementsAre(GetParam().want_row));
  }
  ExpectTheCubesEqualTheLog();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RevisionTableTest,
    testing::ValuesIn<RevisionCase>({
        {"New", {}, Of(1, 5), v1::OUTCOME_ACCEPTED, "warrants-executed: 1005 from 2/2"},
        {"NewUnderAHigherNumber", {}, Of(9, 5), v1::OUTCOME_ACCEPTED, "warrants-executed: 1005 from 2/2"},
        {"RetractionFirst", {}, Back(2), v1::OUTCOME_RETRACTED, "warrants-executed: 1000 from 1/1"},
        {"WhatARetractionTookBackComesLater",
         {Back(2)},
         Of(1, 5),
         v1::OUTCOME_STALE,
         "warrants-executed: 1000 from 1/1"},
        {"AResultAboveARetractionThatCameFirst",
         {Back(2)},
         Of(3, 5),
         v1::OUTCOME_REVISED,
         "warrants-executed: 1005 from 2/2"},
        {"Same", {Of(2, 5)}, Of(2, 5), v1::OUTCOME_DUPLICATE, "warrants-executed: 1005 from 2/2"},
        {"OtherContent", {Of(2, 5)}, Of(2, 6), v1::OUTCOME_CONFLICT, "warrants-executed: 1005 from 2/2"},
        {"RetractionUnderTheSameNumber", {Of(2, 5)}, Back(2), v1::OUTCOME_CONFLICT, "warrants-executed: 1005 from 2/2"},
        {"Lower", {Of(2, 5)}, Of(1, 6), v1::OUTCOME_STALE, "warrants-executed: 1005 from 2/2"},
        {"LowerRetraction", {Of(2, 5)}, Back(1), v1::OUTCOME_STALE, "warrants-executed: 1005 from 2/2"},
        {"SentAgainAfterItsCorrection",
         {Of(1, 5), Of(2, 6)},
         Of(1, 5),
         v1::OUTCOME_STALE,
         "warrants-executed: 1006 from 2/2"},
        {"Higher", {Of(2, 5)}, Of(3, 6), v1::OUTCOME_REVISED, "warrants-executed: 1006 from 2/2"},
        {"HigherWithTheSameFigures", {Of(2, 5)}, Of(3, 5), v1::OUTCOME_REVISED, "warrants-executed: 1005 from 2/2"},
        {"HigherWithZero", {Of(2, 5)}, Of(3, 0), v1::OUTCOME_REVISED, "warrants-executed: 1000 from 2/2"},
        {"Retraction", {Of(2, 5)}, Back(3), v1::OUTCOME_RETRACTED, "warrants-executed: 1000 from 1/1"},
        {"SameRetraction", {Of(1, 5), Back(2)}, Back(2), v1::OUTCOME_DUPLICATE, "warrants-executed: 1000 from 1/1"},
        {"RetractedAgain", {Of(1, 5), Back(2)}, Back(3), v1::OUTCOME_RETRACTED, "warrants-executed: 1000 from 1/1"},
        {"BroughtBack", {Of(1, 5), Back(2)}, Of(3, 4), v1::OUTCOME_REVISED, "warrants-executed: 1004 from 2/2"},
        {"BroughtBackAsItWas", {Of(1, 5), Back(2)}, Of(3, 5), v1::OUTCOME_REVISED, "warrants-executed: 1005 from 2/2"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(RevisionsTest, AFileSentAgainIsAllDuplicatesWithTheFirstReceiptsAndWritesNothing) {
  std::vector<v1::OperationResult> file;
  for (int i = 0; i < 20; ++i) {
    file.push_back(Warrants("kent", absl::StrCat("r", i), 1, i));
    if (i % 3 == 1) file.back().set_end_date("2021-10-16");
  }
  const Decisions first = Submit(file);
  const std::vector<std::string> rows = WarrantRows();
  EXPECT_THAT(rows, ElementsAre("warrants-executed: 190 from 20/1"));
  const LogPosition last = store().last_position();
  now_us_ += 86'400'000'000;

  const Decisions second = Submit(file);
  ASSERT_EQ(second.decisions.size(), file.size());
  for (size_t i = 0; i < file.size(); ++i) {
    EXPECT_EQ(first.decisions[i].outcome, v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(first.decisions[i].position, static_cast<LogPosition>(i) + 1);
    EXPECT_EQ(second.decisions[i].outcome, v1::OUTCOME_DUPLICATE);
    EXPECT_EQ(second.decisions[i].position, first.decisions[i].position);
    EXPECT_EQ(second.decisions[i].accept_time_us, first.decisions[i].accept_time_us);
    EXPECT_EQ(LoggedAt(second.decisions[i].position).result().ShortDebugString(), file[i].ShortDebugString());
    // All but the first meet one of several days.
    ASSERT_EQ(!first.decisions[i].warned.empty(), i > 0) << i;
    ASSERT_EQ(!second.decisions[i].warned.empty(), i > 0) << i;
    if (i == 0) continue;
    EXPECT_EQ(WarnedOf(second.decisions[i]).ShortDebugString(), WarnedOf(first.decisions[i]).ShortDebugString());
    EXPECT_EQ(WarnedOf(first.decisions[i]).ShortDebugString(),
              LoggedAt(first.decisions[i].position).ShortDebugString());
  }
  EXPECT_EQ(store().last_position(), last);
  EXPECT_THAT(store().appended(), ElementsAre(20)) << "nothing was asked of the store";
  EXPECT_EQ(WarrantRows(), rows);
}

// What one revision held goes as a whole, wherever the next one puts its figures.
TEST_F(RevisionsTest, CorrectedRetractedAndBroughtBackTheTotalsMoveExactly) {
  constexpr char kAll[] = "group_by: GROUP_BY_DATE group_by: GROUP_BY_CATEGORY";
  const v1::OperationResult first = ResultFromText(R"(operation: 'county-lines-2021-10' force: 'kent' result_id: 'r'
      revision: 1 start_date: '2021-10-12' end_date: '2021-10-12'
      figures { metric: 'drugs-weight' value: 2 unit: UNIT_GRAM categories: 'heroin' }
      figures { metric: 'cash-seized' value: 7 unit: UNIT_POUND qualifier: QUALIFIER_ESTIMATE })");
  const v1::OperationResult corrected = ResultFromText(R"(operation: 'county-lines-2021-10' force: 'kent' result_id: 'r'
      revision: 2 start_date: '2021-10-12' end_date: '2021-10-13'
      figures { metric: 'drugs-weight' value: 1 unit: UNIT_GRAM categories: 'cannabis' })");
  const std::vector<std::string> with_first = {
      "2021-10-12 drugs-weight: 2000 from 1/1", "2021-10-12 drugs-weight class-a: 2000 from 1/1",
      "2021-10-12 drugs-weight heroin: 2000 from 1/1", "2021-10-12 cash-seized: about 700 from 1/1, certain 0"};
  const std::vector<std::string> with_corrected = {"drugs-weight: 1000 from 1/1", "drugs-weight class-b: 1000 from 1/1",
                                                   "drugs-weight cannabis: 1000 from 1/1, not broken down 1000"};

  SubmitOne(first);
  EXPECT_EQ(Rows(kAll), with_first);
  SubmitOne(corrected);
  EXPECT_EQ(Rows(kAll), with_corrected);
  SubmitOne(Retraction("kent", "r", 3));
  EXPECT_THAT(Rows(kAll), IsEmpty());
  v1::OperationResult back = first;
  back.set_revision(4);
  SubmitOne(back);
  EXPECT_EQ(Rows(kAll), with_first);
  ExpectTheCubesEqualTheLog();
}

TEST_F(RevisionsTest, ARetractionWithoutDatesTakesTheResultOut) {
  SubmitOne(Of(1, 5));
  EXPECT_EQ(SubmitOne(ResultFromText("operation: 'county-lines-2021-10' force: 'kent' result_id: 'r' revision: 2 "
                                     "retracted: true reason: 'counted twice'"))
                .outcome,
            v1::OUTCOME_RETRACTED);
  EXPECT_THAT(WarrantRows(), IsEmpty());
}

TEST_F(RevisionsTest, ItemsOfOneRequestCountInTheirOrder) {
  SubmitOne(Of(1, 1));
  const Decisions decisions =
      Submit({Of(2, 2), Of(1, 1), Of(2, 2), Of(2, 3), Back(3), Back(3), Of(2, 2), Of(4, 4), Of(4, 4), Of(6, 6),
              Of(5, 5), Warrants("kent", "other", 1, 10), Warrants("essex", "r", 1, 20), Of(6, 6)});
  EXPECT_THAT(OutcomesOf(decisions),
              ElementsAre(v1::OUTCOME_REVISED, v1::OUTCOME_STALE, v1::OUTCOME_DUPLICATE, v1::OUTCOME_CONFLICT,
                          v1::OUTCOME_RETRACTED, v1::OUTCOME_DUPLICATE, v1::OUTCOME_STALE, v1::OUTCOME_REVISED,
                          v1::OUTCOME_DUPLICATE, v1::OUTCOME_REVISED, v1::OUTCOME_STALE, v1::OUTCOME_ACCEPTED,
                          v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE));
  std::vector<LogPosition> positions;
  for (const Decision& decision : decisions.decisions) positions.push_back(decision.position);
  EXPECT_THAT(positions, ElementsAre(2, 0, 2, 0, 3, 3, 0, 4, 4, 5, 0, 6, 7, 5));
  EXPECT_EQ(decisions.position, 7);
  EXPECT_EQ(decisions.decisions.back().accept_time_us, decisions.decisions[9].accept_time_us);
  EXPECT_EQ(LoggedAt(decisions.decisions.back().position).result().figures(0).value(), 6);
  EXPECT_THAT(Rows("metrics: 'warrants-executed' group_by: GROUP_BY_FORCE"),
              ElementsAre("essex warrants-executed: 20 from 1/1", "kent warrants-executed: 16 from 2/1"));
  ExpectTheCubesEqualTheLog();
  Start();
  EXPECT_EQ(SubmitOne(Of(6, 6)).position, 5);
}

TEST_F(RevisionsTest, ValidateOnlyAnswersTheSameAndLeavesNoTrace) {
  SubmitOne(Of(1, 1));
  const std::vector<v1::OperationResult> results = {Of(1, 1), Of(1, 2), Of(2, 2), Of(2, 2),
                                                    Back(3),  Of(1, 1), Of(4, 4), Warrants("kent", "new", 1, 10)};
  const std::vector<v1::Outcome> want = {v1::OUTCOME_DUPLICATE, v1::OUTCOME_CONFLICT,  v1::OUTCOME_REVISED,
                                         v1::OUTCOME_DUPLICATE, v1::OUTCOME_RETRACTED, v1::OUTCOME_STALE,
                                         v1::OUTCOME_REVISED,   v1::OUTCOME_ACCEPTED};
  for (int times = 0; times < 2; ++times) {
    const Decisions tried = Submit(results, /*validate_only=*/true);
    EXPECT_EQ(OutcomesOf(tried), want);
    EXPECT_EQ(tried.decisions[0].position, 1) << "the stored one has its receipt";
    for (size_t i = 1; i < tried.decisions.size(); ++i) {
      EXPECT_EQ(tried.decisions[i].position, 0) << i;
      EXPECT_EQ(tried.decisions[i].accept_time_us, 0) << i;
    }
    EXPECT_EQ(tried.position, 1);
    EXPECT_THAT(WarrantRows(), ElementsAre("warrants-executed: 1 from 1/1"));
  }
  EXPECT_THAT(store().appended(), ElementsAre(1)) << "nothing was asked of the store";
  EXPECT_EQ(OutcomesOf(Submit(results)), want);
  EXPECT_THAT(WarrantRows(), ElementsAre("warrants-executed: 14 from 2/1"));
}

TEST_F(RevisionsTest, ValidateOnlyWithinAGroupIsForgottenByWhatFollows) {
  store().HoldAppends();
  DecisionsLater first = SubmitLater({Warrants("surrey", "r", 1, 1)});
  store().AwaitHeldAppend();
  DecisionsLater before = SubmitLater({Of(1, 1)});
  DecisionsLater tried = SubmitLater({Of(2, 2), Warrants("kent", "new", 3, 9)}, /*validate_only=*/true);
  DecisionsLater after = SubmitLater({Of(2, 5), Warrants("kent", "new", 1, 3)});
  store().Release();
  EXPECT_THAT(OutcomesOf(*before.get()), ElementsAre(v1::OUTCOME_ACCEPTED));
  EXPECT_THAT(OutcomesOf(*tried.get()), ElementsAre(v1::OUTCOME_REVISED, v1::OUTCOME_ACCEPTED));
  EXPECT_THAT(OutcomesOf(*after.get()), ElementsAre(v1::OUTCOME_REVISED, v1::OUTCOME_ACCEPTED));
  EXPECT_THAT(store().appended(), ElementsAre(1, 3)) << "one group of what waited";
  EXPECT_THAT(WarrantRows(), ElementsAre("warrants-executed: 9 from 3/2"));
  ExpectTheCubesEqualTheLog();
}

// The warnings of what was only tried must not stay in the writer's memory.
TEST_F(RevisionsTest, ValidateOnlyLeavesNoTraceInWarnings) {
  for (int i = 0; i < 3; ++i) {
    v1::OperationResult result = Of(1, 2);
    result.set_result_id(absl::StrCat("usual", i));
    result.set_start_date(absl::StrCat("2021-10-1", 1 + i));
    result.set_end_date(result.start_date());
    SubmitOne(result);
  }
  const auto warnings_of = [](const Decision& decision) {
    std::vector<v1::WarningReason> reasons;
    if (decision.warned.empty()) return reasons;
    const store::v1::LoggedResult warned = WarnedOf(decision);
    for (const store::v1::LoggedWarning& warning : warned.warnings()) reasons.push_back(warning.reason());
    return reasons;
  };
  const auto of_two_days = [](v1::OperationResult result) {
    result.set_end_date("2021-10-16");
    return result;
  };
  // Unusual, and on days of its own; if it stayed, the next would overlap it and no longer be unusual.
  const Decisions tried = Submit({of_two_days(Of(1, 21)), Warrants("kent", "s", 1, 21)}, /*validate_only=*/true);
  EXPECT_THAT(warnings_of(tried.decisions[0]), ElementsAre(v1::WARNING_REASON_UNUSUAL_VALUE));
  EXPECT_THAT(warnings_of(tried.decisions[1]), ElementsAre(v1::WARNING_REASON_OVERLAPPING_PERIOD));
  EXPECT_THAT(warnings_of(SubmitOne(of_two_days(Of(1, 21)))), ElementsAre(v1::WARNING_REASON_UNUSUAL_VALUE));

  // Nor what was only taken back or corrected: it overlaps still.
  Submit({Back(2), Of(3, 1)}, /*validate_only=*/true);
  EXPECT_THAT(warnings_of(SubmitOne(Warrants("kent", "s", 1, 3))), ElementsAre(v1::WARNING_REASON_OVERLAPPING_PERIOD));
}

}  // namespace
}  // namespace muster
