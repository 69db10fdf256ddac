#include "service/starting_server.h"

#include <atomic>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server_builder.h"
#include "service/connection_limits.h"
#include "service/errors.h"
#include "service/held_back.h"
#include "service/limits.h"

namespace muster {
namespace {

grpc::ByteBuffer NotServing() {
  grpc::health::v1::HealthCheckResponse response;
  response.set_status(grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  const grpc::Slice slice(response.SerializeAsString());
  return {&slice, 1};
}

grpc::Status Starting() {
  return ToGrpcStatus(WithRetry(Error(absl::StatusCode::kUnavailable, "SERVER_STARTING",
                                      "The server is starting and serves nothing yet; try again later.")));
}

}  // namespace

// One call. Owns itself until it is over.
class StartingServer::Answer final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Answer(const std::string& method) : watches_(method == "/grpc.health.v1.Health/Watch") {
    if (watches_ || method == "/grpc.health.v1.Health/Check") {
      StartRead(&request_);
    } else {
      FinishOnce(Starting());
    }
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&response_);
    } else {
      FinishOnce(Starting());
    }
  }
  void OnWriteDone(bool ok) override {
    // Who watches is told more when this server ends: that the call does, and then by the next server.
    if (!watches_ || !ok) FinishOnce(grpc::Status::OK);
  }
  void OnCancel() override { FinishOnce(Starting()); }
  void OnDone() override { delete this; }

 private:
  void FinishOnce(const grpc::Status& status) {
    if (!finished_.exchange(true)) Finish(status);
  }

  const bool watches_;
  std::atomic<bool> finished_ = false;
  grpc::ByteBuffer request_;
  const grpc::ByteBuffer response_ = NotServing();
};

grpc::ServerGenericBidiReactor* StartingServer::AnyCall::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new Answer(context->method());
}

std::unique_ptr<StartingServer> StartingServer::Start(const ListeningSockets& sockets,
                                                      std::shared_ptr<grpc::ServerCredentials> credentials,
                                                      CheckCertificate check) {
  std::unique_ptr<StartingServer> starting(new StartingServer());
  // gRPC's own would say SERVING from its first moment until it is told otherwise.
  const bool had_health = grpc::DefaultHealthCheckServiceEnabled();
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, std::move(credentials));
  LimitConnections(&builder);
  if (check) {
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(CheckForeignCalls(std::move(check)));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
  }
  builder.RegisterCallbackGenericService(&starting->any_call_);
  starting->server_ = builder.BuildAndStart();
  grpc::EnableDefaultHealthCheckService(had_health);
  if (starting->server_ == nullptr) return nullptr;
  const auto held_back = std::make_shared<HeldBack>(kHoldBackTime);
  starting->guard_ = GuardConnections(sockets.port(), held_back);
  starting->acceptor_ = AcceptConnections(sockets, std::move(acceptor), held_back);
  return starting;
}

StartingServer::~StartingServer() {
  if (server_ == nullptr) return;
  acceptor_.reset();
  guard_.reset();
  // At once: nobody is owed more than what was said.
  server_->Shutdown(gpr_inf_past(GPR_CLOCK_MONOTONIC));
  server_->Wait();
}

}  // namespace muster
