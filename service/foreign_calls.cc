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

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(CheckCertificate check) : check_(std::move(check)) {}

  // Before anything of the call is run; nothing has to be intercepted later.
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    if (absl::StartsWith(info->method(), kOurServices)) return nullptr;
    grpc::ServerContextBase& context = *info->server_context();
    const absl::Status status = check_(CertificateOf(context));
    if (status.ok()) return nullptr;
    const std::string message = absl::StrCat(status.message(), " (", StatusReason(status), ")");
    grpc_call_cancel_with_status(context.c_call(), static_cast<grpc_status_code>(status.code()), message.c_str(),
                                 nullptr);
    return nullptr;
  }

 private:
  const CheckCertificate check_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CheckForeignCalls(CheckCertificate check) {
  return std::make_unique<Factory>(std::move(check));
}

}  // namespace muster
