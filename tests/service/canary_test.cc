// What a result holds stays where it belongs: no log, no metric and no error says it again, but for the ids and dates
// of a caller's own request in the error that this caller gets. And the log of the real program is JSON throughout.
#include <csignal>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/service/http_get.h"
#include "tests/service/musterd_process.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr char kCanary[] = "canary-7f3e";
constexpr int64_t kCanaryNumber = 918'273'645'546;  // Wherever a number is taken.

bool HasCanary(const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return absl::StrContains(lower, kCanary) || absl::StrContains(lower, absl::StrCat(kCanaryNumber));
}

// Puts the canary into one field of a result that is otherwise valid.
struct CanaryCase {
  std::string name;
  std::function<void(v1::OperationResult&)> put;
  bool echoed = false;  // An id or a date, which the error may repeat to whoever sent it.
  friend void PrintTo(const CanaryCase& row, std::ostream* out) { *out << row.name; }
};

class CanaryTest : public testing::TestWithParam<CanaryCase> {
 protected:
  CanaryTest() {
    std::vector<std::string> words = ServeStore(folder_.Path("store"));
    words.insert(words.end(), {"--metrics-listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "debug"});
    server_ = std::make_unique<MusterdProcess>(words, folder_.Path("log"));
    const std::string address = server_->WaitUntilListening();
    EXPECT_NE(address, "") << server_->Log();
    client_ = std::make_unique<Client>(address);
    const std::string log = server_->Log();
    const std::string before = "metrics on http://";
    const size_t begin = log.find(before) + before.size();
    metrics_address_ = log.substr(begin, log.find("/metrics\"") - begin);
  }

  // Everything that an error says, as text.
  static std::string TextOf(const google::rpc::Status& status) {
    const RichError error = ErrorOf(status);
    std::string text = absl::StrCat(error.message, "\n", error.reason, "\n");
    for (const std::string& description : error.descriptions) absl::StrAppend(&text, description, "\n");
    return text;
  }
  static std::string TextOf(const grpc::Status& status) {
    google::rpc::Status details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    return status.ok() ? "" : absl::StrCat(TextOf(details), status.error_message());
  }

  std::string StopAndReadLog() {
    client_.reset();
    server_->Signal(SIGTERM);
    EXPECT_EQ(server_->WaitUntilEnded(), 0);
    return server_->Log();
  }

  TemporaryFolder folder_;
  std::unique_ptr<MusterdProcess> server_;
  std::unique_ptr<Client> client_;
  std::string metrics_address_;
};

TEST_P(CanaryTest, IsInNoLogMetricOrErrorButItsOwn) {
  std::string errors;  // Of all calls.
  const auto note = [&errors](const v1::Receipt& receipt) {
    if (receipt.has_problem()) errors += TextOf(receipt.problem());
    for (const v1::Warning& warning : receipt.warnings()) absl::StrAppend(&errors, warning.description(), "\n");
  };
  v1::OperationResult result = MakeResult("r1", 1, 7);
  GetParam().put(result);
  v1::OperationResult conflict = result;
  conflict.set_final(!conflict.final());
  v1::OperationResult stale = result;
  v1::OperationResult revised = result;
  revised.set_revision(result.revision() + 1);
  v1::OperationResult retraction = MakeRetraction(result.result_id(), result.revision() + 2);
  retraction.set_reason(absl::StrCat("taken back: ", kCanary));
  for (const v1::OperationResult& one : {result, result, conflict, revised, stale, retraction}) {
    note(client_->SubmitOne(one, /*validate_only=*/true));
    note(client_->SubmitOne(one));
  }

  {  // Its end ends its hold of the connection, for which a stop would wait.
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    const auto stream = client_->ingest->StreamResults(&context);
    v1::StreamResultsRequest message;
    *message.add_results() = result;
    v1::StreamResultsResponse answer;
    ASSERT_TRUE(stream->Write(message));
    ASSERT_TRUE(stream->Read(&answer));
    note(answer.receipts(0));
    for (int index = 0; index < 1'001; ++index) *message.add_results() = result;
    stream->Write(message);  // Too many: the call ends.
    EXPECT_FALSE(stream->Read(&answer));
    errors += TextOf(stream->Finish());
  }

  v1::GetResultRequest get;
  get.set_operation(result.operation());
  get.set_force(result.force());
  get.set_result_id(result.result_id());
  v1::GetResultResponse got;
  errors += TextOf(MUSTER_CALL(*client_, ingest, GetResult, get, &got));
  v1::ListResultsRequest list;
  list.set_operation(result.operation());
  list.set_force(result.force());
  v1::ListResultsResponse listed;
  errors += TextOf(MUSTER_CALL(*client_, ingest, ListResults, list, &listed));
  v1::QueryTotalsRequest query;
  query.mutable_query()->add_operations(result.operation());
  query.mutable_query()->add_forces(result.force());
  v1::QueryTotalsResponse totals;
  errors += TextOf(client_->TryQuery(query, &totals));
  client_->Verify();

  const std::string metrics = HttpGet(metrics_address_, "/metrics");
  EXPECT_THAT(metrics, HasSubstr("muster_results_total{outcome="));
  EXPECT_FALSE(HasCanary(metrics));
  const std::string log = StopAndReadLog();
  EXPECT_THAT(log, HasSubstr("muster.v1.IngestService/SubmitResults")) << "every call is logged";
  EXPECT_FALSE(HasCanary(log)) << log;
  if (!GetParam().echoed) {
    EXPECT_FALSE(HasCanary(errors)) << errors;
  }
}

void SetFigure(v1::OperationResult& result, const std::function<void(v1::Figure&)>& put) {
  put(*result.mutable_figures(0));
}

INSTANTIATE_TEST_SUITE_P(Fields, CanaryTest,
                         testing::ValuesIn<CanaryCase>({
                             {"Operation", [](auto& r) { r.set_operation(kCanary); }, true},
                             {"Force", [](auto& r) { r.set_force(kCanary); }, true},
                             {"ResultId", [](auto& r) { r.set_result_id(kCanary); }},
                             {"MalformedResultId", [](auto& r) { r.set_result_id(absl::StrCat(kCanary, " ")); }, true},
                             {"Revision", [](auto& r) { r.set_revision(kCanaryNumber); }, true},
                             {"StartDate", [](auto& r) { r.set_start_date(kCanary); }, true},
                             {"EndDate", [](auto& r) { r.set_end_date(kCanary); }, true},
                             {"Reason",
                              [](auto& r) {
                                r.set_revision(2);
                                r.set_reason(kCanary);
                              }},
                             {"ReasonOfAnInvalidResult",
                              [](auto& r) {
                                r.set_force("no-such-force");
                                r.set_reason(kCanary);
                              }},
                             {"Metric", [](auto& r) { SetFigure(r, [](auto& f) { f.set_metric(kCanary); }); }, true},
                             {"Category", [](auto& r) { SetFigure(r, [](auto& f) { f.add_categories(kCanary); }); },
                              true},
                             {"Value", [](auto& r) { SetFigure(r, [](auto& f) { f.set_value(kCanaryNumber); }); }},
                             {"ValueOfTheWrongUnit",
                              [](auto& r) {
                                SetFigure(r, [](auto& f) {
                                  f.set_value(kCanaryNumber);
                                  f.set_unit(v1::UNIT_GRAM);
                                });
                              }},
                         }),
                         [](const auto& row) { return row.param.name; });

using LogOfTheProgramTest = CanaryTest;

TEST_F(LogOfTheProgramTest, IsOneObjectALineWithTheTraceOfEveryCall) {
  {  // The same.
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    context.AddMetadata("x-request-id", "force-7:1");
    context.AddMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    v1::SubmitResultsRequest request;
    v1::SubmitResultsResponse response;
    EXPECT_EQ(client_->ingest->SubmitResults(&context, request, &response).error_code(), grpc::INVALID_ARGUMENT);
  }
  // Text that is not UTF-8, of which protobuf itself says something.
  v1::GetCoverageResponse coverage;
  v1::GetCoverageRequest unreadable;
  *unreadable.add_operations() = "\xff";
  EXPECT_EQ(MUSTER_CALL(*client_, totals, GetCoverage, unreadable, &coverage).error_code(), grpc::INVALID_ARGUMENT);

  bool found = false;
  int lines = 0;
  for (const absl::string_view line : absl::StrSplit(StopAndReadLog(), '\n', absl::SkipEmpty())) {
    ++lines;
    const nlohmann::json object = nlohmann::json::parse(std::string(line), nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(object.is_object()) << line;
    for (const char* const name : {"time", "level", "message"}) EXPECT_TRUE(object.contains(name)) << line;
    if (object.value("call", "") != "muster.v1.IngestService/SubmitResults") continue;
    found = true;
    EXPECT_EQ(object.value("request_id", ""), "force-7:1");
    EXPECT_EQ(object.value("traceparent", ""), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    EXPECT_EQ(object.value("code", ""), "INVALID_ARGUMENT");
    EXPECT_EQ(object.value("reason", ""), "NO_RESULTS");
    EXPECT_EQ(object.value("level", ""), "debug");
  }
  EXPECT_TRUE(found);
  EXPECT_GT(lines, 5);
}

}  // namespace
}  // namespace muster
