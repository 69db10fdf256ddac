// A Muster that answers as a test tells it to, over real gRPC on a free port of this machine.
#ifndef MUSTER_TESTS_CLIENTS_FAKE_SERVER_H_
#define MUSTER_TESTS_CLIENTS_FAKE_SERVER_H_

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "muster/v1/catalogue_service.grpc.pb.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "muster/v1/store_service.grpc.pb.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster {

inline grpc::Status ToGrpc(const google::rpc::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString());
}

// What one unary method does: the calls take these one after another. An unexpected call ends with UNKNOWN.
template <typename Request, typename Response>
class Script {
 public:
  using Answer = std::function<grpc::Status(grpc::ServerContext&, const Request&, Response&)>;

  void Then(Answer answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  void ThenStatus(const google::rpc::Status& status) {
    Then([status](auto&, const auto&, auto&) { return ToGrpc(status); });
  }
  void ThenAnswer(const Response& response) {
    Then([response](auto&, const auto&, Response& out) {
      out = response;
      return grpc::Status::OK;
    });
  }

  grpc::Status Run(grpc::ServerContext& context, const Request& request, Response& response) {
    Answer answer;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(request);
      time_left_.push_back(context.deadline() - std::chrono::system_clock::now());
      if (answers_.empty()) return grpc::Status(grpc::StatusCode::UNKNOWN, "the test did not expect this call");
      answer = std::move(answers_.front());
      answers_.pop_front();
    }
    return answer(context, request, response);
  }

  // Of every call so far.
  std::vector<Request> Requests() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }
  std::vector<std::chrono::nanoseconds> TimeLeft() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return time_left_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<Answer> answers_;
  std::vector<Request> requests_;
  std::vector<std::chrono::nanoseconds> time_left_;
};

using ResultsStream = grpc::ServerReaderWriter<v1::StreamResultsResponse, v1::StreamResultsRequest>;

class FakeServer {
 public:
  FakeServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&ingest_);
    builder.RegisterService(&totals_);
    builder.RegisterService(&catalogue_);
    builder.RegisterService(&store_);
    grpc::EnableDefaultHealthCheckService(true);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }

  const std::string& address() const { return address_; }

  // Waits for the end of every call. For a test whose answers use what goes before this object.
  void Stop() { server_->Shutdown(); }

  // What it says of its health; at first that it serves.
  void SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }

  // How each stream is served, one after another.
  using ServeStream = std::function<grpc::Status(ResultsStream&)>;
  void ThenStream(ServeStream serve) {
    const std::lock_guard<std::mutex> lock(ingest_.mutex);
    ingest_.streams.push_back(std::move(serve));
  }
  int StreamCount() const {
    const std::lock_guard<std::mutex> lock(ingest_.mutex);
    return ingest_.stream_count;
  }

  Script<v1::SubmitResultsRequest, v1::SubmitResultsResponse> submit_results;
  Script<v1::ListResultsRequest, v1::ListResultsResponse> list_results;
  Script<v1::QueryTotalsRequest, v1::QueryTotalsResponse> query_totals;
  Script<v1::GetOperationRequest, v1::GetOperationResponse> get_operation;
  Script<v1::ListOperationsRequest, v1::ListOperationsResponse> list_operations;
  Script<v1::GetCatalogueRequest, v1::GetCatalogueResponse> get_catalogue;
  Script<v1::GetServerInfoRequest, v1::GetServerInfoResponse> get_server_info;

 private:
  struct Ingest final : v1::IngestService::Service {
    explicit Ingest(FakeServer& fake_server) : fake(fake_server) {}
    grpc::Status SubmitResults(grpc::ServerContext* context, const v1::SubmitResultsRequest* request,
                               v1::SubmitResultsResponse* response) override {
      return fake.submit_results.Run(*context, *request, *response);
    }
    grpc::Status ListResults(grpc::ServerContext* context, const v1::ListResultsRequest* request,
                             v1::ListResultsResponse* response) override {
      return fake.list_results.Run(*context, *request, *response);
    }
    grpc::Status StreamResults(grpc::ServerContext* /*context*/, ResultsStream* stream) override {
      ServeStream serve;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        ++stream_count;
        if (streams.empty()) return grpc::Status(grpc::StatusCode::UNKNOWN, "the test did not expect this stream");
        serve = std::move(streams.front());
        streams.pop_front();
      }
      return serve(*stream);
    }
    FakeServer& fake;
    mutable std::mutex mutex;
    std::deque<ServeStream> streams;
    int stream_count = 0;
  };
  struct Totals final : v1::TotalsService::Service {
    explicit Totals(FakeServer& fake_server) : fake(fake_server) {}
    grpc::Status QueryTotals(grpc::ServerContext* context, const v1::QueryTotalsRequest* request,
                             v1::QueryTotalsResponse* response) override {
      return fake.query_totals.Run(*context, *request, *response);
    }
    FakeServer& fake;
  };
  struct Store final : v1::StoreService::Service {
    explicit Store(FakeServer& fake_server) : fake(fake_server) {}
    grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                               v1::GetServerInfoResponse* response) override {
      return fake.get_server_info.Run(*context, *request, *response);
    }
    FakeServer& fake;
  };
  struct Catalogue final : v1::CatalogueService::Service {
    explicit Catalogue(FakeServer& fake_server) : fake(fake_server) {}
    grpc::Status GetCatalogue(grpc::ServerContext* context, const v1::GetCatalogueRequest* request,
                              v1::GetCatalogueResponse* response) override {
      return fake.get_catalogue.Run(*context, *request, *response);
    }
    grpc::Status GetOperation(grpc::ServerContext* context, const v1::GetOperationRequest* request,
                              v1::GetOperationResponse* response) override {
      return fake.get_operation.Run(*context, *request, *response);
    }
    grpc::Status ListOperations(grpc::ServerContext* context, const v1::ListOperationsRequest* request,
                                v1::ListOperationsResponse* response) override {
      return fake.list_operations.Run(*context, *request, *response);
    }
    FakeServer& fake;
  };

  Ingest ingest_{*this};
  Totals totals_{*this};
  Catalogue catalogue_{*this};
  Store store_{*this};
  std::string address_;
  std::unique_ptr<grpc::Server> server_;  // The last, so that it goes first.
};

}  // namespace muster

#endif  // MUSTER_TESTS_CLIENTS_FAKE_SERVER_H_
