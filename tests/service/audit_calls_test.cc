// What is in the audit of the whole server, and what the server lets through while it cannot write it.
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "service/call_trace.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Where a caller could write what is none of the audit's business.
constexpr char kCanary[] = "canary-7e57";

class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    ServerOptions options;
    options.store_directory = folder_.Path("store");
    options.identify = IdentifyByName;
    options.write_audit = [this](int file, const void* bytes, size_t count) -> ssize_t {
      if (!is_full_) return write(file, bytes, count);
      errno = ENOSPC;
      return -1;
    };
    server_ = StartServer(options);
    client_ = std::make_unique<Client>(server_->address());
  }

  // What was written since the last time, in short: "force/kent 0a1b IngestService.SubmitResults a/b allowed".
  std::vector<std::string> Lines() {
    server_->Stop();  // Writes what waits.
    std::ifstream in(folder_.Path("store/audit/audit.jsonl"));
    std::vector<std::string> lines;
    for (std::string text; std::getline(in, text);) {
      EXPECT_FALSE(absl::StrContains(text, kCanary)) << text;
      const nlohmann::json line = nlohmann::json::parse(text);
      EXPECT_TRUE(IsRequestId(line.at("request_id").get<std::string>())) << text;
      std::string words =
          absl::StrCat(line.at("caller").get<std::string>(), " ", line.at("serial").get<std::string>(), " ",
                       line.at("call").get<std::string>(), " ", line.at("object").get<std::string>(), " ",
                       line.at("decision").get<std::string>());
      if (!line.at("reason").get<std::string>().empty()) {
        absl::StrAppend(&words, " ", line.at("reason").get<std::string>());
      }
      if (line.contains("validate_only")) words += " validate_only";
      if (line.contains("results")) absl::StrAppend(&words, " ", line.at("results").dump());
      lines.push_back(words);
    }
    return lines;
  }

  grpc::Status Submit(const std::string& caller, const std::vector<v1::OperationResult>& results,
                      bool validate_only = false) {
    v1::SubmitResultsRequest request;
    for (const v1::OperationResult& result : results) *request.add_results() = result;
    request.set_validate_only(validate_only);
    v1::SubmitResultsResponse response;
    return client_->ingest->SubmitResults(ContextOf(caller).get(), request, &response);
  }

  grpc::Status Get(const std::string& caller, const std::string& force) {
    v1::GetResultRequest request;
    request.set_operation(kOctober2021);
    request.set_force(force);
    request.set_result_id("r1");
    v1::GetResultResponse response;
    return client_->ingest->GetResult(ContextOf(caller).get(), request, &response);
  }

  grpc::Status Query(const std::string& caller, const std::string& query) {
    v1::QueryTotalsRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(query, request.mutable_query())) << query;
    v1::QueryTotalsResponse response;
    return client_->totals->QueryTotals(ContextOf(caller).get(), request, &response);
  }

  grpc::health::v1::HealthCheckResponse::ServingStatus Health() {
    grpc::health::v1::HealthCheckResponse response;
    const auto health = grpc::health::v1::Health::NewStub(client_->channel);
    EXPECT_THAT(health->Check(ContextOf("").get(), {}, &response), IsOkCall());
    return response.status();
  }

  TemporaryFolder folder_;
  std::atomic<bool> is_full_{false};
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(AuditTest, HasEveryWriteByItsOutcomes) {
  const std::string force = "force/thames-valley";
  Submit(force, {MakeResult("r1", 1, 1), MakeResult("r1", 1, 1), MakeResult("r1", 2, 2), MakeResult("r1", 1, 3)});
  Submit(force, {MakeResult("r2", 1, 1), MakeResult("r2", 0, 1), MakeResult("r2", 1, 1, "merseyside")});
  Submit(force, {MakeResult("r3", 1, 1, "merseyside"), MakeResult("r3", 1, 1, kCanary)});
  v1::OperationResult unknown = MakeResult(kCanary, 1, 1);
  unknown.set_operation(kCanary);
  unknown.set_reason(kCanary);
  unknown.mutable_figures(0)->set_metric(kCanary);
  Submit(force, {unknown});
  Submit(force, {MakeResult("r4", 1, 1)}, true);
  Submit(force, {});
  Submit("analyst/ann", {MakeResult("r5", 1, 1)});
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          "force/thames-valley 0a1b IngestService.SubmitResults county-lines-2021-10/thames-valley allowed "
          R"({"accepted":1,"duplicate":1,"revised":1,"stale":1})",
          "force/thames-valley 0a1b IngestService.SubmitResults county-lines-2021-10/thames-valley "
          R"(county-lines-2021-10/merseyside allowed FORCE_NOT_YOURS {"accepted":1,"not_yours":1,"rejected":2})",
          "force/thames-valley 0a1b IngestService.SubmitResults county-lines-2021-10/merseyside county-lines-2021-10/? "
          R"(refused FORCE_NOT_YOURS {"not_yours":2,"rejected":2})",
          "force/thames-valley 0a1b IngestService.SubmitResults ?/thames-valley refused NO_RESULT_TAKEN "
          R"({"rejected":1})",
          "force/thames-valley 0a1b IngestService.SubmitResults county-lines-2021-10/thames-valley allowed "
          "validate_only "
          R"({"accepted":1})",
          "force/thames-valley 0a1b IngestService.SubmitResults  refused NO_RESULTS",
          "analyst/ann 0a1b IngestService.SubmitResults  refused CALL_NOT_YOURS"));
}

TEST_F(AuditTest, HasEveryMessageOfAStream) {
  const auto context = ContextOf("force/thames-valley");
  const auto stream = client_->ingest->StreamResults(context.get());
  for (int revision = 1; revision <= 2; ++revision) {
    v1::StreamResultsRequest request;
    *request.add_results() = MakeResult("r1", revision, revision);
    v1::StreamResultsResponse response;
    ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  }
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsOkCall());
  const std::string begin = "force/thames-valley 0a1b IngestService.StreamResults county-lines-2021-10/thames-valley ";
  EXPECT_THAT(Lines(), ElementsAre(begin + R"(allowed {"accepted":1})", begin + R"(allowed {"revised":1})"));
}

TEST_F(AuditTest, HasReadsOfOthersFiguresAndRefusedOnesOnly) {
  ASSERT_THAT(Get("force/thames-valley", "thames-valley"), FailsWith(grpc::StatusCode::NOT_FOUND, "RESULT_NOT_FOUND"));
  Get("unit/serocu", "thames-valley");
  Get("force/thames-valley", "merseyside");
  Get("force/thames-valley", kCanary);
  Query("force/thames-valley", "group_by: GROUP_BY_FORCE");
  Query("force/thames-valley", absl::StrCat("forces: ['merseyside', '", kCanary, "'] operations: '", kCanary, "'"));
  Query("unit/serocu", "");
  Query("unit/serocu", "group_by: GROUP_BY_FORCE operations: 'county-lines-2021-10'");
  Query("unit/serocu", "forces: 'kent'");
  Query("unit/serocu", "forces: 'serocu'");
  Query("", "regions: 'london'");
  Query("", "forces: ['kent', 'surrey', 'sussex', 'essex', 'gwent', 'cumbria']");
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          "unit/serocu 0a1b IngestService.GetResult county-lines-2021-10/thames-valley allowed",
          "force/thames-valley 0a1b IngestService.GetResult county-lines-2021-10/merseyside refused FORCE_NOT_YOURS",
          "force/thames-valley 0a1b IngestService.GetResult county-lines-2021-10/? refused FORCE_NOT_YOURS",
          "force/thames-valley 0a1b TotalsService.QueryTotals ?/merseyside,? refused FORCE_NOT_YOURS",
          "unit/serocu 0a1b TotalsService.QueryTotals county-lines-2021-10/* allowed",
          "unit/serocu 0a1b TotalsService.QueryTotals */kent allowed",
          "operator/local  TotalsService.QueryTotals */kent,surrey,sussex,essex,and 2 more allowed"));
}

TEST_F(AuditTest, HasAReadOfAnAnswerThatWasKept) {
  for (int times = 0; times < 3; ++times) {
    EXPECT_THAT(Query("unit/serocu", "group_by: GROUP_BY_FORCE"), IsOkCall());
    EXPECT_THAT(Query("unit/serocu", ""), IsOkCall());
  }
  const std::string line = "unit/serocu 0a1b TotalsService.QueryTotals */* allowed";
  EXPECT_THAT(Lines(), ElementsAre(line, line, line));
}

TEST_F(AuditTest, HasChangesOfOperationsAndTheCareOfTheStore) {
  v1::CreateOperationRequest create;
  create.mutable_operation()->set_id("week");
  create.mutable_operation()->set_title(kCanary);
  create.mutable_operation()->set_start_date("2026-01-05");
  create.mutable_operation()->set_end_date("2026-01-11");
  v1::CreateOperationResponse created;
  client_->catalogue->CreateOperation(ContextOf("force/kent").get(), create, &created);
  EXPECT_THAT(client_->catalogue->CreateOperation(ContextOf("operator/bob").get(), create, &created), IsOkCall());
  create.mutable_operation()->set_id("Week");
  client_->catalogue->CreateOperation(ContextOf("operator/bob").get(), create, &created);
  v1::CloseOperationRequest close;
  close.set_operation("week");
  v1::CloseOperationResponse closed;
  EXPECT_THAT(client_->catalogue->CloseOperation(ContextOf("operator/bob").get(), close, &closed), IsOkCall());
  close.set_operation(kCanary);
  client_->catalogue->CloseOperation(ContextOf("operator/bob").get(), close, &closed);
  v1::VerifyTotalsResponse verified;
  EXPECT_THAT(client_->store->VerifyTotals(ContextOf("operator/bob").get(), {}, &verified), IsOkCall());
  v1::BackupRequest backup;
  v1::BackupResponse backed_up;
  backup.set_directory(kCanary);
  client_->store->Backup(ContextOf("operator/bob").get(), backup, &backed_up);
  backup.set_directory(folder_.Path("backups"));
  EXPECT_THAT(client_->store->Backup(ContextOf("operator/bob").get(), backup, &backed_up), IsOkCall());
  client_->catalogue->GetCatalogue(ContextOf("operator/bob").get(), {},
                                   std::make_unique<v1::GetCatalogueResponse>().get());
  EXPECT_THAT(Lines(),
              ElementsAre("force/kent 0a1b CatalogueService.CreateOperation  refused CALL_NOT_YOURS",
                          "operator/bob 0a1b CatalogueService.CreateOperation week allowed",
                          "operator/bob 0a1b CatalogueService.CreateOperation ? refused INVALID_OPERATION",
                          "operator/bob 0a1b CatalogueService.CloseOperation week allowed",
                          "operator/bob 0a1b CatalogueService.CloseOperation ? refused OPERATION_NOT_FOUND",
                          "operator/bob 0a1b StoreService.VerifyTotals  allowed",
                          "operator/bob 0a1b StoreService.Backup  refused INVALID_REQUEST",
                          absl::StrCat("operator/bob 0a1b StoreService.Backup ", folder_.Path("backups"), " allowed")));
}

TEST_F(AuditTest, ThatCannotBeWrittenLetsNothingThroughThatHadToBeInIt) {
  ASSERT_THAT(Submit("force/thames-valley", {MakeResult("r1", 1, 1)}), IsOkCall());
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
  is_full_ = true;
  // The first one goes through: that nothing can be written shows when it is to be.
  const auto deadline = std::chrono::steady_clock::now() + kCallDeadline;
  int64_t revision = 1;
  grpc::Status status;
  do {
    ++revision;
    status = Submit("force/thames-valley", {MakeResult("r1", revision, revision)});
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  } while (status.ok());
  EXPECT_THAT(status, FailsWith(grpc::StatusCode::UNAVAILABLE, "AUDIT_UNAVAILABLE"));
  EXPECT_TRUE(ErrorOf(status).has_retry);
  const auto unavailable = FailsWith(grpc::StatusCode::UNAVAILABLE, "AUDIT_UNAVAILABLE");
  EXPECT_THAT(Get("unit/serocu", "thames-valley"), unavailable);
  EXPECT_THAT(Get("force/thames-valley", "merseyside"), unavailable);
  EXPECT_THAT(Query("unit/serocu", "group_by: GROUP_BY_FORCE"), unavailable);
  EXPECT_THAT(Get("force/thames-valley", "thames-valley"), IsOkCall());
  EXPECT_THAT(Query("unit/serocu", ""), IsOkCall());
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  is_full_ = false;
  do {
    status = Submit("force/thames-valley", {MakeResult("r2", 1, 1)});
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  } while (!status.ok());
  while (Health() != grpc::health::v1::HealthCheckResponse::SERVING) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  // Every accepted one is there, and none more.
  EXPECT_EQ(Lines().size(), static_cast<size_t>(revision));
}

TEST_F(AuditTest, NamesCallsAsTheirCallersDo) {
  v1::SubmitResultsRequest request;
  *request.add_results() = MakeResult("r1", 1, 1);
  v1::SubmitResultsResponse response;
  const auto context = ContextOf("force/thames-valley");
  context->AddMetadata(kRequestIdKey, "from-the-records-system-17");
  EXPECT_THAT(client_->ingest->SubmitResults(context.get(), request, &response), IsOkCall());
  Lines();
  std::ifstream in(folder_.Path("store/audit/audit.jsonl"));
  std::string line;
  std::getline(in, line);
  EXPECT_THAT(line, HasSubstr(R"("request_id":"from-the-records-system-17")"));
}

}  // namespace
}  // namespace muster
