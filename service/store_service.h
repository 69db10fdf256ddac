// StoreService: the care of the store.
#ifndef MUSTER_SERVICE_STORE_SERVICE_H_
#define MUSTER_SERVICE_STORE_SERVICE_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "aggregator/cubes.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/store_service.grpc.pb.h"
#include "service/gate.h"
#include "storage/store.h"

namespace muster {

// Work that takes as long as reading the store, on a thread of its own, one at a time. The functions may be called from
// any thread.
class LongTask {
 public:
  // Waits for what runs.
  ~LongTask();

  // Finishes the call with what `work` returns, later; or returns false and does nothing, as the one before has not
  // ended.
  bool Start(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> work);

 private:
  std::mutex mutex_;
  bool running_ = false;  // Guarded by mutex_.
  std::thread thread_;    // Guarded by mutex_: the one that runs, or the last one that ran.
};

// One verification and one backup at a time.
class StoreService final : public v1::StoreService::CallbackService {
 public:
  // Not owned; must outlive this object.
  StoreService(const Gate& gate, const Store& store, const Cubes& cubes) : gate_(gate), store_(store), cubes_(cubes) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context, const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override;
  grpc::ServerUnaryReactor* VerifyTotals(grpc::CallbackServerContext* context, const v1::VerifyTotalsRequest* request,
                                         v1::VerifyTotalsResponse* response) override;
  grpc::ServerUnaryReactor* Backup(grpc::CallbackServerContext* context, const v1::BackupRequest* request,
                                   v1::BackupResponse* response) override;

  // Gives a backup that runs up; it and later ones end with UNAVAILABLE. For a stop.
  void StopBackups() { stopping_ = true; }

 private:
  absl::Status Verify(v1::VerifyTotalsResponse* response) const;
  absl::Status WriteBackup(const std::string& directory, v1::BackupResponse* response) const;

  const Gate& gate_;
  const Store& store_;
  const Cubes& cubes_;
  std::atomic<bool> stopping_ = false;
  LongTask verification_;
  LongTask backup_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_STORE_SERVICE_H_
