// Makes one group for the log out of what waits: applies the revision rules in order and works out what each accepted
// result does to the totals. Writes nothing.
#ifndef MUSTER_AGGREGATOR_GROUP_BUILDER_H_
#define MUSTER_AGGREGATOR_GROUP_BUILDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "aggregator/warning_book.h"
#include "domain/operation.h"
#include "domain/validation.h"
#include "storage/store.h"

namespace muster {

// What became of one validated result.
struct Decision {
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  // The result is new, but its operation is closed; `outcome` is REJECTED.
  bool operation_closed = false;
  // Where this revision is logged, and since when; 0 where it is not.
  LogPosition position = 0;
  int64_t accept_time_us = 0;
  // As logged, for ACCEPTED, REVISED, RETRACTED and DUPLICATE.
  std::optional<store::v1::LoggedResult> logged;
  // The revision that is stored, for CONFLICT and STALE.
  int64_t stored_revision = 0;
};

// Decides what an operation should be: its new state, nullopt to leave things as they are, or why not. Called on the
// writer's thread with the operations as they stand at that place in the log; must be quick.
using OperationChange =
    std::function<absl::StatusOr<std::optional<muster::v1::Operation>>(const OperationDirectory& operations)>;

class GroupBuilder {
 public:
  // `book` is moved along with what is decided; after a group that could not be written it must not be used again. The
  // references must outlive this object. Entries are accepted at `accept_time_us`.
  GroupBuilder(const Store& store, const Catalogue& catalogue, std::shared_ptr<const OperationDirectory> operations,
               int64_t accept_time_us, WarningBook* book);

  // Reads what is stored of all results that will be decided. Once, before Decide.
  absl::Status Prefetch(const std::vector<const std::vector<ValidatedResult>*>& submissions);

  // Decides results in order. With `validate_only` what they do is forgotten afterwards. Each result is taken over.
  //
  // FAILED_PRECONDITION  what is stored does not fit the catalogue
  absl::StatusOr<std::vector<Decision>> Decide(std::vector<ValidatedResult>&& results, bool validate_only);

  // Decides a change of an operation; returns the operation as it then stands, nullopt if nothing changed.
  absl::StatusOr<std::optional<muster::v1::Operation>> Decide(const OperationChange& change);

  const OperationDirectory& operations() const { return *operations_; }

  // What there is to write, and what it does.
  const LogGroup& group() const { return group_; }
  std::vector<NewestRevisionUpdate> Updates() const;
  const std::vector<AppliedEntry>& applied() const { return applied_; }
  // After the group was written: hands a logged result back to the decision that it belongs to.
  void GiveBack(std::vector<Decision>* decisions);

 private:
  // What is known of one result while the group is made up.
  struct State {
    std::optional<NewestRevision> newest;
    // Of `newest`: its entry in the log, if it was needed; or its index in this group.
    std::optional<LoggedEntry> stored_entry;
    std::optional<size_t> group_index;
  };

  absl::StatusOr<Decision> DecideOne(ValidatedResult&& validated);
  // What the newest revision of a result holds for the totals.
  absl::StatusOr<std::optional<Contribution>> Held(const State& state) const;
  Contribution Added(ValidatedResult* validated, const Operation& operation, store::v1::LoggedResult* logged) const;

  const Store& store_;
  const Catalogue& catalogue_;
  std::shared_ptr<const OperationDirectory> operations_;
  WarningBook* const book_;
  absl::flat_hash_map<ResultKey, State> states_;
  LogGroup group_;
  std::vector<AppliedEntry> applied_;  // Beside group_.entries.
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_GROUP_BUILDER_H_
