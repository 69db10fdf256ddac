#include "tests/faults/running_muster.h"

#include <chrono>
#include <future>
#include <utility>

#include "absl/time/clock.h"
#include "aggregator/recovery.h"
#include "domain/check.h"

namespace muster {

absl::StatusOr<std::unique_ptr<RunningMuster>> RunningMuster::Start(const StoreOptions& options,
                                                                    std::shared_ptr<const Catalogue> catalogue,
                                                                    const ApplierLimits& limits) {
  std::unique_ptr<RunningMuster> muster(new RunningMuster());
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
  if (!store.ok()) return store.status();
  muster->store_ = *std::move(store);
  muster->cubes_ = std::make_unique<Cubes>(std::move(catalogue), [] { return absl::GetCurrentTimeNanos() / 1'000; });
  const absl::StatusOr<RecoveryReport> recovered = Recover(*muster->store_, muster->cubes_.get());
  if (!recovered.ok()) return recovered.status();
  std::atomic<bool>* const has_failed = &muster->has_failed_;
  muster->applier_ = std::make_unique<Applier>(*muster->store_, *muster->cubes_, limits,
                                               [has_failed](const absl::Status& /*status*/) { *has_failed = true; });
  // The test says when.
  muster->checkpointer_ =
      std::make_unique<Checkpointer>(*muster->store_, *muster->cubes_, recovered->checkpoint_position == 0,
                                     std::chrono::hours(1), [](const absl::Status& /*status*/) {});
  return muster;
}

RunningMuster::~RunningMuster() = default;

CheckedResults RunningMuster::Validate(const std::vector<v1::OperationResult>& results) const {
  CheckedResults valid;
  for (const v1::OperationResult& result : results) {
    MUSTER_CHECK(valid.Add(result, cubes_->catalogue(), *cubes_->operations()).empty());
  }
  return valid;
}

absl::Status RunningMuster::Submit(const std::vector<v1::OperationResult>& results, Journal& journal) {
  for (const v1::OperationResult& result : results) journal.Send(result);
  std::promise<absl::Status> done;
  absl::Status queued = applier_->Submit(Validate(results), false, [&](const absl::StatusOr<Decisions>& decisions) {
    // Here, for two who send the same are answered in order: the first that it was taken, the second that it was there.
    for (size_t i = 0; decisions.ok() && i < results.size(); ++i) {
      journal.Acknowledge(results[i], decisions->decisions.at(i).outcome);
    }
    done.set_value(decisions.status());
  });
  return queued.ok() ? done.get_future().get() : queued;
}

absl::Status RunningMuster::CreateOperation(const v1::Operation& operation, Journal& journal) {
  journal.SendOperation(operation);
  std::promise<absl::Status> done;
  absl::Status queued = applier_->ChangeOperation(
      [&operation](const OperationDirectory& operations) -> absl::StatusOr<std::optional<v1::Operation>> {
        if (operations.Find(operation.id()) != nullptr) return std::nullopt;
        return operation;
      },
      [&done](const absl::StatusOr<std::optional<v1::Operation>>& changed) { done.set_value(changed.status()); });
  if (!queued.ok()) return queued;
  absl::Status changed = done.get_future().get();
  if (changed.ok()) journal.AcknowledgeOperation(operation);
  return changed;
}

}  // namespace muster
