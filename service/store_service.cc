#include "service/store_service.h"

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aggregator/verification.h"
#include "domain/quote.h"
#include "google/protobuf/util/time_util.h"
#include "service/errors.h"
#include "spdlog/spdlog.h"

namespace muster {

LongTask::~LongTask() {
  if (thread_.joinable()) thread_.join();
}

bool LongTask::Start(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (running_) return false;
  if (thread_.joinable()) thread_.join();
  running_ = true;
  thread_ = std::thread([this, reactor, work = std::move(work)] {
    const absl::Status status = work();
    {
      const std::lock_guard<std::mutex> done(mutex_);
      running_ = false;  // Before the answer: who has it may ask again at once.
    }
    reactor->Finish(ToGrpcStatus(status));
  });
  return true;
}

grpc::ServerUnaryReactor* StoreService::GetServerInfo(grpc::CallbackServerContext* context,
                                                      const v1::GetServerInfoRequest* /*request*/,
                                                      v1::GetServerInfoResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kGetServerInfo);
  if (!admission.ok()) {
    reactor->Finish(ToGrpcStatus(admission.status()));
    return reactor;
  }
  // The machine's clock itself: Abseil's may be two seconds behind one that was set.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  response->set_version(MUSTER_VERSION);
  *response->mutable_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  response->set_position(store_.last_position());
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* StoreService::VerifyTotals(grpc::CallbackServerContext* context,
                                                     const v1::VerifyTotalsRequest* /*request*/,
                                                     v1::VerifyTotalsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kVerifyTotals);
  if (!admission.ok()) {
    reactor->Finish(ToGrpcStatus(admission.status()));
    return reactor;
  }
  const bool started = verification_.Start(reactor, [this, response, admitted = *admission] {
    absl::Status status = Verify(response);
    gate_.Record(admitted, response->mismatch_count() == 0 ? "" : "mismatches of forces", status);
    return status;
  });
  if (!started) {
    reactor->Finish(ToGrpcStatus(WithRetry(Error(absl::StatusCode::kResourceExhausted, "VERIFY_RUNNING",
                                                 "A verification is under way; ask again when it is done."))));
  }
  return reactor;
}

grpc::ServerUnaryReactor* StoreService::Backup(grpc::CallbackServerContext* context, const v1::BackupRequest* request,
                                               v1::BackupResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kBackup);
  if (!admission.ok()) {
    reactor->Finish(ToGrpcStatus(admission.status()));
    return reactor;
  }
  // A relative path would be one of the server's working folder, which callers do not know.
  if (!absl::StartsWith(request->directory(), "/")) {
    const absl::Status invalid = InvalidFields(
        "INVALID_REQUEST", "The request has invalid fields; see details.",
        {{"directory", "NOT_ABSOLUTE",
          absl::StrCat("is ", Quote(request->directory()), "; must be an absolute path on the server's machine")}});
    reactor->Finish(ToGrpcStatus(gate_.Refuse(*admission, "", invalid)));
    return reactor;
  }
  const bool started =
      backup_.Start(reactor, [this, directory = request->directory(), response, admitted = *admission] {
        absl::Status status = WriteBackup(directory, response);
        // Where a copy of everything went is what such a line is for.
        gate_.Record(admitted, status.ok() ? directory : "", status);
        return status;
      });
  if (!started) {
    reactor->Finish(ToGrpcStatus(WithRetry(Error(absl::StatusCode::kResourceExhausted, "BACKUP_RUNNING",
                                                 "A backup is being written; ask again when it is done."))));
  }
  return reactor;
}

absl::Status StoreService::WriteBackup(const std::string& directory, v1::BackupResponse* response) const {
  const absl::StatusOr<BackupReport> report =
      store_.Backup({.directory = directory, .should_stop = [this] { return stopping_.load(); }});
  if (report.ok()) {
    spdlog::info("backup {} in {}: position {}, {} bytes, of which {} are new", report->backup_id, directory,
                 report->position, report->total_bytes, report->new_bytes);
    response->set_backup_id(report->backup_id);
    response->set_position(report->position);
    response->set_total_bytes(report->total_bytes);
    response->set_new_bytes(report->new_bytes);
    response->set_backup_count(report->backup_count);
    return absl::OkStatus();
  }
  const std::string message(report.status().message());
  spdlog::error("no backup in {}: {}", directory, message);
  if (absl::IsCancelled(report.status())) {
    return WithRetry(
        Error(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "The server stops; the backup was given up."));
  }
  // What an operator must know of a disk is said in full; trying again without mending it would not help.
  const bool damaged = absl::IsDataLoss(report.status());
  return Error(damaged ? absl::StatusCode::kDataLoss : absl::StatusCode::kFailedPrecondition, "BACKUP_FAILED",
               absl::StrCat("There is no new backup: ", message, "."));
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
