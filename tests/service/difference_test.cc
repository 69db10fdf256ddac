// What changed between two moments.
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DifferenceTest : public ServerTest {
 protected:
  static v1::DiffTotalsRequest ByForceSince(int64_t position) {
    v1::DiffTotalsRequest request;
    request.mutable_query()->add_metrics("arrests");
    request.mutable_query()->add_group_by(v1::GROUP_BY_FORCE);
    request.set_from_position(position);
    return request;
  }
  static v1::DiffTotalsRequest OfKentSince(int64_t position) {
    v1::DiffTotalsRequest request = ByForceSince(position);
    request.mutable_row()->set_metric("arrests");
    request.mutable_row()->set_force("kent");
    return request;
  }
  grpc::Status TryDiff(const v1::DiffTotalsRequest& request, v1::DiffTotalsResponse* response) {
    return MUSTER_CALL(client(), totals, DiffTotals, request, response);
  }
  v1::DiffTotalsResponse Diff(const v1::DiffTotalsRequest& request) {
    v1::DiffTotalsResponse response;
    EXPECT_THAT(TryDiff(request, &response), IsOkCall());
    return response;
  }
  // "kent 5 -> 7", "-" where there was nothing.
  static std::vector<std::string> Changes(const v1::DiffTotalsResponse& response) {
    std::vector<std::string> words;
    const auto text = [](bool has, const v1::Total& total) {
      return has ? absl::StrCat(total.sum()) : std::string("-");
    };
    for (const v1::TotalsChange& change : response.changes()) {
      words.push_back(absl::StrCat(change.row().force(), " ", text(change.has_before(), change.before()), " -> ",
                                   text(change.row().has_total(), change.row().total())));
    }
    for (const v1::ResultChange& change : response.results()) {
      words.push_back(absl::StrCat(change.after().result().result_id(), "/", change.before().result().revision(), " ",
                                   text(change.has_contribution_before(), change.contribution_before()), " -> ",
                                   change.after().result().result_id(), "/", change.after().result().revision(), " ",
                                   text(change.has_contribution_after(), change.contribution_after())));
    }
    return words;
  }
  // Positions 1 to 8.
  void SubmitHistory() {
    client().Submit({MakeResult("a", 1, 5, "kent"), MakeResult("b", 1, 1, "kent"), MakeResult("a", 1, 2, "surrey")});
    client().Submit({MakeResult("a", 2, 7, "kent"), MakeRetraction("a", 2, "surrey")});
    client().Submit({MakeResult("a", 1, 4, "essex"), MakeResult("c", 1, 3, "kent"), MakeRetraction("b", 2, "kent")});
  }
};

TEST_F(DifferenceTest, RowsThatChangedCameOrWentAreListed) {
  SubmitHistory();
  v1::DiffTotalsResponse response = Diff(ByForceSince(3));
  EXPECT_THAT(Changes(response), ElementsAre("surrey 2 -> -", "essex - -> 4", "kent 6 -> 10"));
  EXPECT_EQ(response.from_position(), 3);
  EXPECT_EQ(response.position(), 8);
  v1::DiffTotalsRequest request = ByForceSince(3);
  request.mutable_query()->set_as_of_position(5);
  response = Diff(request);
  EXPECT_THAT(Changes(response), ElementsAre("surrey 2 -> -", "kent 6 -> 8"));
  EXPECT_EQ(response.position(), 5);
  EXPECT_THAT(Changes(Diff(ByForceSince(8))), IsEmpty());
  request.set_from_position(5);
  EXPECT_THAT(Changes(Diff(request)), IsEmpty());
}

TEST_F(DifferenceTest, TimesAreMomentsToo) {
  SubmitHistory();
  const v1::DiffTotalsResponse by_position = Diff(ByForceSince(3));
  v1::DiffTotalsRequest request = ByForceSince(0);
  *request.mutable_from_time() = by_position.from_time();
  *request.mutable_query()->mutable_as_of_time() = by_position.as_of_time();
  EXPECT_THAT(Changes(Diff(request)), ElementsAre("surrey 2 -> -", "essex - -> 4", "kent 6 -> 10"));
  request.mutable_from_time()->set_seconds(1);  // Before anything was there.
  const v1::DiffTotalsResponse since_ever = Diff(request);
  EXPECT_THAT(Changes(since_ever), ElementsAre("essex - -> 4", "kent - -> 10"));
  EXPECT_EQ(since_ever.from_position(), 0);
}

TEST_F(DifferenceTest, TheResultsThatMovedARowSayFromWhatToWhat) {
  SubmitHistory();
  EXPECT_THAT(Changes(Diff(OfKentSince(3))), ElementsAre("a/1 5 -> a/2 7", "c/0 - -> c/1 3", "b/1 1 -> b/2 -"));
  EXPECT_THAT(Changes(Diff(OfKentSince(4))), ElementsAre("c/0 - -> c/1 3", "b/1 1 -> b/2 -"));
  EXPECT_THAT(Changes(Diff(OfKentSince(8))), IsEmpty());
  // Several revisions in between are one change; one that came to the same is none.
  client().Submit({MakeResult("a", 3, 8, "kent"), MakeResult("a", 4, 9, "kent"), MakeResult("c", 2, 4, "kent"),
                   MakeResult("c", 3, 3, "kent"), MakeResult("d", 1, 1, "kent"), MakeRetraction("d", 2, "kent")});
  EXPECT_THAT(Changes(Diff(OfKentSince(8))), ElementsAre("a/2 7 -> a/4 9"));
  v1::DiffTotalsRequest earlier = OfKentSince(8);
  earlier.mutable_query()->set_as_of_position(9);
  EXPECT_THAT(Changes(Diff(earlier)), ElementsAre("a/2 7 -> a/3 8"));
}

TEST_F(DifferenceTest, PagesAreOfTheMomentsOfTheFirst) {
  SubmitHistory();
  for (const v1::DiffTotalsRequest& whole : {ByForceSince(3), OfKentSince(3)}) {
    const std::vector<std::string> want = Changes(Diff(whole));
    for (const int size : {1, 2, 3}) {
      v1::DiffTotalsRequest request = whole;
      request.mutable_query()->set_as_of_position(8);
      request.set_page_size(size);
      std::vector<std::string> all;
      do {
        const v1::DiffTotalsResponse page = Diff(request);
        EXPECT_EQ(page.position(), 8);
        for (const std::string& words : Changes(page)) all.push_back(words);
        request.set_page_token(page.next_page_token());
      } while (!request.page_token().empty());
      EXPECT_EQ(all, want) << size;
    }
  }
  // Now is pinned as well.
  v1::DiffTotalsRequest request = OfKentSince(3);
  request.set_page_size(1);
  v1::DiffTotalsResponse page = Diff(request);
  EXPECT_EQ(page.position(), 8);
  client().SubmitOne(MakeResult("e", 1, 9, "kent"));
  request.set_page_token(page.next_page_token());
  request.set_page_size(10);
  page = Diff(request);
  EXPECT_EQ(page.position(), 8);
  EXPECT_THAT(Changes(page), ElementsAre("c/0 - -> c/1 3", "b/1 1 -> b/2 -"));
}

struct BadDifference {
  std::string name;
  std::function<void(v1::DiffTotalsRequest&)> spoil;
  std::vector<Violation> want;
};

TEST_F(DifferenceTest, BadQuestionsAreRefused) {
  SubmitHistory();
  for (const BadDifference& row : std::vector<BadDifference>{
           {"NoEarlierMoment", [](auto& r) { r.clear_from_position(); }, {{"from_position", "REQUIRED"}}},
           {"Two", [](auto& r) { r.mutable_from_time()->set_seconds(1); }, {{"from_time", "TWO_MOMENTS"}}},
           {"Future", [](auto& r) { r.set_from_position(9); }, {{"from_position", "IN_FUTURE"}}},
           {"FutureEnd",
            [](auto& r) { r.mutable_query()->set_as_of_position(9); },
            {{"query.as_of_position", "IN_FUTURE"}}},
           {"Reversed",
            [](auto& r) { r.mutable_query()->set_as_of_position(2); },
            {{"from_position", "MOMENTS_REVERSED"}}},
           {"Baseline",
            [](auto& r) {
              r.mutable_query()->add_operations(kOctober2021);
              r.mutable_query()->set_baseline_operation(kFebruary2023);
            },
            {{"query.baseline_operation", "NOT_COMPARABLE"}}},
           {"Row",
            [](auto& r) { r.mutable_row()->set_metric("arests"); },
            {{"row.force", "REQUIRED"}, {"row.metric", "NOT_IN_QUERY"}}},
           {"Query",
            [](auto& r) { r.mutable_query()->add_forces("kentt"); },
            {{"query.forces[0]", "UNKNOWN_FORCE"}}}}) {
    v1::DiffTotalsRequest request = ByForceSince(3);
    row.spoil(request);
    v1::DiffTotalsResponse response;
    const grpc::Status status = TryDiff(request, &response);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY")) << row.name;
    EXPECT_EQ(ErrorOf(status).violations, row.want) << row.name;
  }
  v1::DiffTotalsRequest request = ByForceSince(3);
  request.set_page_size(1);
  request.set_page_token(Diff(request).next_page_token());
  request.set_from_position(2);
  v1::DiffTotalsResponse response;
  EXPECT_THAT(TryDiff(request, &response), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  request.set_page_token("x");
  EXPECT_THAT(TryDiff(request, &response), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(TryDiff(request, &response), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_SIZE"));
}

}  // namespace
}  // namespace muster
