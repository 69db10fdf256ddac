#include "service/call_observer.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/call_trace.h"
#include "service/logging.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::ServerRpcInfo;

// What may be logged of an error: its reason and the id under which the log has more, never its text, which repeats
// what the caller sent.
struct LoggedError {
  std::string reason;
  std::string call_id;
};

LoggedError LoggedErrorOf(const grpc::Status& status) {
  LoggedError error;
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return error;
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info)) continue;
    error.reason = info.reason();
    const auto call_id = info.metadata().find("call_id");
    if (call_id != info.metadata().end()) error.call_id = call_id->second;
  }
  return error;
}

bool IsFaultOfServer(grpc::StatusCode code) {
  return code == grpc::StatusCode::INTERNAL || code == grpc::StatusCode::UNKNOWN || code == grpc::StatusCode::DATA_LOSS;
}

class Observer final : public grpc::experimental::Interceptor {
 public:
  Observer(Metrics& metrics, OpenCalls& open_calls, ServerRpcInfo* info)
      : metrics_(metrics),
        open_calls_(open_calls),
        context_(*info->server_context()),
        method_(metrics.FindMethod(info->method())) {
    metrics_.CallStarted(method_);
    ReadTrace(context_);
  }
  ~Observer() override {
    // Nobody answered it: the connection or the server was gone.
    if (!ended_) metrics_.CallEnded(method_, grpc::StatusCode::CANCELLED, Duration());
    if (counted_) open_calls_.Ended(*counted_);
  }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    // Not sooner: a call of reflection does not know its peer before.
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA) && !counted_) {
      counted_ = open_calls_.Begun([this] { return context_.peer(); });
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS) && !ended_) {
      ended_ = true;
      End(methods->GetSendStatus());
    }
    methods->Proceed();
  }

 private:
  std::chrono::nanoseconds Duration() const { return std::chrono::steady_clock::now() - begin_; }

  void End(const grpc::Status& status) {
    // Whatever it was to be told, a caller that has gone is not.
    const grpc::StatusCode code = context_.IsCancelled() ? grpc::StatusCode::CANCELLED : status.error_code();
    const std::chrono::nanoseconds duration = Duration();
    metrics_.CallEnded(method_, code, duration);
    const bool is_fault = IsFaultOfServer(code);
    const auto level = is_fault ? spdlog::level::err : spdlog::level::debug;
    if (!spdlog::should_log(level)) return;
    const CallTrace& trace = TraceOf(context_);
    LoggedError error = LoggedErrorOf(status);
    const LogFields fields({{"call", metrics_.MethodName(method_)},
                            {"code", std::string(Metrics::CodeName(code))},
                            {"reason", std::move(error.reason)},
                            {"call_id", std::move(error.call_id)},
                            {"request_id", trace.request_id},
                            {"traceparent", trace.traceparent}});
    spdlog::log(level, "{} after {:.1f} ms", is_fault ? "a call failed by a fault of the server" : "a call ended",
                std::chrono::duration<double, std::milli>(duration).count());
  }

  Metrics& metrics_;
  OpenCalls& open_calls_;
  grpc::ServerContextBase& context_;
  const Metrics::Method method_;
  std::optional<std::string> counted_;  // As open_calls_ knows it, once it is told of it.
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  bool ended_ = false;
};

class ObserverFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  ObserverFactory(std::shared_ptr<Metrics> metrics, OpenCalls& open_calls)
      : metrics_(std::move(metrics)), open_calls_(open_calls) {}
  // gRPC owns it.
  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new Observer(*metrics_, open_calls_, info);
  }

 private:
  const std::shared_ptr<Metrics> metrics_;
  OpenCalls& open_calls_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ObserveCalls(std::shared_ptr<Metrics> metrics,
                                                                                    OpenCalls& open_calls) {
  return std::make_unique<ObserverFactory>(std::move(metrics), open_calls);
}

}  // namespace muster
