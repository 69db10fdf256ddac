// Carries calls between browsers, in gRPC-Web, and musterd, in gRPC, without knowing what they say.
#ifndef MUSTER_CLIENTS_GATEWAY_CALL_RELAY_H_
#define MUSTER_CLIENTS_GATEWAY_CALL_RELAY_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "clients/gateway/carried_calls.h"
#include "clients/gateway/grpc_web.h"
#include "clients/gateway/http.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace muster::gateway {

struct RelayedCall {
  std::string path;  // "/muster.v1.TotalsService/QueryTotals"
  CallShape shape = CallShape::kUnary;
  GrpcWebForm form = GrpcWebForm::kBinary;
  std::string authorization;  // "Bearer …", or empty.
};

// An answer that holds nothing but how the call ended, which this program says in musterd's stead: with ErrorInfo of
// `reason`, as every error of musterd has it.
HttpResponse RefusedCall(GrpcWebForm form, absl::StatusCode code, std::string_view reason, std::string_view message);

// Thread-safe.
class CallRelay {
 public:
  explicit CallRelay(std::shared_ptr<grpc::Channel> channel) : stub_(std::move(channel)) {}
  ~CallRelay();
  CallRelay(const CallRelay&) = delete;
  CallRelay& operator=(const CallRelay&) = delete;

  // Answers the exchange. A call that the browser no longer waits for is cancelled, and the next message is read only
  // when the browser has taken the one before. The server's stop ends streams with UNAVAILABLE.
  void Carry(const RelayedCall& call, std::shared_ptr<HttpExchange> exchange);

  // Cancels what is under way and waits for its end. The server of the exchanges must still run.
  void Stop();

 private:
  class Call;
  // False, and the exchange is answered, if there are too many.
  bool Enter(CallShape shape);
  void Leave(Call* call);

  grpc::GenericStub stub_;

  std::mutex mutex_;
  std::condition_variable left_;
  std::set<std::shared_ptr<Call>> calls_;  // Guarded by mutex_, as what follows.
  int unary_count_ = 0;
  int stream_count_ = 0;
  bool stopping_ = false;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_CALL_RELAY_H_
