// Muster without its services: what stands between a result and the disk.
#ifndef MUSTER_TESTS_FAULTS_RUNNING_MUSTER_H_
#define MUSTER_TESTS_FAULTS_RUNNING_MUSTER_H_

#include <atomic>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/applier.h"
#include "aggregator/checkpointer.h"
#include "aggregator/cubes.h"
#include "domain/catalogue.h"
#include "storage/store.h"
#include "tests/faults/journal.h"

namespace muster {

// A store with its cubes, its writer and its checkpointer, put together as the server does it. When it goes nothing is
// written that a kill would not leave: no last checkpoint, no flush.
class RunningMuster {
 public:
  // The status is what the server would refuse to start with.
  static absl::StatusOr<std::unique_ptr<RunningMuster>> Start(const StoreOptions& options,
                                                              std::shared_ptr<const Catalogue> catalogue,
                                                              const ApplierLimits& limits = {});
  ~RunningMuster();
  RunningMuster(const RunningMuster&) = delete;
  RunningMuster& operator=(const RunningMuster&) = delete;

  // Validates, sends and waits, and keeps the journal. May be called from any thread.
  absl::Status Submit(const std::vector<v1::OperationResult>& results, Journal& journal);
  absl::Status CreateOperation(const v1::Operation& operation, Journal& journal);

  // Valid results only; the process ends otherwise.
  CheckedResults Validate(const std::vector<v1::OperationResult>& results) const;

  Store& store() { return *store_; }
  Cubes& cubes() { return *cubes_; }
  Applier& applier() { return *applier_; }
  Checkpointer& checkpointer() { return *checkpointer_; }
  // Whether the writer has given up.
  bool has_failed() const { return has_failed_; }

 private:
  RunningMuster() = default;

  std::atomic<bool> has_failed_ = false;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Cubes> cubes_;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<Checkpointer> checkpointer_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_RUNNING_MUSTER_H_
