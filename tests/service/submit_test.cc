// What becomes of a result that is submitted: every row of the revision table, and every kind of refusal.
#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/util/message_differencer.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using SubmitTest = ServerTest;

TEST_F(SubmitTest, AnAcceptedResultHasAReceiptAndIsInTheTotals) {
  const v1::Receipt receipt = client().SubmitOne(MakeResult("r1", 1, 7));
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(receipt.result_id(), "r1");
  EXPECT_EQ(receipt.revision(), 1);
  EXPECT_EQ(receipt.position(), 1);
  EXPECT_GT(receipt.accept_time().seconds(), 1'600'000'000);
  EXPECT_THAT(receipt.digest(), SizeIs(32));
  EXPECT_FALSE(receipt.has_problem());
  EXPECT_THAT(receipt.warnings(), IsEmpty());
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 7);
}

TEST_F(SubmitTest, ADuplicateGetsTheFirstReceiptAgainAndWritesNothing) {
  v1::OperationResult result = MakeResult("r1", 1, 7);
  result.set_end_date("2021-10-19");  // Partly outside the window: the receipt warns.
  *result.add_figures() = MakeFigure("cash-seized", 5, {}, v1::UNIT_POUND);
  const v1::Receipt first = client().SubmitOne(result);
  ASSERT_EQ(first.outcome(), v1::OUTCOME_ACCEPTED);
  ASSERT_THAT(first.warnings(), SizeIs(1));

  v1::Receipt again = client().SubmitOne(result);
  EXPECT_EQ(again.outcome(), v1::OUTCOME_DUPLICATE);
  again.set_outcome(v1::OUTCOME_ACCEPTED);
  EXPECT_TRUE(MessageDifferencer::Equals(first, again)) << again.DebugString();
  EXPECT_EQ(client().Position(), 1);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 7);
}

TEST_F(SubmitTest, TheOrderOfFiguresMakesNoOtherContent) {
  v1::OperationResult result = MakeResult("r1", 1, 7);
  *result.add_figures() = MakeFigure("cash-seized", 5, {}, v1::UNIT_POUND);
  ASSERT_EQ(client().SubmitOne(result).outcome(), v1::OUTCOME_ACCEPTED);
  result.mutable_figures()->SwapElements(0, 1);
  result.mutable_figures(0)->set_qualifier(v1::QUALIFIER_EXACT);  // The same as unset.
  EXPECT_EQ(client().SubmitOne(result).outcome(), v1::OUTCOME_DUPLICATE);
}

TEST_F(SubmitTest, OtherContentUnderTheSameRevisionIsAConflict) {
  client().SubmitOne(MakeResult("r1", 3, 7));
  const v1::Receipt receipt = client().SubmitOne(MakeResult("r1", 3, 8));
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_CONFLICT);
  EXPECT_EQ(receipt.position(), 0);
  EXPECT_FALSE(receipt.has_accept_time());
  EXPECT_THAT(receipt.digest(), SizeIs(32));
  const RichError error = ErrorOf(receipt.problem());
  EXPECT_EQ(error.reason, "REVISION_CONFLICT");
  EXPECT_EQ(error.code, grpc::ALREADY_EXISTS);
  EXPECT_THAT(error.message, HasSubstr("revision 4"));
  EXPECT_EQ(client().Position(), 1);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 7);
}

TEST_F(SubmitTest, ALowerRevisionIsStale) {
  client().SubmitOne(MakeResult("r1", 3, 7));
  const v1::Receipt receipt = client().SubmitOne(MakeResult("r1", 2, 8));
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_STALE);
  EXPECT_EQ(receipt.position(), 0);
  EXPECT_EQ(ErrorOf(receipt.problem()).reason, "REVISION_STALE");
  EXPECT_EQ(client().Position(), 1);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 7);
}

TEST_F(SubmitTest, CorrectionsRetractionsAndReinstatementsMoveTheTotalsByTheDifference) {
  client().SubmitOne(MakeResult("other", 1, 100));
  client().SubmitOne(MakeResult("r1", 1, 7));
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 107);

  v1::Receipt receipt = client().SubmitOne(MakeResult("r1", 2, 9));
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_REVISED);
  EXPECT_EQ(receipt.position(), 3);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 109);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->result_count(), 2);

  receipt = client().SubmitOne(MakeRetraction("r1", 5));
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_RETRACTED);
  EXPECT_EQ(receipt.position(), 4);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 100);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->result_count(), 1);

  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 2, 9)).outcome(), v1::OUTCOME_STALE);
  EXPECT_EQ(client().SubmitOne(MakeRetraction("r1", 5)).outcome(), v1::OUTCOME_DUPLICATE);

  receipt = client().SubmitOne(MakeResult("r1", 6, 9));
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_REVISED);
  EXPECT_EQ(receipt.position(), 5);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 109);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(SubmitTest, ARetractionThatComesFirstMakesWhatItTakesBackStale) {
  EXPECT_EQ(client().SubmitOne(MakeRetraction("r1", 2)).outcome(), v1::OUTCOME_RETRACTED);
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 7)).outcome(), v1::OUTCOME_STALE);
  EXPECT_FALSE(client().TotalOf(kOctober2021, "arrests").has_value());
}

TEST_F(SubmitTest, ItemsOfOneRequestCountInTheOrderGiven) {
  const v1::SubmitResultsResponse response =
      client().Submit({MakeResult("r1", 1, 7), MakeResult("r1", 1, 7), MakeResult("r1", 1, 8), MakeResult("r1", 2, 9),
                       MakeResult("r1", 1, 7), MakeRetraction("r1", 3), MakeResult("r1", 4, 11)});
  std::vector<v1::Outcome> outcomes;
  std::vector<int64_t> positions;
  for (const v1::Receipt& receipt : response.receipts()) {
    outcomes.push_back(receipt.outcome());
    positions.push_back(receipt.position());
  }
  EXPECT_THAT(outcomes,
              ElementsAre(v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE, v1::OUTCOME_CONFLICT, v1::OUTCOME_REVISED,
                          v1::OUTCOME_STALE, v1::OUTCOME_RETRACTED, v1::OUTCOME_REVISED));
  EXPECT_THAT(positions, ElementsAre(1, 1, 0, 2, 0, 3, 4));
  EXPECT_EQ(response.position(), 4);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 11);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(SubmitTest, ABadItemDoesNotSinkTheOthersAndIsToldEverythingAtOnce) {
  v1::OperationResult bad = MakeResult("no spaces", 0, -1);
  bad.set_force("thames-vally");
  *bad.add_figures() = MakeFigure("drugs-weight", 1, {"herion", "male"});
  const v1::SubmitResultsResponse response =
      client().Submit({MakeResult("a", 1, 1), bad, MakeResult("c", 1, 3), v1::OperationResult()});

  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.receipts(2).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.receipts(2).result_id(), "c");
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 4);

  const v1::Receipt& refused = response.receipts(1);
  EXPECT_EQ(refused.outcome(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(refused.result_id(), "no spaces");
  EXPECT_EQ(refused.position(), 0);
  EXPECT_EQ(refused.digest(), "");
  const RichError error = ErrorOf(refused.problem());
  EXPECT_EQ(error.code, grpc::INVALID_ARGUMENT);
  EXPECT_EQ(error.reason, "INVALID_RESULT");
  EXPECT_THAT(error.violations, testing::UnorderedElementsAre(
                                    Violation{"results[1].force", "UNKNOWN_FORCE"},
                                    Violation{"results[1].result_id", "RESULT_ID_MALFORMED"},
                                    Violation{"results[1].revision", "REVISION_TOO_LOW"},
                                    Violation{"results[1].figures[0].value", "VALUE_NEGATIVE"},
                                    Violation{"results[1].figures[1].unit", "UNIT_NOT_OF_METRIC"},
                                    Violation{"results[1].figures[1].categories[0]", "UNKNOWN_CATEGORY"},
                                    Violation{"results[1].figures[1].categories[1]", "CATEGORY_NOT_OF_METRIC"}));
  EXPECT_THAT(error.descriptions, testing::Contains(HasSubstr("did you mean \"thames-valley\"?")));
  EXPECT_THAT(error.descriptions, testing::Contains(HasSubstr("did you mean \"heroin\"?")));

  const RichError nothing = ErrorOf(response.receipts(3).problem());
  EXPECT_THAT(
      nothing.violations,
      testing::UnorderedElementsAre(
          Violation{"results[3].operation", "UNKNOWN_OPERATION"}, Violation{"results[3].force", "UNKNOWN_FORCE"},
          Violation{"results[3].result_id", "RESULT_ID_MALFORMED"},
          Violation{"results[3].revision", "REVISION_TOO_LOW"}, Violation{"results[3].start_date", "DATE_MISSING"},
          Violation{"results[3].end_date", "DATE_MISSING"}, Violation{"results[3].figures", "FIGURES_MISSING"}));
}

TEST_F(SubmitTest, ARequestOfRejectedItemsOnlyStillGetsReceipts) {
  const v1::Receipt receipt = client().SubmitOne(v1::OperationResult());
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(client().Position(), 0);
}

TEST_F(SubmitTest, ValidateOnlyAnswersTheSameAndWritesNothing) {
  client().SubmitOne(MakeResult("old", 2, 7));
  const std::vector<v1::OperationResult> results = {
      MakeResult("r1", 1, 1),  MakeResult("r1", 1, 1),  MakeResult("r1", 2, 2),   MakeResult("old", 2, 7),
      MakeResult("old", 2, 8), MakeResult("old", 1, 7), MakeRetraction("old", 3), v1::OperationResult()};
  const v1::SubmitResultsResponse dry = client().Submit(results, /*validate_only=*/true);
  EXPECT_EQ(dry.position(), 1);
  EXPECT_EQ(client().Position(), 1);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 7);

  const v1::SubmitResultsResponse real = client().Submit(results);
  for (int index = 0; index < real.receipts_size(); ++index) {
    EXPECT_EQ(dry.receipts(index).outcome(), real.receipts(index).outcome()) << index;
    EXPECT_EQ(dry.receipts(index).digest(), real.receipts(index).digest()) << index;
    EXPECT_EQ(dry.receipts(index).warnings_size(), real.receipts(index).warnings_size()) << index;
    if (index != 3) {
      EXPECT_EQ(dry.receipts(index).position(), 0) << index;
      EXPECT_FALSE(dry.receipts(index).has_accept_time()) << index;
    }
  }
  EXPECT_EQ(dry.receipts(3).position(), 1) << "a duplicate of what is stored says where";
  EXPECT_EQ(real.position(), 4);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(SubmitTest, AnEmptyRequestIsRefused) {
  v1::SubmitResultsResponse response;
  const grpc::Status status = client().TrySubmit({}, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "NO_RESULTS"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"results", "NO_RESULTS"}));
}

TEST_F(SubmitTest, AThousandResultsAreTakenAndOneMoreIsRefused) {
  v1::SubmitResultsRequest request;
  for (int index = 0; index < 1'000; ++index) *request.add_results() = MakeResult("r" + std::to_string(index), 1, 1);
  *request.add_results() = MakeResult("r1000", 1, 1);
  v1::SubmitResultsResponse response;
  const grpc::Status status = client().TrySubmit(request, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "TOO_MANY_RESULTS"));
  EXPECT_EQ(client().Position(), 0);

  request.mutable_results()->RemoveLast();
  ASSERT_THAT(client().TrySubmit(request, &response), IsOkCall());
  EXPECT_EQ(response.position(), 1'000);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 1'000);
}

TEST_F(SubmitTest, AMessageBeyondFourMebibytesIsRefused) {
  v1::SubmitResultsRequest request;
  v1::OperationResult& result = *request.add_results();
  result = MakeResult("r1", 1, 1);
  result.set_reason(std::string(5 << 20, 'a'));
  v1::SubmitResultsResponse response;
  EXPECT_EQ(client().TrySubmit(request, &response).error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 1)).outcome(), v1::OUTCOME_ACCEPTED);
}

TEST_F(SubmitTest, AClosedOperationTakesNothingNewAndARetryIsStillSafe) {
  client().SubmitOne(MakeResult("r1", 1, 7));
  v1::CloseOperationRequest close;
  close.set_operation(kOctober2021);
  v1::CloseOperationResponse closed;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, CloseOperation, close, &closed), IsOkCall());

  const v1::SubmitResultsResponse response = client().Submit(
      {MakeResult("r2", 1, 1), MakeResult("r1", 1, 7), MakeResult("r1", 2, 8), MakeRetraction("r1", 2)});
  for (const int index : {0, 2, 3}) {
    EXPECT_EQ(response.receipts(index).outcome(), v1::OUTCOME_REJECTED) << index;
    EXPECT_EQ(ErrorOf(response.receipts(index).problem()).reason, "OPERATION_CLOSED") << index;
    EXPECT_EQ(response.receipts(index).position(), 0) << index;
  }
  EXPECT_EQ(response.receipts(1).outcome(), v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(response.receipts(1).position(), 1);

  v1::ReopenOperationRequest reopen;
  reopen.set_operation(kOctober2021);
  v1::ReopenOperationResponse reopened;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, ReopenOperation, reopen, &reopened), IsOkCall());
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 2, 8)).outcome(), v1::OUTCOME_REVISED);
}

TEST_F(SubmitTest, ANilResultStatesZerosAndNothingElse) {
  v1::OperationResult nil = MakeResult("r1", 1, 0);
  nil.clear_figures();
  nil.set_nil(true);
  EXPECT_EQ(client().SubmitOne(nil).outcome(), v1::OUTCOME_ACCEPTED);
  const std::optional<v1::Total> arrests = client().TotalOf(kOctober2021, "arrests");
  ASSERT_TRUE(arrests.has_value());
  EXPECT_TRUE(arrests->has_sum());
  EXPECT_EQ(arrests->sum(), 0);
  EXPECT_EQ(arrests->result_count(), 1);
  EXPECT_FALSE(client().TotalOf(kOctober2021, "charges").has_value()) << "silence is never zero";
}

TEST_F(SubmitTest, WarningsNameTheirPlaceInTheRequestAndInTheResult) {
  v1::OperationResult first = MakeResult("first", 1, 7);
  first.set_start_date("2021-10-11");  // The week, and then a day of it.
  first.set_end_date("2021-10-17");
  client().SubmitOne(first);
  v1::OperationResult second = MakeResult("second", 1, 7);
  second.mutable_figures()->Clear();
  *second.add_figures() = MakeFigure("charges", 1);
  *second.add_figures() = MakeFigure("arrests", 5);
  *second.add_figures() = MakeFigure("arrests", 4, {"male"});
  *second.add_figures() = MakeFigure("arrests", 3, {"female"});
  const v1::SubmitResultsResponse response = client().Submit({MakeResult("third", 1, 2, "sussex"), second});
  EXPECT_THAT(response.receipts(0).warnings(), IsEmpty());
  std::vector<std::pair<v1::WarningReason, std::string>> warnings;
  for (const v1::Warning& warning : response.receipts(1).warnings()) {
    warnings.emplace_back(warning.reason(), warning.field());
    EXPECT_FALSE(warning.description().empty());
  }
  EXPECT_THAT(warnings, testing::UnorderedElementsAre(
                            std::pair(v1::WARNING_REASON_BREAKDOWN_SUM_MISMATCH, "results[1].figures[1]"),
                            std::pair(v1::WARNING_REASON_OVERLAPPING_PERIOD, "results[1].figures[1]")));

  v1::GetResultRequest get;
  get.set_operation(kOctober2021);
  get.set_force("thames-valley");
  get.set_result_id("second");
  v1::GetResultResponse got;
  ASSERT_THAT(MUSTER_CALL(client(), ingest, GetResult, get, &got), IsOkCall());
  EXPECT_TRUE(MessageDifferencer::Equals(got.result().result(), second));
  ASSERT_THAT(got.result().receipt().warnings(), SizeIs(2));
  for (const v1::Warning& warning : got.result().receipt().warnings()) EXPECT_EQ(warning.field(), "figures[1]");
}

TEST_F(SubmitTest, AResultThatIsNotStoredIsNotFound) {
  v1::GetResultRequest get;
  get.set_operation(kOctober2021);
  get.set_force("thames-valley");
  get.set_result_id("never");
  v1::GetResultResponse got;
  EXPECT_THAT(MUSTER_CALL(client(), ingest, GetResult, get, &got), FailsWith(grpc::NOT_FOUND, "RESULT_NOT_FOUND"));
  const grpc::Status malformed = MUSTER_CALL(client(), ingest, GetResult, v1::GetResultRequest(), &got);
  EXPECT_THAT(malformed, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_REQUEST"));
  EXPECT_THAT(ErrorOf(malformed).violations, SizeIs(3));
}

}  // namespace
}  // namespace muster
