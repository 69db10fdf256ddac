#include "service/store_service.h"

#include <utility>

#include "aggregator/verification.h"
#include "service/caller.h"
#include "service/errors.h"

namespace muster {

StoreService::~StoreService() {
  if (thread_.joinable()) thread_.join();
}

grpc::ServerUnaryReactor* StoreService::VerifyTotals(grpc::CallbackServerContext* context,
                                                     const v1::VerifyTotalsRequest* /*request*/,
                                                     v1::VerifyTotalsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Caller> caller = IdentifyCaller(*context);
  if (!caller.ok()) {
    reactor->Finish(ToGrpcStatus(caller.status()));
    return reactor;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (running_) {
    reactor->Finish(ToGrpcStatus(WithRetry(Error(absl::StatusCode::kResourceExhausted, "VERIFY_RUNNING",
                                                 "A verification is under way; ask again when it is done."))));
    return reactor;
  }
  if (thread_.joinable()) thread_.join();
  running_ = true;
  thread_ = std::thread([this, reactor, response] {
    const absl::Status status = Verify(response);
    {
      const std::lock_guard<std::mutex> done(mutex_);
      running_ = false;
    }
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

absl::Status StoreService::Verify(v1::VerifyTotalsResponse* response) const {
  absl::StatusOr<VerificationReport> report = VerifyCubes(store_, cubes_);
  if (!report.ok()) return report.status();
  response->set_position(report->position);
  response->set_entry_count(report->position);
  response->set_total_count(report->cell_count);
  response->set_mismatch_count(report->mismatch_count);
  for (VerificationReport::Mismatch& mismatch : report->mismatches) {
    v1::TotalMismatch& to = *response->add_mismatches();
    to.set_operation(std::move(mismatch.operation));
    to.set_force(std::move(mismatch.force));
    to.set_description(std::move(mismatch.description));
  }
  return absl::OkStatus();
}

}  // namespace muster
