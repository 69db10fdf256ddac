// The history of one result, page by page.
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RevisionsTest : public ServerTest {
 protected:
  static v1::ListRevisionsRequest RequestFor(const std::string& result_id, int page_size = 0,
                                             const std::string& token = "") {
    v1::ListRevisionsRequest request;
    request.set_operation(kOctober2021);
    request.set_force("kent");
    request.set_result_id(result_id);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return request;
  }
  grpc::Status TryList(const v1::ListRevisionsRequest& request, v1::ListRevisionsResponse* response) {
    return MUSTER_CALL(client(), ingest, ListRevisions, request, response);
  }
  // The revisions of all pages; every page but the last is full.
  std::vector<int64_t> ListAll(const std::string& result_id, int page_size) {
    std::vector<int64_t> revisions;
    v1::ListRevisionsResponse page;
    do {
      EXPECT_THAT(TryList(RequestFor(result_id, page_size, page.next_page_token()), &page), IsOkCall());
      for (const v1::StoredResult& stored : page.revisions()) revisions.push_back(stored.result().revision());
      EXPECT_TRUE(page.next_page_token().empty() || page.revisions_size() == page_size);
    } while (!page.next_page_token().empty());
    return revisions;
  }
};

TEST_F(RevisionsTest, EveryRevisionIsListedOldestFirstWithTheReceiptThatItGot) {
  std::vector<v1::Receipt> receipts = {client().SubmitOne(MakeResult("r1", 2, 7, "kent")),
                                       client().SubmitOne(MakeResult("r1", 5, 8, "kent"))};
  client().SubmitOne(MakeResult("r2", 1, 1, "kent"));  // Neighbours that must not slip in.
  client().SubmitOne(MakeResult("r1", 1, 1, "essex"));
  receipts.push_back(client().SubmitOne(MakeRetraction("r1", 6, "kent")));
  receipts.push_back(client().SubmitOne(MakeResult("r1", 9, 9, "kent")));
  // None of these is a revision that ever stood.
  client().SubmitOne(MakeResult("r1", 9, 9, "kent"));
  client().SubmitOne(MakeResult("r1", 9, 10, "kent"));
  client().SubmitOne(MakeResult("r1", 3, 1, "kent"));
  client().SubmitOne(MakeResult("r1", 10, 1, "kent"), /*validate_only=*/true);

  v1::ListRevisionsResponse page;
  ASSERT_THAT(TryList(RequestFor("r1"), &page), IsOkCall());
  ASSERT_EQ(page.revisions_size(), 4);
  EXPECT_EQ(page.next_page_token(), "");
  for (int index = 0; index < 4; ++index) {
    EXPECT_TRUE(MessageDifferencer::Equals(page.revisions(index).receipt(), receipts[static_cast<size_t>(index)]))
        << page.revisions(index).DebugString();
  }
  EXPECT_EQ(page.revisions(1).result().figures(0).value(), 8);
  EXPECT_TRUE(page.revisions(2).result().retracted());
  EXPECT_EQ(page.revisions(2).result().reason(), "entered twice");
}

TEST_F(RevisionsTest, EveryPageSizeListsTheSame) {
  std::vector<int64_t> all;
  for (int64_t revision = 1; revision <= 12; ++revision) {
    all.push_back(revision);
    client().SubmitOne(MakeResult("r1", revision, revision, "kent"));
  }
  for (const int page_size : {1, 2, 3, 11, 12, 13, 1'000, 1'000'000}) {
    EXPECT_EQ(ListAll("r1", page_size), all) << "pages of " << page_size;
  }
}

TEST_F(RevisionsTest, PagesAreOfAHundredUnlessMoreAreAskedFor) {
  std::vector<v1::OperationResult> results;
  for (int64_t revision = 1; revision <= 101; ++revision) {
    results.push_back(MakeResult("r1", revision, revision, "kent"));
  }
  client().Submit(results);
  v1::ListRevisionsResponse page;
  ASSERT_THAT(TryList(RequestFor("r1"), &page), IsOkCall());
  EXPECT_EQ(page.revisions_size(), 100);
  EXPECT_EQ(page.revisions(0).result().revision(), 1);
  ASSERT_THAT(TryList(RequestFor("r1", 0, page.next_page_token()), &page), IsOkCall());
  EXPECT_EQ(page.revisions_size(), 1);
}

TEST_F(RevisionsTest, ARevisionThatComesInBetweenTwoPagesIsAtTheEnd) {
  for (int64_t revision = 1; revision <= 2; ++revision) client().SubmitOne(MakeResult("r1", revision, 1, "kent"));
  v1::ListRevisionsResponse page;
  ASSERT_THAT(TryList(RequestFor("r1", 1), &page), IsOkCall());
  client().SubmitOne(MakeResult("r1", 3, 1, "kent"));
  ASSERT_THAT(TryList(RequestFor("r1", 10, page.next_page_token()), &page), IsOkCall());
  ASSERT_EQ(page.revisions_size(), 2);
  EXPECT_EQ(page.revisions(0).result().revision(), 2);
  EXPECT_EQ(page.revisions(1).result().revision(), 3);
}

TEST_F(RevisionsTest, AHistoryIsTheSameAfterARestart) {
  for (int64_t revision = 1; revision <= 3; ++revision) client().SubmitOne(MakeResult("r1", revision, 1, "kent"));
  v1::ListRevisionsResponse before;
  ASSERT_THAT(TryList(RequestFor("r1"), &before), IsOkCall());
  Stop();
  Start();
  v1::ListRevisionsResponse after;
  ASSERT_THAT(TryList(RequestFor("r1"), &after), IsOkCall());
  EXPECT_TRUE(MessageDifferencer::Equals(before, after));
}

TEST_F(RevisionsTest, AResultThatWasNeverSentIsNotFound) {
  client().SubmitOne(MakeResult("r1", 1, 1, "kent"));
  v1::ListRevisionsResponse page;
  EXPECT_THAT(TryList(RequestFor("R1"), &page), FailsWith(grpc::NOT_FOUND, "RESULT_NOT_FOUND"));
}

TEST_F(RevisionsTest, UnknownNamesAreAllTold) {
  v1::ListRevisionsRequest request = RequestFor("no spaces");
  request.set_operation("county-lines-2021-1");
  request.set_force("kentt");
  v1::ListRevisionsResponse page;
  const grpc::Status status = TryList(request, &page);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_REQUEST"));
  EXPECT_THAT(ErrorOf(status).violations,
              UnorderedElementsAre(Violation{"operation", "UNKNOWN_OPERATION"}, Violation{"force", "UNKNOWN_FORCE"},
                                   Violation{"result_id", "RESULT_ID_MALFORMED"}));
}

TEST_F(RevisionsTest, ATokenOfAnotherHistoryIsRefused) {
  for (const std::string id : {"r1", "r2"}) {
    for (int64_t revision = 1; revision <= 2; ++revision) client().SubmitOne(MakeResult(id, revision, 1, "kent"));
  }
  v1::ListRevisionsResponse page;
  ASSERT_THAT(TryList(RequestFor("r1", 1), &page), IsOkCall());
  for (const std::string& token :
       {page.next_page_token(), std::string("x"), absl::WebSafeBase64Escape("results/county-lines-2021-10/kent\n1"),
        absl::WebSafeBase64Escape("revisions/county-lines-2021-10/kent/r2\na")}) {
    const grpc::Status status = TryList(RequestFor("r2", 1, token), &page);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")) << token;
  }
  EXPECT_THAT(TryList(RequestFor("r1", -1), &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_SIZE"));
  // A place that was made up is a place nevertheless.
  const std::string far = absl::WebSafeBase64Escape("revisions/county-lines-2021-10/kent/r1\n9223372036854775807");
  ASSERT_THAT(TryList(RequestFor("r1", 1, far), &page), IsOkCall());
  EXPECT_THAT(page.revisions(), IsEmpty());
}

}  // namespace
}  // namespace muster
