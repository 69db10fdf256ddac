#include "tests/service/server_fixture.h"

#include <cstdlib>
#include <filesystem>

#include "clients/cpp/channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace muster {

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "muster-service-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder at " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RichError ErrorOf(const google::rpc::Status& status) {
  RichError error;
  error.code = status.code();
  error.message = status.message();
  int info_count = 0;
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    google::rpc::QuotaFailure quota;
    if (detail.UnpackTo(&info)) {
      ++info_count;
      error.reason = info.domain() == "muster" ? info.reason() : "of domain " + info.domain();
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        error.violations.push_back({violation.field(), violation.reason()});
        error.descriptions.push_back(violation.description());
        EXPECT_FALSE(violation.description().empty()) << violation.field();
      }
    } else if (detail.UnpackTo(&retry)) {
      error.has_retry = retry.retry_delay().seconds() > 0 || retry.retry_delay().nanos() > 0;
    } else if (detail.UnpackTo(&quota)) {
      error.has_quota = quota.violations_size() > 0;
    } else {
      ADD_FAILURE() << "unknown detail " << detail.type_url();
    }
  }
  if (info_count != 1) error.reason = "has " + std::to_string(info_count) + " ErrorInfo";
  return error;
}

RichError ErrorOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  RichError error = ErrorOf(details);
  if (error.code != status.error_code() || error.message != status.error_message()) {
    error.code = status.error_code();
    error.message = status.error_message();
    error.reason = "details differ from the status";
  }
  return error;
}

Client::Client(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : channel([&] {
        PrepareToConnect();
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // A connection of its own.
        return grpc::CreateCustomChannel(address, credentials, arguments);
      }()),
      ingest(v1::IngestService::NewStub(channel)),
      totals(v1::TotalsService::NewStub(channel)),
      catalogue(v1::CatalogueService::NewStub(channel)),
      store(v1::StoreService::NewStub(channel)) {}

grpc::Status Client::TrySubmit(const v1::SubmitResultsRequest& request, v1::SubmitResultsResponse* response) {
  return MUSTER_CALL(*this, ingest, SubmitResults, request, response);
}

v1::SubmitResultsResponse Client::Submit(std::vector<v1::OperationResult> results, bool validate_only) {
  v1::SubmitResultsRequest request;
  const size_t count = results.size();
  for (v1::OperationResult& result : results) *request.add_results() = std::move(result);
  request.set_validate_only(validate_only);
  v1::SubmitResultsResponse response;
  EXPECT_THAT(TrySubmit(request, &response), IsOkCall());
  EXPECT_EQ(static_cast<size_t>(response.receipts_size()), count);
  while (static_cast<size_t>(response.receipts_size()) < count) response.add_receipts();  // So that a test may go on.
  return response;
}

v1::Receipt Client::SubmitOne(v1::OperationResult result, bool validate_only) {
  return Submit({std::move(result)}, validate_only).receipts(0);
}

grpc::Status Client::TryQuery(const v1::QueryTotalsRequest& request, v1::QueryTotalsResponse* response) {
  return MUSTER_CALL(*this, totals, QueryTotals, request, response);
}

v1::QueryTotalsResponse Client::Query(const v1::TotalsQuery& query) {
  v1::QueryTotalsRequest request;
  *request.mutable_query() = query;
  v1::QueryTotalsResponse response;
  EXPECT_THAT(TryQuery(request, &response), IsOkCall());
  EXPECT_EQ(response.next_page_token(), "");
  return response;
}

std::optional<v1::Total> Client::TotalOf(const std::string& operation, const std::string& metric,
                                         const std::vector<std::string>& categories) {
  v1::TotalsQuery query;
  query.add_operations(operation);
  query.add_metrics(metric);
  for (const std::string& category : categories) query.add_categories(category);
  const v1::QueryTotalsResponse response = Query(query);
  EXPECT_LE(response.rows_size(), 1);
  if (response.rows().empty()) return std::nullopt;
  return response.rows(0).total();
}

v1::VerifyTotalsResponse Client::Verify() {
  v1::VerifyTotalsResponse response;
  EXPECT_THAT(MUSTER_CALL(*this, store, VerifyTotals, v1::VerifyTotalsRequest(), &response), IsOkCall());
  return response;
}

grpc::Status Client::SubmitNothing(grpc::ClientContext* context) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(context, "/muster.v1.IngestService/SubmitResults", &queue);
  int step = 0;
  void* tag = nullptr;
  bool ok = false;
  call->StartCall(&step);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  grpc::Status status;
  call->Finish(&status, &step);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  return status;
}

int64_t Client::Position() {
  v1::GetCoverageResponse response;
  EXPECT_THAT(MUSTER_CALL(*this, totals, GetCoverage, v1::GetCoverageRequest(), &response), IsOkCall());
  return response.position();
}

std::unique_ptr<Server> StartServer(const std::string& store_directory) {
  ServerOptions options;
  options.store_directory = store_directory;
  return StartServer(std::move(options));
}

std::unique_ptr<Server> StartServer(ServerOptions options) {
  options.listen_address = "127.0.0.1:0";
  options.catalogue = ShippedCatalogue();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

void ServerTest::Start() {
  server_ = StartServer(folder_.Path("store"));
  ASSERT_NE(server_, nullptr);
  client_ = std::make_unique<Client>(server_->address());
}

void ServerTest::Stop() {
  client_.reset();
  server_.reset();
}

std::shared_ptr<const Catalogue> ShippedCatalogue() {
  static const std::shared_ptr<const Catalogue> catalogue = [] {
    std::vector<CatalogueFault> faults;
    std::shared_ptr<const Catalogue> read = Catalogue::Read(ShippedCatalogueFiles(), &faults);
    for (const CatalogueFault& fault : faults) ADD_FAILURE() << fault.ToString();
    return read;
  }();
  return catalogue;
}

v1::Figure MakeFigure(const std::string& metric, int64_t value, const std::vector<std::string>& categories,
                      v1::Unit unit, v1::Qualifier qualifier) {
  v1::Figure figure;
  figure.set_metric(metric);
  figure.set_value(value);
  figure.set_unit(unit);
  figure.set_qualifier(qualifier);
  for (const std::string& category : categories) figure.add_categories(category);
  return figure;
}

v1::OperationResult MakeResult(const std::string& result_id, int64_t revision, int64_t arrests,
                               const std::string& force) {
  v1::OperationResult result;
  result.set_operation(kOctober2021);
  result.set_force(force);
  result.set_result_id(result_id);
  result.set_revision(revision);
  result.set_start_date("2021-10-12");
  result.set_end_date("2021-10-12");
  *result.add_figures() = MakeFigure("arrests", arrests);
  return result;
}

v1::OperationResult MakeRetraction(const std::string& result_id, int64_t revision, const std::string& force) {
  v1::OperationResult result;
  result.set_operation(kOctober2021);
  result.set_force(force);
  result.set_result_id(result_id);
  result.set_revision(revision);
  result.set_retracted(true);
  result.set_reason("entered twice");
  return result;
}

}  // namespace muster
