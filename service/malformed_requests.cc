#include "service/malformed_requests.h"

#include "service/errors.h"

namespace muster {
namespace {

using grpc::experimental::InterceptionHookPoints;

class Explainer final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      // Whatever of ours is not served says which call that is.
      if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && status.error_message().empty()) {
        methods->ModifySendStatus(ToGrpcStatus(MalformedMessage()));
      }
    }
    methods->Proceed();
  }
};

class ExplainerFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    // gRPC owns it. nullptr: none, so that streams have nothing to go through.
    return info->type() == grpc::experimental::ServerRpcInfo::Type::UNARY ? new Explainer() : nullptr;
  }
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ExplainMalformedRequests() {
  return std::make_unique<ExplainerFactory>();
}

}  // namespace muster
