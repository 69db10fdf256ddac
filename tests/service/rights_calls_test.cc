// Who may make which call, through the whole server; and that what a caller may not see leaves no trace.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "service/rights.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A server that believes what callers say of themselves, and two forces of different regions with a result each.
class RightsTest : public testing::Test {
 protected:
  RightsTest() { Start(""); }

  void Start(const std::string& policy_file) {
    client_.reset();
    server_.reset();
    ServerOptions options;
    options.store_directory = folder_.Path("store");
    options.policy_file = policy_file;
    options.identify = IdentifyByName;
    server_ = StartServer(options);
    client_ = std::make_unique<Client>(server_->address());
    client_->Submit({MakeResult("r1", 1, 5, "thames-valley"), MakeResult("r1", 1, 7, "merseyside")});
  }

  std::string WritePolicy(const std::string& text) {
    std::ofstream(folder_.Path("policy.textproto"), std::ios::trunc) << text;
    return folder_.Path("policy.textproto");
  }

  grpc::Status Query(const std::string& caller, const std::string& query, v1::QueryTotalsResponse* response) {
    v1::QueryTotalsRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(query, &request)) << query;
    return client_->totals->QueryTotals(ContextOf(caller).get(), request, response);
  }

  grpc::Status Get(const std::string& caller, const std::string& operation, const std::string& force,
                   const std::string& id) {
    v1::GetResultRequest request;
    request.set_operation(operation);
    request.set_force(force);
    request.set_result_id(id);
    v1::GetResultResponse response;
    return client_->ingest->GetResult(ContextOf(caller).get(), request, &response);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

// What one caller's call about one force, or about none, is answered with.
using Invoke = std::function<grpc::Status(Client&, grpc::ClientContext*, const std::string& force)>;

// Who may make a call: "force/own" is Thames Valley about itself, "unit/other" is SEROCU about Merseyside, and so on.
struct CallRight {
  std::string call;
  Invoke invoke;
  std::set<std::string> may;
};

grpc::Status StatusOf(const v1::Receipt& receipt) {
  if (receipt.outcome() != v1::OUTCOME_REJECTED) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(receipt.problem().code()), receipt.problem().message()};
}

template <typename Request>
Request OneOf(const std::string& force) {
  Request request;
  request.set_operation(kOctober2021);
  request.set_force(force);
  request.set_result_id("r1");
  return request;
}

v1::TotalsQuery QueryOfForce(const std::string& force) {
  v1::TotalsQuery query;
  query.add_forces(force);
  return query;
}

const std::set<std::string> kEveryone = {"force/own",   "force/other",   "unit/own",     "unit/other",
                                         "analyst/own", "analyst/other", "operator/own", "operator/other",
                                         "local/own",   "local/other"};
const std::set<std::string> kInFull = {"force/own", "unit/own", "local/own", "local/other"};
const std::set<std::string> kOperators = {"operator/own", "operator/other", "local/own", "local/other"};

// Every call that there is. The columns are those of the default policy.
std::vector<CallRight> AllCallRights() {
  return {
      {"IngestService.SubmitResults",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::SubmitResultsRequest request;
         *request.add_results() = MakeResult("r2", 1, 1, force);
         v1::SubmitResultsResponse response;
         const grpc::Status status = client.ingest->SubmitResults(context, request, &response);
         return status.ok() ? StatusOf(response.receipts(0)) : status;
       },
       {"force/own", "local/own", "local/other"}},
      {"IngestService.StreamResults",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::StreamResultsRequest request;
         *request.add_results() = MakeResult("r2", 1, 1, force);
         const auto stream = client.ingest->StreamResults(context);
         v1::StreamResultsResponse response;
         stream->Write(request);
         stream->WritesDone();
         if (!stream->Read(&response)) return stream->Finish();
         const grpc::Status status = stream->Finish();
         return status.ok() ? StatusOf(response.receipts(0)) : status;
       },
       {"force/own", "local/own", "local/other"}},
      {"IngestService.GetResult",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::GetResultResponse response;
         return client.ingest->GetResult(context, OneOf<v1::GetResultRequest>(force), &response);
       },
       kInFull},
      {"IngestService.ListResults",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::ListResultsRequest request;
         request.set_operation(kOctober2021);
         request.set_force(force);
         v1::ListResultsResponse response;
         return client.ingest->ListResults(context, request, &response);
       },
       kInFull},
      {"IngestService.ListRevisions",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::ListRevisionsResponse response;
         return client.ingest->ListRevisions(context, OneOf<v1::ListRevisionsRequest>(force), &response);
       },
       kInFull},
      {"TotalsService.QueryTotals",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::QueryTotalsRequest request;
         *request.mutable_query() = QueryOfForce(force);
         v1::QueryTotalsResponse response;
         return client.totals->QueryTotals(context, request, &response);
       },
       kInFull},
      {"TotalsService.WatchTotals",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::WatchTotalsRequest request;
         *request.mutable_query() = QueryOfForce(force);
         v1::WatchTotalsResponse response;
         const auto stream = client.totals->WatchTotals(context, request);
         if (stream->Read(&response)) context->TryCancel();
         return stream->Finish();
       },
       kInFull},
      {"TotalsService.GetCoverage",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::GetCoverageRequest request;
         request.add_forces(force);
         v1::GetCoverageResponse response;
         return client.totals->GetCoverage(context, request, &response);
       },
       {"force/own", "unit/own", "operator/own", "operator/other", "local/own", "local/other"}},
      {"TotalsService.ExplainTotal",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::ExplainTotalRequest request;
         *request.mutable_query() = QueryOfForce(force);
         v1::ExplainTotalResponse response;
         return client.totals->ExplainTotal(context, request, &response);
       },
       kInFull},
      {"TotalsService.DiffTotals",
       [](Client& client, grpc::ClientContext* context, const std::string& force) {
         v1::DiffTotalsRequest request;
         *request.mutable_query() = QueryOfForce(force);
         request.set_from_position(1);
         v1::DiffTotalsResponse response;
         return client.totals->DiffTotals(context, request, &response);
       },
       kInFull},
      {"CatalogueService.GetCatalogue",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::GetCatalogueResponse response;
         return client.catalogue->GetCatalogue(context, {}, &response);
       },
       kEveryone},
      {"CatalogueService.ListOperations",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::ListOperationsResponse response;
         return client.catalogue->ListOperations(context, {}, &response);
       },
       kEveryone},
      {"CatalogueService.GetOperation",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::GetOperationRequest request;
         request.set_operation(kOctober2021);
         v1::GetOperationResponse response;
         return client.catalogue->GetOperation(context, request, &response);
       },
       kEveryone},
      {"CatalogueService.CreateOperation",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::CreateOperationResponse response;
         return client.catalogue->CreateOperation(context, {}, &response);
       },
       kOperators},
      {"CatalogueService.UpdateOperation",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::UpdateOperationResponse response;
         return client.catalogue->UpdateOperation(context, {}, &response);
       },
       kOperators},
      {"CatalogueService.CloseOperation",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::CloseOperationRequest request;
         request.set_operation(kFebruary2023);
         v1::CloseOperationResponse response;
         return client.catalogue->CloseOperation(context, request, &response);
       },
       kOperators},
      {"CatalogueService.ReopenOperation",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::ReopenOperationRequest request;
         request.set_operation(kFebruary2023);
         v1::ReopenOperationResponse response;
         return client.catalogue->ReopenOperation(context, request, &response);
       },
       kOperators},
      {"StoreService.GetServerInfo",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::GetServerInfoResponse response;
         return client.store->GetServerInfo(context, {}, &response);
       },
       kEveryone},
      {"StoreService.VerifyTotals",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::VerifyTotalsResponse response;
         return client.store->VerifyTotals(context, {}, &response);
       },
       kOperators},
      {"StoreService.Backup",
       [](Client& client, grpc::ClientContext* context, const std::string& /*force*/) {
         v1::BackupResponse response;
         return client.store->Backup(context, {}, &response);  // Without a folder, which is asked after the rights.
       },
       kOperators},
  };
}

const std::map<std::string, std::string> kCallers = {{"force", "force/thames-valley"},
                                                     {"unit", "unit/serocu"},
                                                     {"analyst", "analyst/ann"},
                                                     {"operator", "operator/bob"},
                                                     {"local", ""}};
const std::map<std::string, std::string> kForces = {{"own", "thames-valley"}, {"other", "merseyside"}};

TEST_F(RightsTest, OfEveryCallAreThoseOfItsRow) {
  for (const CallRight& row : AllCallRights()) {
    for (const auto& [role, caller] : kCallers) {
      for (const auto& [whose, force] : kForces) {
        const std::string column = absl::StrCat(role, "/", whose);
        const grpc::StatusCode code = row.invoke(*client_, ContextOf(caller).get(), force).error_code();
        EXPECT_EQ(code != grpc::StatusCode::PERMISSION_DENIED, row.may.count(column) != 0)
            << row.call << " by " << column << " is answered with " << code;
        EXPECT_NE(code, grpc::StatusCode::UNAUTHENTICATED) << row.call << " by " << column;
        EXPECT_NE(code, grpc::StatusCode::DEADLINE_EXCEEDED) << row.call << " by " << column;
      }
    }
  }
}

TEST_F(RightsTest, OfWhomNoRuleIsForAreNone) {
  Start(WritePolicy("rules { callers: 'force/*' submit_for: 'own' }"));
  for (const CallRight& row : AllCallRights()) {
    for (const char* const caller : {"unit/serocu", "analyst/ann", "operator/bob", "operator/local"}) {
      EXPECT_EQ(row.invoke(*client_, ContextOf(caller).get(), "thames-valley").error_code(),
                grpc::StatusCode::PERMISSION_DENIED)
          << row.call << " by " << caller;
    }
  }
}

// A call, or a service, that somebody adds has no row above, and this fails.
TEST(EveryCallTest, HasARow) {
  std::set<std::string> calls;
  for (const auto& entry : std::filesystem::directory_iterator(MUSTER_SOURCE_DIR "/proto/muster/v1")) {
    const std::string name = absl::StrCat("muster/v1/", entry.path().filename().string());
    const google::protobuf::FileDescriptor* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    ASSERT_NE(file, nullptr) << name;
    for (int service = 0; service < file->service_count(); ++service) {
      for (int method = 0; method < file->service(service)->method_count(); ++method) {
        const std::string full_name = file->service(service)->method(method)->full_name();
        calls.emplace(absl::StripPrefix(full_name, "muster.v1."));
      }
    }
  }
  EXPECT_GE(calls.size(), 19U);
  std::set<std::string> rows;
  for (const CallRight& row : AllCallRights()) rows.insert(row.call);
  EXPECT_EQ(rows, calls);
  for (const std::string& call : calls) EXPECT_TRUE(CallNamed(call).has_value()) << call;
}

// Whether something is not there or not the caller's is answered with the same words.
TEST_F(RightsTest, AreAskedBeforeWhatIsThere) {
  const grpc::Status others = Get("force/thames-valley", kOctober2021, "merseyside", "r1");
  EXPECT_THAT(others, FailsWith(grpc::StatusCode::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
  for (const auto& [operation, force, id] :
       std::vector<std::array<std::string, 3>>{{kOctober2021, "merseyside", "r2"},
                                               {kFebruary2023, "merseyside", "r1"},
                                               {"no-operation", "merseyside", "r1"},
                                               {kOctober2021, "no-force", "r1"},
                                               {kOctober2021, "", "r1"},
                                               {kOctober2021, "merseyside", "not a result id"}}) {
    const grpc::Status status = Get("force/thames-valley", operation, force, id);
    EXPECT_EQ(status.error_code(), others.error_code()) << operation << force << id;
    EXPECT_EQ(status.error_details(), others.error_details()) << operation << force << id;
  }
  EXPECT_THAT(Get("force/thames-valley", kOctober2021, "thames-valley", "r2"),
              FailsWith(grpc::StatusCode::NOT_FOUND, "RESULT_NOT_FOUND"));
  v1::QueryTotalsResponse response;
  const grpc::Status known = Query("force/thames-valley", "query { forces: 'merseyside' }", &response);
  EXPECT_THAT(known, FailsWith(grpc::StatusCode::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
  EXPECT_EQ(Query("force/thames-valley", "query { forces: 'no-force' }", &response).error_details(),
            known.error_details());
  EXPECT_EQ(
      Query("force/thames-valley", "query { forces: 'merseyside' metrics: 'no-metric' }", &response).error_details(),
      known.error_details());
}

TEST_F(RightsTest, AreAskedBeforeResultsAreReceived) {
  EXPECT_THAT(client_->SubmitNothing(ContextOf("analyst/ann").get()),
              FailsWith(grpc::PERMISSION_DENIED, "CALL_NOT_YOURS"));
}

TEST_F(RightsTest, OfOneResultDecideForItAlone) {
  v1::SubmitResultsRequest request;
  *request.add_results() = MakeResult("a", 1, 1, "thames-valley");
  *request.add_results() = MakeResult("a", 1, 1, "merseyside");
  *request.add_results() = MakeResult("a", 0, -1, "no-force");
  *request.add_results() = MakeResult("b", 1, 1, "thames-valley");
  v1::SubmitResultsResponse response;
  ASSERT_THAT(client_->ingest->SubmitResults(ContextOf("force/thames-valley").get(), request, &response), IsOkCall());
  ASSERT_EQ(response.receipts_size(), 4);
  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.receipts(3).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.receipts(1).outcome(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(response.receipts(1).digest(), "");
  const RichError other = ErrorOf(response.receipts(1).problem());
  EXPECT_EQ(other.code, grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(other.reason, "FORCE_NOT_YOURS");
  EXPECT_THAT(other.violations, ElementsAre(Violation{"results[1].force", "FORCE_NOT_YOURS"}));
  EXPECT_THAT(other.descriptions, ElementsAre(HasSubstr("\"thames-valley\" only")));
  const RichError unknown = ErrorOf(response.receipts(2).problem());
  EXPECT_EQ(unknown.reason, "FORCE_NOT_YOURS");
  EXPECT_THAT(unknown.violations, ElementsAre(Violation{"results[2].force", "FORCE_NOT_YOURS"},
                                              Violation{"results[2].revision", "REVISION_TOO_LOW"},
                                              Violation{"results[2].figures[0].value", "VALUE_NEGATIVE"}));
  EXPECT_THAT(Get("", kOctober2021, "merseyside", "a"), FailsWith(grpc::StatusCode::NOT_FOUND, "RESULT_NOT_FOUND"));
}

// All that a caller is answered when it asks whatever it may ask, but for the position of the log and the time.
std::string AllThatIsSeenBy(const std::string& caller, Client& client) {
  std::string seen;
  for (const char* const text :
       {"group_by: GROUP_BY_FORCE", "group_by: [GROUP_BY_OPERATION, GROUP_BY_FORCE, GROUP_BY_DATE]",
        "group_by: [GROUP_BY_REGION, GROUP_BY_FORCE]", "group_by: GROUP_BY_FORCE regions: 'north-west'",
        "group_by: GROUP_BY_FORCE regions_as_of: '2017-01-01'", "regions: 'south-east'", "group_by: GROUP_BY_REGION",
        "group_by: GROUP_BY_FORCE start_date: '2021-10-12' end_date: '2021-10-12'", "forces: 'merseyside'",
        "forces: 'thames-valley'"}) {
    v1::QueryTotalsRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.mutable_query())) << text;
    v1::QueryTotalsResponse response;
    const grpc::Status status = client.totals->QueryTotals(ContextOf(caller).get(), request, &response);
    response.clear_position();
    response.clear_as_of_time();
    absl::StrAppend(&seen, text, ": ", status.error_code(), status.error_details(), response.DebugString(), "\n");
  }
  v1::GetCoverageResponse coverage;
  const grpc::Status status = client.totals->GetCoverage(ContextOf(caller).get(), {}, &coverage);
  coverage.clear_position();
  coverage.clear_as_of_time();
  absl::StrAppend(&seen, status.error_code(), status.error_details(), coverage.DebugString(), "\n");
  for (const char* const force : {"thames-valley", "merseyside"}) {
    v1::ListResultsRequest request;
    request.set_operation(kOctober2021);
    request.set_force(force);
    v1::ListResultsResponse results;
    const grpc::Status listed = client.ingest->ListResults(ContextOf(caller).get(), request, &results);
    absl::StrAppend(&seen, listed.error_code(), listed.error_details(), results.DebugString(), "\n");
  }
  return seen;
}

TEST_F(RightsTest, LeaveNoTraceOfWhatMayNotBeSeen) {
  std::map<std::string, std::string> before;
  for (const char* const caller : {"force/thames-valley", "unit/serocu"}) {
    before[caller] = AllThatIsSeenBy(caller, *client_);
    EXPECT_THAT(before[caller], HasSubstr("thames-valley"));
  }
  const std::string all_before = AllThatIsSeenBy("", *client_);
  // New figures, a correction, results of a body that had none, and one that a period cuts.
  v1::OperationResult week = MakeResult("r3", 1, 100, "merseyside");
  week.set_end_date("2021-10-14");
  client_->Submit({MakeResult("r1", 2, 11, "merseyside"), MakeResult("r2", 1, 1'000, "cumbria"), week,
                   MakeResult("r4", 1, 3, "british-transport-police")});
  for (const auto& [caller, seen] : before) EXPECT_EQ(AllThatIsSeenBy(caller, *client_), seen) << caller;
  EXPECT_NE(AllThatIsSeenBy("", *client_), all_before);  // There was something to be seen.
}

TEST_F(RightsTest, ToTheCountryCountEverybodyAndNameOnlyThoseInSight) {
  v1::QueryTotalsResponse response;
  ASSERT_THAT(Query("unit/serocu", "query { operations: 'county-lines-2021-10' metrics: 'arrests' }", &response),
              IsOkCall());
  ASSERT_EQ(response.rows_size(), 1);
  EXPECT_EQ(response.rows(0).total().sum(), 12);
  EXPECT_EQ(response.coverage().reported_count(), 2);
  EXPECT_EQ(response.coverage().expected_count(), 43);
  EXPECT_GT(response.coverage().forces_size(), 1);
  for (const v1::ForceCoverage& one : response.coverage().forces()) EXPECT_EQ(one.region(), "south-east");
  EXPECT_THAT(response.coverage().missing_forces(), Not(IsEmpty()));
  EXPECT_LT(response.coverage().missing_forces_size(), 10);
  ASSERT_THAT(Query("analyst/ann", "query { operations: 'county-lines-2021-10' metrics: 'arrests' }", &response),
              IsOkCall());
  EXPECT_EQ(response.rows(0).total().sum(), 12);
  EXPECT_EQ(response.coverage().reported_count(), 2);
  EXPECT_EQ(response.coverage().forces_size(), 0);
}

TEST_F(RightsTest, ToAPageAreThoseOfWhoAskedForTheFirst) {
  v1::QueryTotalsResponse first;
  const std::string query = "query { group_by: [GROUP_BY_FORCE, GROUP_BY_CATEGORY] } page_size: 1";
  client_->Submit({[] {
    v1::OperationResult result = MakeResult("r9", 1, 4, "thames-valley");
    *result.add_figures() = MakeFigure("cash-seized", 4, {}, v1::UNIT_POUND);
    return result;
  }()});
  ASSERT_THAT(Query("force/thames-valley", query, &first), IsOkCall());
  ASSERT_NE(first.next_page_token(), "");
  const std::string next = absl::StrCat(query, " page_token: '", first.next_page_token(), "'");
  v1::QueryTotalsResponse second;
  EXPECT_THAT(Query("force/thames-valley", next, &second), IsOkCall());
  for (const char* const caller : {"force/merseyside", "unit/serocu", ""}) {
    EXPECT_THAT(Query(caller, next, &second), FailsWith(grpc::StatusCode::ABORTED, "PAGE_EXPIRED")) << caller;
  }
}

// Answers are given again where they are still right: to the same question of somebody else they are not.
TEST_F(RightsTest, ToAnAnswerThatIsKeptAreThoseOfWhoAskedForIt) {
  const std::string query = "query { group_by: GROUP_BY_FORCE metrics: 'arrests' }";
  for (int times = 0; times < 2; ++times) {
    for (const auto& [caller, want] :
         std::vector<std::pair<std::string, std::string>>{{"", "thames-valley merseyside"},
                                                          {"unit/serocu", "thames-valley"},
                                                          {"unit/nwrocu", "merseyside"},
                                                          {"force/merseyside", "merseyside"},
                                                          {"force/kent", ""}}) {
      v1::QueryTotalsResponse response;
      ASSERT_THAT(Query(caller, query, &response), IsOkCall());
      std::set<std::string> forces;
      for (const v1::TotalsRow& row : response.rows()) forces.insert(row.force());
      const std::vector<std::string> wanted = absl::StrSplit(want, ' ', absl::SkipEmpty());
      EXPECT_EQ(forces, std::set<std::string>(wanted.begin(), wanted.end())) << caller;
    }
    v1::QueryTotalsResponse response;
    EXPECT_THAT(Query("analyst/ann", query, &response),
                FailsWith(grpc::StatusCode::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
  }
}

// What stood is shown to whom it would be shown now, and refused before anything is read or said of what there is.
TEST_F(RightsTest, ToThePastAreThoseToThePresent) {
  client_->Submit({MakeResult("r1", 2, 50, "thames-valley"), MakeResult("r1", 1, 9, "kent")});
  const std::string query = "query { group_by: GROUP_BY_FORCE metrics: 'arrests' as_of_position: 2 }";
  for (int times = 0; times < 2; ++times) {  // Made, and as it is kept.
    for (const auto& [caller, want] :
         std::vector<std::pair<std::string, std::string>>{{"", "thames-valley 5 merseyside 7 "},
                                                          {"unit/serocu", "thames-valley 5 "},
                                                          {"unit/nwrocu", "merseyside 7 "},
                                                          {"force/merseyside", "merseyside 7 "},
                                                          {"force/kent", ""}}) {
      v1::QueryTotalsResponse response;
      ASSERT_THAT(Query(caller, query, &response), IsOkCall());
      std::string sums;
      for (const v1::TotalsRow& row : response.rows()) absl::StrAppend(&sums, row.force(), " ", row.total().sum(), " ");
      std::set<std::string> found;
      std::set<std::string> wanted;
      for (absl::string_view word : absl::StrSplit(sums, ' ', absl::SkipEmpty())) found.emplace(word);
      for (absl::string_view word : absl::StrSplit(want, ' ', absl::SkipEmpty())) wanted.emplace(word);
      EXPECT_EQ(found, wanted) << caller;
    }
    v1::QueryTotalsResponse response;
    EXPECT_THAT(Query("analyst/ann", query, &response),
                FailsWith(grpc::StatusCode::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
    EXPECT_THAT(Query("force/kent", "query { as_of_position: 2 }", &response),
                FailsWith(grpc::StatusCode::PERMISSION_DENIED, "NATIONAL_TOTALS_NOT_YOURS"));
    EXPECT_THAT(Query("force/kent", "query { as_of_position: 99 forces: 'no-force' }", &response),
                FailsWith(grpc::StatusCode::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
  }
  // A page of the past is for whoever may be shown the same.
  v1::QueryTotalsResponse first;
  const std::string all = "query { group_by: [GROUP_BY_FORCE] metrics: 'arrests' as_of_position: 4 } page_size: 1";
  ASSERT_THAT(Query("", all, &first), IsOkCall());
  const std::string next = absl::StrCat(all, " page_token: '", first.next_page_token(), "'");
  v1::QueryTotalsResponse second;
  EXPECT_THAT(Query("", next, &second), IsOkCall());
  for (const char* const caller : {"force/merseyside", "unit/serocu"}) {
    EXPECT_THAT(Query(caller, next, &second), FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"))
        << caller;
  }
}

// So is what a row is set beside.
TEST_F(RightsTest, ToABaselineAreThoseToTheTotals) {
  v1::OperationResult now = MakeResult("r1", 1, 3, "thames-valley");
  now.set_operation(kFebruary2023);
  now.set_start_date("2023-02-28");
  now.set_end_date("2023-02-28");
  client_->Submit({now});
  const std::string query =
      "query { operations: 'county-lines-2023-02' baseline_operation: 'county-lines-2021-10' "
      "group_by: GROUP_BY_FORCE metrics: 'arrests' }";
  for (const auto& [caller, want] :
       std::vector<std::pair<std::string, std::set<std::string>>>{{"", {"thames-valley 3 5", "merseyside 0 7"}},
                                                                  {"unit/serocu", {"thames-valley 3 5"}},
                                                                  {"force/merseyside", {"merseyside 0 7"}},
                                                                  {"force/kent", {}}}) {
    v1::QueryTotalsResponse response;
    ASSERT_THAT(Query(caller, query, &response), IsOkCall());
    std::set<std::string> found;
    for (const v1::TotalsRow& row : response.rows()) {
      EXPECT_EQ(row.has_total(), row.total().sum() != 0);
      found.insert(absl::StrCat(row.force(), " ", row.total().sum(), " ", row.baseline().sum()));
    }
    EXPECT_EQ(found, want) << caller;
  }
}

TEST_F(RightsTest, FollowThePolicyFileAlsoWithinAStream) {
  const std::string before = "rules { callers: 'force/*' submit_for: 'own' read_results_of: 'own' }";
  const std::string file = WritePolicy(before);
  Start(file);
  const auto context = ContextOf("force/thames-valley");
  const auto stream = client_->ingest->StreamResults(context.get());
  int64_t revision = 1;
  const auto send = [&] {
    v1::StreamResultsRequest request;
    *request.add_results() = MakeResult("s", revision, revision);
    ++revision;
    v1::StreamResultsResponse response;
    return stream->Write(request) && stream->Read(&response);
  };
  ASSERT_TRUE(send());
  WritePolicy("rules { callers: 'force/*' submit: 'own' }");  // A bad one, which changes nothing.
  ASSERT_TRUE(send());
  WritePolicy("rules { callers: 'force/*' read_results_of: 'own' }");
  const auto deadline = std::chrono::steady_clock::now() + kCallDeadline;
  while (send()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_THAT(stream->Finish(), FailsWith(grpc::StatusCode::PERMISSION_DENIED, "CALL_NOT_YOURS"));
  EXPECT_THAT(Get("force/thames-valley", kOctober2021, "thames-valley", "s"), IsOkCall());
}

TEST_F(RightsTest, OfAFaultyFileStopTheStart) {
  ServerOptions options;
  options.store_directory = folder_.Path("another");
  options.listen_address = "127.0.0.1:0";
  options.catalogue = ShippedCatalogue();
  options.policy_file = WritePolicy("rules { callers: 'force/kant' }\nrules { callers: 'unit/seroc' }");
  const absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("policy.textproto:1: \"kant\" is no known force"));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("policy.textproto:2: \"seroc\""));
}

}  // namespace
}  // namespace muster
