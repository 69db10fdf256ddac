// The relay before a server in this process, and exchanges that only remember what is asked of them.
#include "clients/gateway/call_relay.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/channel.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster::gateway {
namespace {

using testing::ElementsAre;

// Sends a message at once, and ends.
class OneMessage final : public v1::TotalsService::Service {
  grpc::Status WatchTotals(grpc::ServerContext* /*context*/, const v1::WatchTotalsRequest* /*request*/,
                           grpc::ServerWriter<v1::WatchTotalsResponse>* writer) override {
    v1::WatchTotalsResponse response;
    response.set_resume_token("token");
    writer->Write(response);
    return grpc::Status::OK;
  }
};

// Takes long to begin: whoever writes meanwhile would be before the headers.
class SlowToBegin final : public HttpExchange {
 public:
  SlowToBegin() { request_.body = MessageFrame("", GrpcWebForm::kBinary); }

  const HttpRequest& request() const override { return request_; }
  void Respond(HttpResponse /*response*/) override { Say("whole"); }
  void StartStream(HttpResponse /*head*/) override {
    std::unique_lock<std::mutex> lock(mutex_);
    said_.wait_for(lock, std::chrono::milliseconds(50), [&] { return !words_.empty(); });
    words_.push_back("head");
  }
  void Write(std::string /*piece*/, std::function<void(bool)> written) override {
    Say("piece");
    written(true);
  }
  void Finish() override { Say("end"); }
  void Abort() override { Say("abort"); }
  void WhenGone(std::function<void()> /*gone*/) override {}

  // Once it has ended.
  std::vector<std::string> Words() {
    std::unique_lock<std::mutex> lock(mutex_);
    said_.wait(lock, [&] { return !words_.empty() && words_.back() == "end"; });
    return words_;
  }

 private:
  void Say(const char* word) {
    const std::lock_guard<std::mutex> lock(mutex_);
    words_.push_back(word);
    said_.notify_all();
  }

  HttpRequest request_;
  std::mutex mutex_;
  std::condition_variable said_;
  std::vector<std::string> words_;  // Guarded by mutex_.
};

TEST(CallRelayTest, HeadersComeBeforeAllElse) {
  OneMessage service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  CallRelay relay(MakeChannel("127.0.0.1:" + std::to_string(port), ClientTls()));
  RelayedCall watch;
  watch.path = "/muster.v1.TotalsService/WatchTotals";
  watch.shape = CallShape::kServerStream;
  // Whether the message and the headers of a call meet is chance.
  for (int call = 0; call < 50; ++call) {
    const auto exchange = std::make_shared<SlowToBegin>();
    relay.Carry(watch, exchange);
    ASSERT_THAT(exchange->Words(), ElementsAre("head", "piece", "piece", "end"));
  }
  relay.Stop();
}

}  // namespace
}  // namespace muster::gateway
