// The results that make one total: page by page, as they stood when the first page was asked for.
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ExplainTest : public ServerTest {
 protected:
  static v1::ExplainTotalRequest ArrestsOfOctober(int page_size = 0, const std::string& token = "") {
    v1::ExplainTotalRequest request;
    request.mutable_query()->add_operations(kOctober2021);
    request.mutable_query()->add_metrics("arrests");
    request.mutable_row()->set_metric("arrests");
    request.set_page_size(page_size);
    request.set_page_token(token);
    return request;
  }
  grpc::Status TryExplain(const v1::ExplainTotalRequest& request, v1::ExplainTotalResponse* response) {
    return MUSTER_CALL(client(), totals, ExplainTotal, request, response);
  }
  // "kent r1 5" of every result.
  static std::vector<std::string> Words(const v1::ExplainTotalResponse& page) {
    std::vector<std::string> words;
    EXPECT_EQ(page.results_size(), page.contributions_size());
    words.reserve(static_cast<size_t>(page.results_size()));
    for (int index = 0; index < page.results_size(); ++index) {
      words.push_back(absl::StrCat(page.results(index).result().force(), " ", page.results(index).result().result_id(),
                                   " ", page.contributions(index).sum()));
    }
    return words;
  }
};

TEST_F(ExplainTest, TheResultsOfATotalAreListedInTheOrderOfTheLog) {
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey"), MakeResult("r2", 1, 1, "kent")});
  client().Submit({MakeResult("r1", 2, 7, "kent"), MakeRetraction("r2", 2, "kent")});
  v1::ExplainTotalResponse page;
  ASSERT_THAT(TryExplain(ArrestsOfOctober(), &page), IsOkCall());
  EXPECT_THAT(Words(page), ElementsAre("surrey r1 2", "kent r1 7"));
  EXPECT_EQ(page.results(1).receipt().outcome(), v1::OUTCOME_REVISED);
  EXPECT_EQ(page.position(), 5);
  EXPECT_TRUE(page.has_as_of_time());
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ExplainTest, ATotalIsExplainedAsItStood) {
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  client().Submit({MakeResult("r1", 2, 7, "kent"), MakeResult("r2", 1, 1, "kent")});
  v1::ExplainTotalRequest request = ArrestsOfOctober(1);
  request.mutable_query()->set_as_of_position(1);
  v1::ExplainTotalResponse page;
  ASSERT_THAT(TryExplain(request, &page), IsOkCall());
  EXPECT_THAT(Words(page), ElementsAre("kent r1 5"));
  EXPECT_EQ(page.position(), 1);
  EXPECT_EQ(page.next_page_token(), "");
  request.mutable_query()->clear_as_of_position();
  *request.mutable_query()->mutable_as_of_time() = page.as_of_time();
  ASSERT_THAT(TryExplain(request, &page), IsOkCall());
  EXPECT_THAT(Words(page), ElementsAre("kent r1 5"));
  request.mutable_query()->clear_as_of_time();
  request.mutable_query()->set_as_of_position(4);
  const grpc::Status status = TryExplain(request, &page);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"query.as_of_position", "IN_FUTURE"}));
}

TEST_F(ExplainTest, AllPagesAreOfThePositionOfTheFirst) {
  for (const std::string id : {"a", "b", "c", "d", "e"}) client().SubmitOne(MakeResult(id, 1, 1, "kent"));
  for (const int size : {1, 2, 4, 5, 6}) {
    const int64_t want = client().TotalOf(kOctober2021, "arrests")->sum();
    std::vector<std::string> all;
    v1::ExplainTotalResponse page;
    LogPosition position = 0;
    google::protobuf::Timestamp time;
    do {
      const std::string token = page.next_page_token();
      page.Clear();
      ASSERT_THAT(TryExplain(ArrestsOfOctober(size, token), &page), IsOkCall());
      if (token.empty()) {
        position = page.position();
        time = page.as_of_time();
        // What comes in now is of no concern: corrections of what was seen and of what was not, and news.
        const int64_t revision = 1 + size;
        client().Submit({MakeResult("a", revision, 9, "kent"), MakeRetraction("e", revision, "kent"),
                         MakeResult(absl::StrCat("new", size), 1, 9, "kent")});
      }
      EXPECT_EQ(page.position(), position);
      EXPECT_EQ(page.as_of_time().SerializeAsString(), time.SerializeAsString());
      for (const std::string& words : Words(page)) all.push_back(words);
      EXPECT_TRUE(page.next_page_token().empty() || page.results_size() == size);
    } while (!page.next_page_token().empty());
    int64_t sum = 0;
    for (const std::string& words : all) sum += std::stoll(words.substr(words.rfind(' ')));
    EXPECT_EQ(sum, want) << "pages of " << size;
  }
}

TEST_F(ExplainTest, ManyResultsThatDoNotTouchTheRowDoNotMakeOnePageLong) {
  std::vector<v1::OperationResult> results;
  const auto submit = [&] {
    for (const v1::SubmitResultsResponse response = client().Submit(results);
         const v1::Receipt& receipt : response.receipts()) {
      ASSERT_FALSE(receipt.has_problem()) << receipt.DebugString();
    }
    results.clear();
  };
  for (int index = 0; index < 12'000; ++index) {
    results.push_back(MakeResult(absl::StrCat("r", index), 1, 1, "kent"));
    if (results.size() == 1'000) submit();
  }
  v1::OperationResult wanted = MakeResult("wanted", 1, 1, "kent");
  wanted.clear_figures();
  *wanted.add_figures() = MakeFigure("warrants-executed", 3);
  client().SubmitOne(wanted);
  v1::ExplainTotalRequest request = ArrestsOfOctober(10);
  *request.mutable_query()->mutable_metrics(0) = "warrants-executed";
  request.mutable_row()->set_metric("warrants-executed");
  v1::ExplainTotalResponse page;
  ASSERT_THAT(TryExplain(request, &page), IsOkCall());
  EXPECT_THAT(page.results(), IsEmpty());
  ASSERT_NE(page.next_page_token(), "");
  request.set_page_token(page.next_page_token());
  ASSERT_THAT(TryExplain(request, &page), IsOkCall());
  EXPECT_THAT(Words(page), ElementsAre("kent wanted 3"));
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ExplainTest, WhatIsWrongIsSaid) {
  client().Submit({MakeResult("a", 1, 5, "kent"), MakeResult("b", 1, 5, "kent")});
  v1::ExplainTotalResponse page;
  v1::ExplainTotalRequest unknown = ArrestsOfOctober();
  unknown.mutable_query()->add_forces("kentt");
  grpc::Status status = TryExplain(unknown, &page);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"query.forces[0]", "UNKNOWN_FORCE"}));
  v1::ExplainTotalRequest no_row = ArrestsOfOctober();
  no_row.clear_row();
  status = TryExplain(no_row, &page);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"row.metric", "REQUIRED"}));

  ASSERT_THAT(TryExplain(ArrestsOfOctober(1), &page), IsOkCall());
  v1::ExplainTotalRequest other = ArrestsOfOctober(1, page.next_page_token());
  other.mutable_query()->add_forces("kent");
  EXPECT_THAT(TryExplain(other, &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  EXPECT_THAT(TryExplain(ArrestsOfOctober(1, "x"), &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  EXPECT_THAT(TryExplain(ArrestsOfOctober(-1), &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_SIZE"));
  // A position that is still to come cannot be explained.
  std::string text;
  ASSERT_THAT(TryExplain(ArrestsOfOctober(1), &page), IsOkCall());
  ASSERT_TRUE(absl::WebSafeBase64Unescape(page.next_page_token(), &text));
  const std::string scope = text.substr(0, text.find('\n') + 1);
  for (const std::string key : {"3/1/0", "2/1/3", "-1/1/-1", "2/1", "2/1/0/0", "a/b/c"}) {
    EXPECT_THAT(TryExplain(ArrestsOfOctober(1, absl::WebSafeBase64Escape(scope + key)), &page),
                FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"))
        << key;
  }
}

class ExplainRightsTest : public testing::Test {};

TEST_F(ExplainRightsTest, ACallerSeesTheResultsThatItMayRead) {
  const TemporaryFolder folder;
  ServerOptions options;
  options.store_directory = folder.Path("store");
  options.identify = IdentifyByName;
  const std::unique_ptr<Server> server = StartServer(options);
  Client client(server->address());
  client.Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey")});
  v1::ExplainTotalRequest request;
  request.mutable_query()->add_metrics("arrests");
  request.mutable_row()->set_metric("arrests");
  request.set_page_size(1);
  v1::ExplainTotalResponse page;
  ASSERT_THAT(client.totals->ExplainTotal(ContextOf("force/surrey").get(), request, &page), IsOkCall());
  ASSERT_EQ(page.results_size(), 1);
  EXPECT_EQ(page.results(0).result().force(), "surrey");
  EXPECT_EQ(page.next_page_token(), "");
  // Another's page is not one's own.
  ASSERT_THAT(client.totals->ExplainTotal(ContextOf("").get(), request, &page), IsOkCall());
  request.set_page_token(page.next_page_token());
  EXPECT_THAT(client.totals->ExplainTotal(ContextOf("force/surrey").get(), request, &page),
              FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
}

}  // namespace
}  // namespace muster
