#include "service/foreign_calls.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/status_reason.h"
#include "grpc/grpc.h"
#include "service/caller.h"

namespace muster {
namespace {

constexpr char kOurServices[] = "/muster.v1.";

using grpc::experimental::InterceptionHookPoints;

class Checker final : public grpc::experimental::Interceptor {
 public:
  Checker(const CheckCertificate& check, grpc::ServerContextBase& context) : check_(check), context_(context) {}

  // Before anything of the call is run, and not sooner: a call of reflection is not known to its context before.
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) Check();
    methods->Proceed();
  }

 private:
  void Check() {
    const absl::Status status = check_(CertificateOf(context_));
    if (status.ok()) return;
    const std::string message = absl::StrCat(status.message(), " (", StatusReason(status), ")");
    grpc_call_cancel_with_status(context_.c_call(), static_cast<grpc_status_code>(status.code()), message.c_str(),
                                 nullptr);
  }

  const CheckCertificate& check_;
  grpc::ServerContextBase& context_;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(CheckCertificate check) : check_(std::move(check)) {}

  // gRPC owns it. nullptr: none, so that calls of ours have nothing to go through.
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    if (absl::StartsWith(info->method(), kOurServices)) return nullptr;
    return new Checker(check_, *info->server_context());
  }

 private:
  const CheckCertificate check_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CheckForeignCalls(CheckCertificate check) {
  return std::make_unique<Factory>(std::move(check));
}

}  // namespace muster
