// Reading back what was submitted: one result, and all of a force, page by page.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReadBackTest : public ServerTest {
 protected:
  static v1::ListResultsRequest ListRequest(int page_size = 0, const std::string& token = "",
                                            const std::string& force = "kent") {
    v1::ListResultsRequest request;
    request.set_operation(kOctober2021);
    request.set_force(force);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return request;
  }
  grpc::Status TryList(const v1::ListResultsRequest& request, v1::ListResultsResponse* response) {
    return MUSTER_CALL(client(), ingest, ListResults, request, response);
  }
  // The ids of all pages; every page but the last is full.
  std::vector<std::string> ListAll(int page_size) {
    std::vector<std::string> ids;
    v1::ListResultsResponse page;
    do {
      EXPECT_THAT(TryList(ListRequest(page_size, page.next_page_token()), &page), IsOkCall());
      for (const v1::StoredResult& stored : page.results()) ids.push_back(stored.result().result_id());
      EXPECT_TRUE(page.next_page_token().empty() || page.results_size() == page_size);
    } while (!page.next_page_token().empty());
    return ids;
  }
  grpc::Status TryGet(const std::string& operation, const std::string& force, const std::string& result_id,
                      v1::GetResultResponse* response) {
    v1::GetResultRequest request;
    request.set_operation(operation);
    request.set_force(force);
    request.set_result_id(result_id);
    return MUSTER_CALL(client(), ingest, GetResult, request, response);
  }
};

TEST_F(ReadBackTest, AResultIsReadBackAsItWasSentWithItsReceipt) {
  v1::OperationResult result = MakeResult("r1", 3, 7, "kent");
  result.set_end_date("2021-10-19");
  result.set_final(true);
  result.set_reason("counted again");
  *result.add_figures() = MakeFigure("cash-seized", 66, {}, v1::UNIT_POUND, v1::QUALIFIER_ESTIMATE);
  result.add_figures()->set_metric("phones-seized");  // Still to be counted.
  const v1::Receipt receipt = client().SubmitOne(result);
  v1::GetResultResponse got;
  ASSERT_THAT(TryGet(kOctober2021, "kent", "r1", &got), IsOkCall());
  EXPECT_TRUE(MessageDifferencer::Equals(got.result().result(), result)) << got.DebugString();
  v1::Receipt expected = receipt;
  for (v1::Warning& warning : *expected.mutable_warnings()) warning.set_field("");  // Of the result as a whole.
  ASSERT_THAT(expected.warnings(), SizeIs(1));
  EXPECT_TRUE(MessageDifferencer::Equals(got.result().receipt(), expected)) << got.DebugString();
  EXPECT_THAT(got.result().nil_metrics(), IsEmpty());
}

TEST_F(ReadBackTest, TheNewestRevisionIsReadAlsoWhenItIsARetraction) {
  client().SubmitOne(MakeResult("r1", 1, 7, "kent"));
  client().SubmitOne(MakeResult("r1", 2, 8, "kent"));
  v1::GetResultResponse got;
  ASSERT_THAT(TryGet(kOctober2021, "kent", "r1", &got), IsOkCall());
  EXPECT_EQ(got.result().receipt().outcome(), v1::OUTCOME_REVISED);
  EXPECT_EQ(got.result().result().figures(0).value(), 8);
  client().SubmitOne(MakeRetraction("r1", 3, "kent"));
  ASSERT_THAT(TryGet(kOctober2021, "kent", "r1", &got), IsOkCall());
  EXPECT_EQ(got.result().receipt().outcome(), v1::OUTCOME_RETRACTED);
  EXPECT_EQ(got.result().result().reason(), "entered twice");
  v1::ListResultsResponse page;
  ASSERT_THAT(TryList(ListRequest(), &page), IsOkCall());
  ASSERT_EQ(page.results_size(), 1);
  EXPECT_TRUE(MessageDifferencer::Equals(page.results(0), got.result()));
}

TEST_F(ReadBackTest, ANilResultSaysWhichMetricsItStatesAsZero) {
  v1::OperationResult nil = MakeResult("r1", 1, 0, "kent");
  nil.clear_figures();
  nil.set_nil(true);
  client().SubmitOne(nil);
  v1::GetResultResponse got;
  ASSERT_THAT(TryGet(kOctober2021, "kent", "r1", &got), IsOkCall());
  v1::GetOperationRequest request;
  request.set_operation(kOctober2021);
  v1::GetOperationResponse operation;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, GetOperation, request, &operation), IsOkCall());
  EXPECT_THAT(got.result().nil_metrics(), ElementsAreArray(operation.operation().expected_metrics()));
}

TEST_F(ReadBackTest, EveryPageSizeListsTheSameInTheOrderOfAcceptance) {
  // Neighbours in the log that must not slip in: another force, another operation.
  client().SubmitOne(MakeResult("r1", 1, 1, "sussex"));
  v1::OperationResult other = MakeResult("r1", 1, 1, "kent");
  other.set_operation(kFebruary2023);
  other.set_start_date("2023-03-01");
  other.set_end_date("2023-03-01");
  client().SubmitOne(other);
  std::vector<std::string> ids;
  std::vector<v1::OperationResult> results;
  for (const std::string id : {"10", "9", "A", "B-1", "B.1", "B:1", "B_1", "a", "a-", "aa", "z"}) {
    ids.push_back(id);
    results.push_back(MakeResult(id, 1, 1, "kent"));
  }
  results.insert(results.begin() + 5, MakeResult("r1", 1, 1, "essex"));
  client().Submit(results);
  for (const int page_size : {1, 2, 3, 10, 11, 12, 1'000}) {
    EXPECT_EQ(ListAll(page_size), ids) << "pages of " << page_size;
  }
}

TEST_F(ReadBackTest, PagesAreOfAHundredUnlessMoreAreAskedForAndNeverOfMoreThanAThousand) {
  std::vector<v1::OperationResult> results;
  results.reserve(1'000);
  for (int index = 0; index < 1'000; ++index) results.push_back(MakeResult(absl::StrCat("r", index), 1, 1, "kent"));
  client().Submit(results);
  client().SubmitOne(MakeResult("r1000", 1, 1, "kent"));
  v1::ListResultsResponse page;
  ASSERT_THAT(TryList(ListRequest(0), &page), IsOkCall());
  EXPECT_EQ(page.results_size(), 100);
  EXPECT_NE(page.next_page_token(), "");
  ASSERT_THAT(TryList(ListRequest(1'000'000), &page), IsOkCall());
  EXPECT_EQ(page.results_size(), 1'000);
  EXPECT_NE(page.next_page_token(), "");
}

TEST_F(ReadBackTest, APageEndsBeforeItOutgrowsAMessage) {
  const std::vector<std::string> drugs = {"crack-cocaine", "powder-cocaine",  "heroin",        "mdma",
                                          "lsd",           "amphetamine",     "ketamine",      "spice",
                                          "class-c",       "cannabis-herbal", "cannabis-resin"};
  constexpr int kResults = 60;
  for (int number = 0; number < kResults; ++number) {
    v1::OperationResult result = MakeResult(absl::StrCat("r", 100 + number), 1, 1, "kent");
    result.clear_figures();
    for (unsigned set = 1; result.figures_size() < 1'000; ++set) {
      v1::Figure& figure = *result.add_figures() = MakeFigure("drug-wraps", 1);
      for (size_t drug = 0; drug < drugs.size(); ++drug) {
        if ((set >> drug & 1U) != 0) figure.add_categories(drugs[drug]);
      }
    }
    ASSERT_EQ(client().SubmitOne(result).outcome(), v1::OUTCOME_ACCEPTED);
  }
  std::vector<std::string> ids;
  int pages = 0;
  v1::ListResultsResponse page;
  do {
    ASSERT_THAT(TryList(ListRequest(1'000, page.next_page_token()), &page), IsOkCall());
    for (const v1::StoredResult& stored : page.results()) ids.push_back(stored.result().result_id());
    ++pages;
  } while (!page.next_page_token().empty());
  EXPECT_GT(pages, 1) << "all of it fits: this test must store more";
  ASSERT_THAT(ids, SizeIs(kResults));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

TEST_F(ReadBackTest, WhatIsSubmittedBetweenTwoPagesIsSeenOnALaterOne) {
  for (const std::string id : {"b", "d"}) client().SubmitOne(MakeResult(id, 1, 1, "kent"));
  v1::ListResultsResponse page;
  ASSERT_THAT(TryList(ListRequest(1), &page), IsOkCall());
  ASSERT_EQ(page.results_size(), 1);
  EXPECT_EQ(page.results(0).result().result_id(), "b");
  // A new result, and corrections of one that was seen and of one that was not.
  client().SubmitOne(MakeResult("a", 1, 1, "kent"));
  for (const std::string id : {"b", "d"}) client().SubmitOne(MakeResult(id, 2, 1, "kent"));
  ASSERT_THAT(TryList(ListRequest(10, page.next_page_token()), &page), IsOkCall());
  std::vector<std::string> seen;
  for (const v1::StoredResult& stored : page.results()) {
    seen.push_back(absl::StrCat(stored.result().result_id(), " ", stored.result().revision()));
  }
  EXPECT_THAT(seen, ElementsAre("a 1", "b 2", "d 2"));
}

TEST_F(ReadBackTest, AForceThatSubmittedNothingHasAnEmptyList) {
  v1::ListResultsResponse page;
  ASSERT_THAT(TryList(ListRequest(), &page), IsOkCall());
  EXPECT_THAT(page.results(), IsEmpty());
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ReadBackTest, UnknownNamesAreAllToldWithTheNearestOnes) {
  v1::ListResultsRequest request = ListRequest();
  request.set_operation("county-lines-2021-1");
  request.set_force("kentt");
  v1::ListResultsResponse page;
  v1::GetResultResponse got;
  for (const grpc::Status& status :
       {TryList(request, &page), TryGet(request.operation(), request.force(), "no spaces", &got)}) {
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_REQUEST"));
    const RichError error = ErrorOf(status);
    EXPECT_THAT(error.violations, testing::IsSupersetOf({Violation{"operation", "UNKNOWN_OPERATION"},
                                                         Violation{"force", "UNKNOWN_FORCE"}}));
    EXPECT_THAT(error.descriptions, testing::Contains(HasSubstr("did you mean \"county-lines-2021-10\"?")));
    EXPECT_THAT(error.descriptions, testing::Contains(HasSubstr("did you mean \"kent\"?")));
  }
  const grpc::Status status = TryGet(kOctober2021, "kent", "no spaces", &got);
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"result_id", "RESULT_ID_MALFORMED"}));
}

TEST_F(ReadBackTest, ATokenOfAnotherListIsRefusedWhateverIsInIt) {
  for (const std::string force : {"kent", "sussex"}) {
    for (const std::string id : {"a", "b"}) client().SubmitOne(MakeResult(id, 1, 1, force));
  }
  v1::ListResultsResponse page;
  ASSERT_THAT(TryList(ListRequest(1), &page), IsOkCall());
  const std::string token = page.next_page_token();
  const std::vector<std::string> tokens = {"x",
                                           "a b",
                                           "====",
                                           "\xc3\xa9",
                                           std::string(100'000, 'a'),
                                           absl::WebSafeBase64Escape("results/county-lines-2021-10/sussex\na"),
                                           absl::WebSafeBase64Escape("operations\na")};
  for (const std::string& bad : tokens) {
    const grpc::Status status = TryList(ListRequest(1, bad), &page);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")) << bad.substr(0, 80);
    EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"page_token", "INVALID_PAGE_TOKEN"}));
  }
  EXPECT_THAT(TryList(ListRequest(1, token, "sussex"), &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  const std::string scope = "results/county-lines-2021-10/kent\n";
  for (const std::string& place : {std::string("\0\0", 2), std::string(10'000, '\xff'), std::string("1\0", 2),
                                   std::string("a"), std::string("9223372036854775808")}) {
    EXPECT_THAT(TryList(ListRequest(1, absl::WebSafeBase64Escape(scope + place)), &page),
                FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"))
        << place.substr(0, 80);
  }
  // A place that was made up is a place nevertheless: the list goes on behind it, and nothing breaks.
  for (const std::string place : {"-1", "1000000", "9223372036854775807"}) {
    EXPECT_THAT(TryList(ListRequest(1, absl::WebSafeBase64Escape(scope + place)), &page), IsOkCall()) << place;
  }
}

TEST_F(ReadBackTest, ANegativePageSizeIsRefused) {
  v1::ListResultsResponse page;
  const grpc::Status status = TryList(ListRequest(-1), &page);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_SIZE"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"page_size", "INVALID_PAGE_SIZE"}));
}

}  // namespace
}  // namespace muster
