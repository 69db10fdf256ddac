// The catalogue, and operations: made, changed, closed and reopened through the log.
#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A week of 2026; nothing is wrong with it.
v1::Operation NewOperation(const std::string& id = "county-lines-2026-11") {
  v1::Operation operation;
  operation.set_id(id);
  operation.set_title("County Lines Intensification Week, November 2026");
  operation.set_start_date("2026-11-23");
  operation.set_end_date("2026-11-29");
  operation.mutable_due_time()->set_seconds(1'796'000'000);
  operation.add_expected_forces("sussex");
  operation.add_expected_forces("kent");
  operation.add_expected_metrics("arrests");
  return operation;
}

class CatalogueCallsTest : public ServerTest {
 protected:
  grpc::Status TryCreate(const v1::Operation& operation, v1::Operation* created) {
    v1::CreateOperationRequest request;
    *request.mutable_operation() = operation;
    v1::CreateOperationResponse response;
    grpc::Status status = MUSTER_CALL(client(), catalogue, CreateOperation, request, &response);
    *created = response.operation();
    return status;
  }
  v1::Operation Create(const v1::Operation& operation) {
    v1::Operation created;
    EXPECT_THAT(TryCreate(operation, &created), IsOkCall());
    return created;
  }
  grpc::Status TryUpdate(const v1::Operation& operation, const std::vector<std::string>& paths,
                         v1::Operation* updated) {
    v1::UpdateOperationRequest request;
    *request.mutable_operation() = operation;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    v1::UpdateOperationResponse response;
    grpc::Status status = MUSTER_CALL(client(), catalogue, UpdateOperation, request, &response);
    *updated = response.operation();
    return status;
  }
  v1::Operation Update(const v1::Operation& operation, const std::vector<std::string>& paths) {
    v1::Operation updated;
    EXPECT_THAT(TryUpdate(operation, paths, &updated), IsOkCall());
    return updated;
  }
  v1::Operation Get(const std::string& id) {
    v1::GetOperationRequest request;
    request.set_operation(id);
    v1::GetOperationResponse response;
    EXPECT_THAT(MUSTER_CALL(client(), catalogue, GetOperation, request, &response), IsOkCall());
    return response.operation();
  }
  v1::Operation Close(const std::string& id) {
    v1::CloseOperationRequest request;
    request.set_operation(id);
    v1::CloseOperationResponse response;
    EXPECT_THAT(MUSTER_CALL(client(), catalogue, CloseOperation, request, &response), IsOkCall());
    return response.operation();
  }
  v1::Operation Reopen(const std::string& id) {
    v1::ReopenOperationRequest request;
    request.set_operation(id);
    v1::ReopenOperationResponse response;
    EXPECT_THAT(MUSTER_CALL(client(), catalogue, ReopenOperation, request, &response), IsOkCall());
    return response.operation();
  }
  grpc::Status TryList(int page_size, const std::string& token, v1::ListOperationsResponse* response) {
    v1::ListOperationsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    return MUSTER_CALL(client(), catalogue, ListOperations, request, response);
  }
  std::vector<std::string> ListAll(int page_size) {
    std::vector<std::string> ids;
    v1::ListOperationsResponse page;
    do {
      EXPECT_THAT(TryList(page_size, page.next_page_token(), &page), IsOkCall());
      for (const v1::Operation& operation : page.operations()) ids.push_back(operation.id());
    } while (!page.next_page_token().empty());
    return ids;
  }
};

TEST_F(CatalogueCallsTest, TheCatalogueIsServedAsItShipsWithoutOperations) {
  v1::GetCatalogueResponse response;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, GetCatalogue, v1::GetCatalogueRequest(), &response), IsOkCall());
  v1::Catalogue shipped = ShippedCatalogue()->proto();
  EXPECT_EQ(shipped.operations_size(), 12);
  shipped.clear_operations();
  EXPECT_TRUE(MessageDifferencer::Equals(response.catalogue(), shipped));
  EXPECT_EQ(response.catalogue().forces_size(), 55);
  EXPECT_EQ(response.catalogue().regions_size(), 10);
}

TEST_F(CatalogueCallsTest, AShippedOperationIsNotInTheLog) {
  const v1::Operation operation = Get(kOctober2021);
  EXPECT_EQ(operation.start_date(), "2021-10-11");
  EXPECT_EQ(operation.end_date(), "2021-10-17");
  EXPECT_EQ(operation.change_position(), 0);
  EXPECT_FALSE(operation.closed());
  EXPECT_EQ(client().Position(), 0);
}

TEST_F(CatalogueCallsTest, EveryPageSizeListsTheSameOperationsByStart) {
  v1::Operation same_day = NewOperation("county-lines-2021-10b");
  same_day.set_start_date("2021-10-11");
  same_day.set_end_date("2021-10-11");
  Create(same_day);
  const std::vector<std::string> ids = ListAll(0);
  ASSERT_THAT(ids, SizeIs(13));
  std::vector<std::pair<std::string, std::string>> places;
  places.reserve(ids.size());
  for (const std::string& id : ids) places.emplace_back(Get(id).start_date(), id);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end())) << testing::PrintToString(places);
  for (const int page_size : {1, 2, 5, 12, 13, 14, 1'000'000}) EXPECT_EQ(ListAll(page_size), ids) << page_size;
}

TEST_F(CatalogueCallsTest, AnotherListsTokenAndANegativePageSizeAreRefused) {
  v1::ListOperationsResponse page;
  for (const std::string& token : {std::string("x"), std::string(100'000, 'a'),
                                   absl::WebSafeBase64Escape("results/county-lines-2021-10/kent\na")}) {
    const grpc::Status status = TryList(1, token, &page);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
    EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"page_token", "INVALID_PAGE_TOKEN"}));
  }
  EXPECT_THAT(TryList(-1, "", &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_SIZE"));
}

TEST_F(CatalogueCallsTest, AnOperationIsMadeThroughTheLogAndIsThereAfterARestart) {
  v1::Operation expected = NewOperation();
  expected.set_change_position(1);
  EXPECT_TRUE(MessageDifferencer::Equals(Create(NewOperation()), expected));
  EXPECT_EQ(client().Position(), 1);
  EXPECT_TRUE(MessageDifferencer::Equals(Get(expected.id()), expected));

  v1::OperationResult result = MakeResult("r1", 1, 7, "kent");
  result.set_operation(expected.id());
  result.set_start_date("2026-11-24");
  result.set_end_date("2026-11-24");
  EXPECT_EQ(client().SubmitOne(result).position(), 2);
  Stop();
  Start();
  EXPECT_TRUE(MessageDifferencer::Equals(Get(expected.id()), expected));
  EXPECT_EQ(client().TotalOf(expected.id(), "arrests")->sum(), 7);
  EXPECT_EQ(client().SubmitOne(result).outcome(), v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(CatalogueCallsTest, TheForcesThatAnOperationExpectsAreItsCoverage) {
  Create(NewOperation());
  v1::GetCoverageRequest request;
  request.add_operations(NewOperation().id());
  v1::GetCoverageResponse response;
  ASSERT_THAT(MUSTER_CALL(client(), totals, GetCoverage, request, &response), IsOkCall());
  EXPECT_EQ(response.coverage().expected_count(), 2);
  EXPECT_THAT(response.coverage().missing_forces(), testing::UnorderedElementsAre("kent", "sussex"));
}

TEST_F(CatalogueCallsTest, MakingTheSameAgainChangesNothingAndOtherContentIsToldApart) {
  const v1::Operation created = Create(NewOperation());
  EXPECT_TRUE(MessageDifferencer::Equals(Create(NewOperation()), created));
  EXPECT_EQ(client().Position(), 1);
  v1::Operation other = NewOperation();
  other.set_end_date("2026-11-30");
  v1::Operation answer;
  EXPECT_THAT(TryCreate(other, &answer), FailsWith(grpc::ALREADY_EXISTS, "OPERATION_EXISTS"));
  EXPECT_EQ(client().Position(), 1);
  EXPECT_EQ(Get(created.id()).end_date(), "2026-11-29");

  Close(created.id());  // A retry of the creation does not reopen it.
  EXPECT_TRUE(Create(NewOperation()).closed());
  EXPECT_EQ(client().Position(), 2);
}

TEST_F(CatalogueCallsTest, AShippedOperationIsNotMadeAnew) {
  v1::Operation operation = NewOperation(kOctober2021);
  v1::Operation answer;
  EXPECT_THAT(TryCreate(operation, &answer), FailsWith(grpc::ALREADY_EXISTS, "OPERATION_EXISTS"));
}

TEST_F(CatalogueCallsTest, OnlyTheFieldsOfTheMaskAreTaken) {
  Create(NewOperation());
  v1::Operation change;
  change.set_id(NewOperation().id());
  change.set_title("Another title");
  change.add_expected_forces("essex");
  v1::Operation expected = NewOperation();
  expected.set_title("Another title");
  expected.set_change_position(2);
  EXPECT_TRUE(MessageDifferencer::Equals(Update(change, {"title"}), expected));
  EXPECT_TRUE(MessageDifferencer::Equals(Update(change, {"title"}), expected)) << "the same again changes nothing";
  EXPECT_EQ(client().Position(), 2);

  expected.clear_due_time();
  expected.clear_expected_metrics();
  expected.clear_expected_forces();
  expected.add_expected_forces("essex");
  expected.set_change_position(3);
  EXPECT_TRUE(
      MessageDifferencer::Equals(Update(change, {"due_time", "expected_metrics", "expected_forces"}), expected));
  Stop();
  Start();
  EXPECT_TRUE(MessageDifferencer::Equals(Get(expected.id()), expected)) << Get(expected.id()).DebugString();
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(CatalogueCallsTest, AShippedOperationMayBeChangedAndStaysSo) {
  v1::Operation change;
  change.set_id(kOctober2021);
  change.mutable_due_time()->set_seconds(1'000'000'000);  // Long past.
  const v1::Operation changed = Update(change, {"due_time"});
  EXPECT_EQ(changed.change_position(), 1);
  EXPECT_EQ(changed.start_date(), "2021-10-11");
  Stop();
  Start();
  EXPECT_TRUE(MessageDifferencer::Equals(Get(kOctober2021), changed));
  const v1::Receipt receipt = client().SubmitOne(MakeResult("r1", 1, 7));
  ASSERT_THAT(receipt.warnings(), SizeIs(1));
  EXPECT_EQ(receipt.warnings(0).reason(), v1::WARNING_REASON_LATE);
}

// What a nil result states as zero is what was expected when it was accepted.
TEST_F(CatalogueCallsTest, AnotherExpectationDoesNotMoveWhatWasAccepted) {
  v1::OperationResult nil = MakeResult("r1", 1, 0, "kent");
  nil.clear_figures();
  nil.set_nil(true);
  client().SubmitOne(nil);
  v1::Operation change;
  change.set_id(kOctober2021);
  change.add_expected_metrics("charges");
  Update(change, {"expected_metrics"});
  EXPECT_TRUE(client().TotalOf(kOctober2021, "arrests").has_value());
  EXPECT_FALSE(client().TotalOf(kOctober2021, "charges").has_value());
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
  Stop();
  Start();
  EXPECT_TRUE(client().TotalOf(kOctober2021, "arrests").has_value());
  EXPECT_FALSE(client().TotalOf(kOctober2021, "charges").has_value());
}

TEST_F(CatalogueCallsTest, AClosedOperationTakesNothingNewAlsoAfterARestartUntilItIsReopened) {
  client().SubmitOne(MakeResult("r1", 1, 7));
  const v1::Operation closed = Close(kOctober2021);
  EXPECT_TRUE(closed.closed());
  EXPECT_EQ(closed.change_position(), 2);
  EXPECT_TRUE(MessageDifferencer::Equals(Close(kOctober2021), closed)) << "closing again changes nothing";
  EXPECT_EQ(client().Position(), 2);
  Stop();
  Start();
  EXPECT_TRUE(Get(kOctober2021).closed());
  const v1::SubmitResultsResponse response = client().Submit({MakeResult("r2", 1, 1), MakeResult("r1", 1, 7)});
  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(ErrorOf(response.receipts(0).problem()).reason, "OPERATION_CLOSED");
  EXPECT_EQ(ErrorOf(response.receipts(0).problem()).code, grpc::FAILED_PRECONDITION);
  EXPECT_EQ(response.receipts(1).outcome(), v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 7);

  EXPECT_EQ(Reopen(kOctober2021).change_position(), 3);
  EXPECT_EQ(Reopen(kOctober2021).change_position(), 3) << "reopening again changes nothing";
  EXPECT_EQ(client().SubmitOne(MakeResult("r2", 1, 1)).position(), 4);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(CatalogueCallsTest, AnUnknownOperationIsNotFoundAndTheNearestIsNamed) {
  const std::string id = "County-Lines-2021-1";
  v1::GetOperationRequest get;
  get.set_operation(id);
  v1::GetOperationResponse got;
  v1::CloseOperationRequest close;
  close.set_operation(id);
  v1::CloseOperationResponse closed;
  v1::ReopenOperationRequest reopen;
  reopen.set_operation(id);
  v1::ReopenOperationResponse reopened;
  v1::Operation change;
  change.set_id(id);
  v1::Operation updated;
  for (const grpc::Status& status :
       {MUSTER_CALL(client(), catalogue, GetOperation, get, &got),
        MUSTER_CALL(client(), catalogue, CloseOperation, close, &closed),
        MUSTER_CALL(client(), catalogue, ReopenOperation, reopen, &reopened), TryUpdate(change, {"title"}, &updated)}) {
    EXPECT_THAT(status, FailsWith(grpc::NOT_FOUND, "OPERATION_NOT_FOUND"));
    EXPECT_THAT(status.error_message(), HasSubstr("did you mean \"county-lines-2021-10\"?"));
  }
  EXPECT_EQ(client().Position(), 0);
}

TEST_F(CatalogueCallsTest, ANameThatIsVeryLongOrNotAsciiIsAnErrorLikeAnyOther) {
  for (const std::string& id : {std::string(79, 'a') + "\xc3\xa9\xc3\xa9", std::string(1'000'000, 'a')}) {
    v1::GetOperationRequest get;
    get.set_operation(id);
    v1::GetOperationResponse got;
    EXPECT_THAT(MUSTER_CALL(client(), catalogue, GetOperation, get, &got),
                FailsWith(grpc::NOT_FOUND, "OPERATION_NOT_FOUND"));
    v1::Operation operation = NewOperation();
    operation.set_id(id);
    operation.set_start_date(id);
    operation.add_expected_forces(id);
    const grpc::Status status = TryCreate(operation, &operation);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_OPERATION"));
    EXPECT_THAT(ErrorOf(status).violations, SizeIs(3));
  }
}

// One difference from a good operation.
struct BadOperation {
  std::string name;
  std::function<void(v1::Operation&)> spoil;
  std::vector<Violation> violations;
  friend void PrintTo(const BadOperation& row, std::ostream* out) { *out << row.name; }
};

class RefusedOperationTest : public CatalogueCallsTest, public testing::WithParamInterface<BadOperation> {};

TEST_P(RefusedOperationTest, IsToldEverythingAndNotMade) {
  v1::Operation operation = NewOperation();
  GetParam().spoil(operation);
  v1::Operation answer;
  const grpc::Status status = TryCreate(operation, &answer);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_OPERATION"));
  EXPECT_THAT(ErrorOf(status).violations, testing::UnorderedElementsAreArray(GetParam().violations));
  EXPECT_EQ(client().Position(), 0);
  EXPECT_THAT(ListAll(0), SizeIs(12));
}

using Op = v1::Operation;

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedOperationTest,
    testing::ValuesIn<BadOperation>({
        {"IdMissing", [](Op& o) { o.clear_id(); }, {{"operation.id", "OPERATION_ID_MALFORMED"}}},
        {"IdInCapitals", [](Op& o) { o.set_id("Sceptre"); }, {{"operation.id", "OPERATION_ID_MALFORMED"}}},
        {"IdWithTwoHyphens", [](Op& o) { o.set_id("a--b"); }, {{"operation.id", "OPERATION_ID_MALFORMED"}}},
        {"IdOneTooLong", [](Op& o) { o.set_id(std::string(65, 'a')); }, {{"operation.id", "OPERATION_ID_MALFORMED"}}},
        {"TitleMissing", [](Op& o) { o.clear_title(); }, {{"operation.title", "TITLE_LENGTH"}}},
        {"TitleOneTooLong", [](Op& o) { o.set_title(std::string(201, 'a')); }, {{"operation.title", "TITLE_LENGTH"}}},
        {"StartMissing", [](Op& o) { o.clear_start_date(); }, {{"operation.start_date", "DATE_MALFORMED"}}},
        {"EndOfNoDay", [](Op& o) { o.set_end_date("2026-11-31"); }, {{"operation.end_date", "DATE_MALFORMED"}}},
        {"Reversed", [](Op& o) { o.set_end_date("2026-11-22"); }, {{"operation.end_date", "PERIOD_REVERSED"}}},
        {"OneDayTooLong", [](Op& o) { o.set_end_date("2027-11-24"); }, {{"operation.end_date", "PERIOD_TOO_LONG"}}},
        {"DueAtNoTime", [](Op& o) { o.mutable_due_time()->set_nanos(-1); }, {{"operation.due_time", "TIME_MALFORMED"}}},
        {"ForceUnknown",
         [](Op& o) { o.set_expected_forces(1, "kentt"); },
         {{"operation.expected_forces[1]", "UNKNOWN_FORCE"}}},
        {"ForceTwice", [](Op& o) { o.add_expected_forces("kent"); }, {{"operation.expected_forces[2]", "REPEATED"}}},
        {"MetricUnknown",
         [](Op& o) { o.add_expected_metrics("arests"); },
         {{"operation.expected_metrics[1]", "UNKNOWN_METRIC"}}},
        {"Closed", [](Op& o) { o.set_closed(true); }, {{"operation.closed", "OUTPUT_ONLY"}}},
        {"WithAPosition", [](Op& o) { o.set_change_position(1); }, {{"operation.change_position", "OUTPUT_ONLY"}}},
        {"EverythingAtOnce",
         [](Op& o) {
           o.set_id("No Id");
           o.clear_title();
           o.set_start_date("soon");
           o.clear_end_date();
           o.set_expected_forces(0, "susex");
           o.set_closed(true);
         },
         {{"operation.id", "OPERATION_ID_MALFORMED"},
          {"operation.title", "TITLE_LENGTH"},
          {"operation.start_date", "DATE_MALFORMED"},
          {"operation.end_date", "DATE_MALFORMED"},
          {"operation.expected_forces[0]", "UNKNOWN_FORCE"},
          {"operation.closed", "OUTPUT_ONLY"}}},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(CatalogueCallsTest, AnUpdateIsToldEverythingAtOnceAndChangesNothing) {
  v1::Operation change;
  change.set_id(kOctober2021);
  change.add_expected_forces("kentt");
  v1::Operation answer;
  const grpc::Status status = TryUpdate(change, {"title", "start_date", "expected_forces", "closed"}, &answer);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_OPERATION"));
  EXPECT_THAT(ErrorOf(status).violations,
              testing::UnorderedElementsAre(Violation{"update_mask.paths[1]", "FIELD_NOT_CHANGEABLE"},
                                            Violation{"update_mask.paths[3]", "FIELD_NOT_CHANGEABLE"},
                                            Violation{"operation.title", "TITLE_LENGTH"},
                                            Violation{"operation.expected_forces[0]", "UNKNOWN_FORCE"}));
  EXPECT_THAT(ErrorOf(status).descriptions, Contains(HasSubstr("did you mean \"kent\"?")));
  EXPECT_EQ(client().Position(), 0);

  const grpc::Status without_mask = TryUpdate(change, {}, &answer);
  EXPECT_THAT(ErrorOf(without_mask).violations, ElementsAre(Violation{"update_mask", "UPDATE_MASK_EMPTY"}));
}

TEST_F(CatalogueCallsTest, CallersWhoMakeTheSameAtOnceAllGetIt) {
  constexpr int kCallers = 8;
  std::vector<std::thread> callers;
  callers.reserve(kCallers);
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([this] {
      Client own(address());
      v1::CreateOperationRequest request;
      *request.mutable_operation() = NewOperation();
      v1::CreateOperationResponse response;
      EXPECT_THAT(MUSTER_CALL(own, catalogue, CreateOperation, request, &response), IsOkCall());
      EXPECT_EQ(response.operation().change_position(), 1);
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(client().Position(), 1);
}

}  // namespace
}  // namespace muster
