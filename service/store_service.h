// StoreService: the care of the store.
#ifndef MUSTER_SERVICE_STORE_SERVICE_H_
#define MUSTER_SERVICE_STORE_SERVICE_H_

#include <mutex>
#include <thread>

#include "aggregator/cubes.h"
#include "muster/v1/store_service.grpc.pb.h"
#include "storage/store.h"

namespace muster {

// One verification at a time, on a thread of its own: it reads the whole log.
class StoreService final : public v1::StoreService::CallbackService {
 public:
  // Not owned; must outlive this object.
  StoreService(const Store& store, const Cubes& cubes) : store_(store), cubes_(cubes) {}
  ~StoreService() override;

  grpc::ServerUnaryReactor* VerifyTotals(grpc::CallbackServerContext* context, const v1::VerifyTotalsRequest* request,
                                         v1::VerifyTotalsResponse* response) override;

 private:
  absl::Status Verify(v1::VerifyTotalsResponse* response) const;

  const Store& store_;
  const Cubes& cubes_;
  std::mutex mutex_;
  bool running_ = false;  // Guarded by mutex_.
  std::thread thread_;    // Guarded by mutex_: the one that runs, or the last one that ran.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_STORE_SERVICE_H_
