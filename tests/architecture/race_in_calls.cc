// A server whose handler counts calls in memory that its threads share: with a lock, or, told to, without. For the
// question whether ThreadSanitizer reports what races within a call, and nothing else.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "muster/v1/store_service.grpc.pb.h"

namespace muster {
namespace {

constexpr int kThreads = 4;
constexpr int kCallsOfEach = 500;

class CountedCalls final : public v1::StoreService::CallbackService {
 public:
  explicit CountedCalls(bool locked) : locked_(locked) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context, const v1::GetServerInfoRequest*,
                                          v1::GetServerInfoResponse* response) override {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    if (locked_) lock.lock();
    response->set_position(++count_);
    if (locked_) lock.unlock();
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  int64_t count() const { return count_; }

 private:
  const bool locked_;
  std::mutex mutex_;
  int64_t count_ = 0;
};

int Run(bool locked) {
  CountedCalls service(locked);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;

  std::vector<std::thread> callers;
  for (int thread = 0; thread < kThreads; ++thread) {
    callers.emplace_back([port] {
      const auto stub = v1::StoreService::NewStub(
          grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
      for (int call = 0; call < kCallsOfEach; ++call) {
        grpc::ClientContext context;
        v1::GetServerInfoResponse response;
        stub->GetServerInfo(&context, v1::GetServerInfoRequest(), &response);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  server->Shutdown();
  std::cout << service.count() << " calls" << std::endl;
  return !locked || service.count() == kThreads * kCallsOfEach ? 0 : 1;
}

}  // namespace
}  // namespace muster

int main(int count, char** arguments) { return muster::Run(count > 1 && std::string(arguments[1]) == "locked"); }
