// Which request ids and traceparents are taken from callers, and what comes back with the answer.
#include "service/call_trace.h"

#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/service/server_fixture.h"

namespace muster {
namespace {

struct WellFormedCase {
  std::string name;
  std::string text;
  bool well_formed;
  friend void PrintTo(const WellFormedCase& row, std::ostream* out) { *out << row.name; }
};

class RequestIdTest : public testing::TestWithParam<WellFormedCase> {};

TEST_P(RequestIdTest, IsWellFormedOrNot) { EXPECT_EQ(IsRequestId(GetParam().text), GetParam().well_formed); }

INSTANTIATE_TEST_SUITE_P(Texts, RequestIdTest,
                         testing::ValuesIn<WellFormedCase>({
                             {"Uuid", "2f6b5c1e-7c5a-4a0e-9a55-6b1f6f0c9b3a", true},
                             {"EveryKindOfCharacter", "azAZ09._:-", true},
                             {"Longest", std::string(64, 'a'), true},
                             {"OneTooLong", std::string(65, 'a'), false},
                             {"Empty", "", false},
                             {"Blank", "a b", false},
                             {"QuotationMark", "a\"b", false},
                             {"NewLine", "a\nb", false},
                             {"NotAscii", "caf\xc3\xa9", false},
                         }),
                         [](const auto& row) { return row.param.name; });

class TraceparentTest : public testing::TestWithParam<WellFormedCase> {};

TEST_P(TraceparentTest, IsWellFormedOrNot) { EXPECT_EQ(IsTraceparent(GetParam().text), GetParam().well_formed); }

INSTANTIATE_TEST_SUITE_P(Texts, TraceparentTest,
                         testing::ValuesIn<WellFormedCase>({
                             {"OfTheStandard", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true},
                             {"NotSampled", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true},
                             {"AnotherVersion", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
                             {"UpperCase", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
                             {"NoTrace", "00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
                             {"NoParent", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
                             {"OneDigitMore", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011", false},
                             {"OneDigitLess", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false},
                             {"NoHyphen", "00-0af7651916cd43dd8448eb211c80319c0b7ad6b7169203331-01", false},
                             {"Empty", "", false},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(MakeRequestIdTest, NoTwoAreTheSameFromAnyThread) {
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 1'000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (std::vector<std::string>& ids : made) {
    threads.emplace_back([&ids] {
      for (size_t index = 0; index < kEach; ++index) ids.push_back(MakeRequestId());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const std::vector<std::string>& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
  EXPECT_TRUE(IsRequestId(*all.begin()));
}

class EchoTest : public ServerTest {
 protected:
  // The request ids that come back with the answer of a call that has these.
  std::vector<std::string> Echoed(const std::vector<std::string>& request_ids) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    for (const std::string& id : request_ids) context.AddMetadata(kRequestIdKey, id);
    v1::GetCoverageResponse response;
    EXPECT_THAT(client().totals->GetCoverage(&context, v1::GetCoverageRequest(), &response), IsOkCall());
    return RequestIds(context);
  }

  static std::vector<std::string> RequestIds(const grpc::ClientContext& context) {
    std::vector<std::string> ids;
    const auto [first, end] = context.GetServerInitialMetadata().equal_range(kRequestIdKey);
    for (auto each = first; each != end; ++each) ids.emplace_back(each->second.data(), each->second.size());
    return ids;
  }
};

TEST_F(EchoTest, AWellFormedIdComesBackAndAnyOtherIsReplaced) {
  EXPECT_THAT(Echoed({"force-7:export_1"}), testing::ElementsAre("force-7:export_1"));
  EXPECT_THAT(Echoed({}), testing::ElementsAre(testing::ContainsRegex("^[0-9a-f]+$")));
  EXPECT_THAT(Echoed({"two words"}), testing::ElementsAre(testing::ContainsRegex("^[0-9a-f]+$")));
  EXPECT_THAT(Echoed({"one", "two"}), testing::ElementsAre(testing::ContainsRegex("^[0-9a-f]+$")))
      << "which of two is meant is not known";
  EXPECT_NE(Echoed({}), Echoed({}));
}

TEST_F(EchoTest, ARefusedCallHasItsIdToo) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  context.AddMetadata(kRequestIdKey, "refused-1");
  v1::SubmitResultsResponse response;
  EXPECT_THAT(client().ingest->SubmitResults(&context, v1::SubmitResultsRequest(), &response),
              FailsWith(grpc::INVALID_ARGUMENT, "NO_RESULTS"));
  EXPECT_THAT(RequestIds(context), testing::ElementsAre("refused-1"));
}

TEST_F(EchoTest, AStreamHasItsIdFromItsFirstAnswerOn) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  context.AddMetadata(kRequestIdKey, "stream-1");
  const auto stream = client().ingest->StreamResults(&context);
  v1::StreamResultsRequest message;
  *message.add_results() = MakeResult("r1", 1, 7);
  ASSERT_TRUE(stream->Write(message));
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_THAT(RequestIds(context), testing::ElementsAre("stream-1"));
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), IsOkCall());
}

}  // namespace
}  // namespace muster
