// What tests of the whole server share: a server on a free port with a real store in a folder of its own, plain
// generated stubs, and words for what comes back.
#ifndef MUSTER_TESTS_SERVICE_SERVER_FIXTURE_H_
#define MUSTER_TESTS_SERVICE_SERVER_FIXTURE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "muster/v1/catalogue_service.grpc.pb.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "muster/v1/store_service.grpc.pb.h"
#include "muster/v1/totals_service.grpc.pb.h"
#include "service/server.h"

namespace muster {

// A call that takes longer has failed.
inline constexpr std::chrono::seconds kCallDeadline{60};

// A folder of its own, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// One field violation as tests compare it.
struct Violation {
  std::string field;
  std::string reason;
  friend bool operator==(const Violation&, const Violation&) = default;
  friend void PrintTo(const Violation& violation, std::ostream* out) {
    *out << violation.field << ": " << violation.reason;
  }
};

// A rich error, taken apart.
struct RichError {
  int code = 0;
  std::string message;
  std::string reason;  // Of its one ErrorInfo; says what is wrong if there is not exactly one, of domain muster.
  std::vector<Violation> violations;
  std::vector<std::string> descriptions;  // Of the violations, in the same order.
  bool has_retry = false;
  bool has_quota = false;  // It says which limit of the caller was met.
};

RichError ErrorOf(const google::rpc::Status& status);
// What the details of a call's status say. They must repeat its code and message.
RichError ErrorOf(const grpc::Status& status);

MATCHER(IsOkCall, "") {
  *result_listener << "is " << arg.error_code() << " " << arg.error_message();
  return arg.ok();
}

// A server with this code and reason.
MATCHER_P2(FailsWith, code, reason, "") {
  const RichError error = ErrorOf(arg);
  *result_listener << "is " << error.code << " " << error.reason << " (" << error.message << ")";
  return error.code == static_cast<int>(code) && error.reason == reason;
}

// Plain generated stubs of one channel.
class Client {
 public:
  explicit Client(const std::string& address,
                  const std::shared_ptr<grpc::ChannelCredentials>& credentials = grpc::InsecureChannelCredentials());

  v1::SubmitResultsResponse Submit(std::vector<v1::OperationResult> results, bool validate_only = false);
  grpc::Status TrySubmit(const v1::SubmitResultsRequest& request, v1::SubmitResultsResponse* response);
  // The receipt of one result.
  v1::Receipt SubmitOne(v1::OperationResult result, bool validate_only = false);

  v1::QueryTotalsResponse Query(const v1::TotalsQuery& query);
  grpc::Status TryQuery(const v1::QueryTotalsRequest& request, v1::QueryTotalsResponse* response);
  // The only row of a query of one metric without grouping; absent if there is none.
  std::optional<v1::Total> TotalOf(const std::string& operation, const std::string& metric,
                                   const std::vector<std::string>& categories = {});
  v1::VerifyTotalsResponse Verify();
  int64_t Position();
  // How SubmitResults ends for one who makes the call and then sends nothing.
  grpc::Status SubmitNothing(grpc::ClientContext* context);

  // Makes one unary call with a deadline: Call(&Stub::GetOperation, stub, request, &response).
  template <typename Stub, typename Request, typename Response>
  static grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Stub& stub,
                           const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    return (stub.*method)(&context, request, response);
  }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::IngestService::Stub> ingest;
  std::unique_ptr<v1::TotalsService::Stub> totals;
  std::unique_ptr<v1::CatalogueService::Stub> catalogue;
  std::unique_ptr<v1::StoreService::Stub> store;
};

// A call of a stub by its name: CALL(client(), catalogue, GetOperation, request, &response).
#define MUSTER_CALL(client, service, method, request, response) \
  Client::Call(&std::decay_t<decltype(*(client).service)>::method, *(client).service, request, response)

// A server in this process.
class ServerTest : public testing::Test {
 protected:
  ServerTest() { Start(); }

  // Starts a server on the store of this test; Stop() ends it gracefully.
  void Start();
  void Stop();
  // Ends the server alone; the client keeps its connection.
  void StopServer() { server_->Stop(); }
  void Disconnect() { client_.reset(); }
  Server& server() { return *server_; }
  Client& client() { return *client_; }
  const std::string& address() const { return server_->address(); }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

// Starts a server on that folder, on a free port. Fails the test and returns nullptr if it does not start.
std::unique_ptr<Server> StartServer(const std::string& store_directory);
// The same with other options; the address and the catalogue are those of all tests.
std::unique_ptr<Server> StartServer(ServerOptions options);

// The shipped catalogue.
std::shared_ptr<const Catalogue> ShippedCatalogue();

// A figure that is exact, in counts, unless it is changed.
v1::Figure MakeFigure(const std::string& metric, int64_t value, const std::vector<std::string>& categories = {},
                      v1::Unit unit = v1::UNIT_COUNT, v1::Qualifier qualifier = v1::QUALIFIER_UNSPECIFIED);

// Arrests of one day of October 2021 in one force.
v1::OperationResult MakeResult(const std::string& result_id, int64_t revision, int64_t arrests,
                               const std::string& force = "thames-valley");

// The same as a retraction of that revision.
v1::OperationResult MakeRetraction(const std::string& result_id, int64_t revision,
                                   const std::string& force = "thames-valley");

inline constexpr char kOctober2021[] = "county-lines-2021-10";
inline constexpr char kFebruary2023[] = "county-lines-2023-02";

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_SERVER_FIXTURE_H_
