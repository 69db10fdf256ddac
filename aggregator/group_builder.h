// Makes one group for the log out of what waits: applies the revision rules in order and works out what each accepted
// result does to the totals. Writes nothing.
#ifndef MUSTER_AGGREGATOR_GROUP_BUILDER_H_
#define MUSTER_AGGREGATOR_GROUP_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/checked_results.h"
#include "aggregator/cubes.h"
#include "aggregator/revision_rules.h"
#include "aggregator/warning_book.h"
#include "domain/operation.h"
#include "storage/store.h"

namespace muster {

// What became of one checked result.
struct Decision {
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  // The result is new, but its operation is closed; `outcome` is REJECTED.
  bool operation_closed = false;
  // Where this revision is logged, and since when; 0 where it is not.
  LogPosition position = 0;
  int64_t accept_time_us = 0;
  // A store.v1.LoggedResult as it is logged, for ACCEPTED, REVISED, RETRACTED and DUPLICATE; empty where there is
  // nothing to warn of. In bytes, so that it is not the writer who takes it apart.
  std::string warned;
  // The revision that is stored, for CONFLICT and STALE.
  int64_t stored_revision = 0;
};

// Decides what an operation should be: its new state, nullopt to leave things as they are, or why not. Called on the
// writer's thread with the operations as they stand at that place in the log; must be quick.
using OperationChange =
    std::function<absl::StatusOr<std::optional<muster::v1::Operation>>(const OperationDirectory& operations)>;

// Used for one group after the other, so that its memory is. For the writer's thread alone.
class GroupBuilder {
 public:
  // The references must outlive this object. What it remembers for warnings runs ahead of the log: after a group that
  // could not be written this object must not be used again.
  GroupBuilder(const Store& store, const Cubes& cubes);

  // Begins a group; forgets the one before. Entries are accepted at `accept_time_us`.
  void Begin(int64_t accept_time_us);

  // Reads what is stored of all results that will be decided, which must stay where they are until the group ends.
  // Once, before Decide.
  absl::Status Prefetch(const std::vector<const CheckedResults*>& submissions);

  // Decides results in order: submissions in that of Prefetch. With `validate_only` what they do is forgotten
  // afterwards.
  //
  // FAILED_PRECONDITION  what is stored does not fit the catalogue
  absl::StatusOr<std::vector<Decision>> Decide(const CheckedResults& results, bool validate_only);

  // Decides a change of an operation; returns the operation as it then stands, nullopt if nothing changed.
  absl::StatusOr<std::optional<muster::v1::Operation>> Decide(const OperationChange& change);

  // What there is to write, and what it does. Both hold until the next group begins, as long as the results do.
  bool empty() const { return applied_.empty(); }
  const LogGroup& Group();
  const std::vector<AppliedEntry>& applied() const { return applied_; }

 private:
  // What is known of one result while the group is made up.
  struct State {
    std::optional<NewestRevision> newest;
    std::optional<LoggedEntry> stored_entry;  // Of `newest`, where it was stored before this group.
    std::optional<size_t> group_index;        // Of `newest`, where it is in this group.
  };

  // A key with its hash, which the thread that took the request has worked out.
  struct HashedKey {
    ResultKey key;
    uint64_t hash;
    friend bool operator==(const HashedKey& a, const HashedKey& b) { return a.hash == b.hash && a.key == b.key; }
  };
  struct HashOfKey {
    size_t operator()(const HashedKey& key) const { return key.hash; }
  };

  // One entry of the group, as places in memory that may still move.
  struct Entry {
    ResultKey key;
    absl::string_view head;
    size_t tail_begin = 0;  // In tails_.
    size_t tail_bytes = 0;
    LogPosition replaced_position = 0;
    bool warned = false;
  };

  LogPosition NextPosition() const { return first_position_ + static_cast<LogPosition>(entries_.size()); }
  absl::StatusOr<Decision> DecideOne(const CheckedResults& results, const CheckedResults::Result& result, State& state);
  Decision Duplicate(const State& state) const;
  // What the newest revision of a result holds for the totals.
  absl::StatusOr<std::optional<Contribution>> Held(const State& state);
  Contribution Added(const CheckedResults& results, const CheckedResults::Result& result, const Operation& operation);
  // An entry of this group as it will be logged, if there is something to warn of; empty otherwise.
  std::string Warned(size_t group_index) const;
  void AddWarnings(absl::Span<const ResultWarning> warnings);
  void Forget(size_t entries_before);

  const Store& store_;
  const Cubes& cubes_;
  const Catalogue& catalogue_;
  WarningBook book_;

  // Of the group.
  std::shared_ptr<const OperationDirectory> operations_;
  LogPosition first_position_ = 0;
  int64_t accept_time_us_ = 0;
  std::vector<ResultKey> keys_;
  std::vector<State> states_;  // Beside keys_.
  absl::flat_hash_map<HashedKey, size_t, HashOfKey> state_indexes_;
  std::vector<size_t> order_;  // Of each result that will be decided, the index of its state.
  size_t next_ = 0;            // In order_.
  std::vector<Entry> entries_;
  std::string tails_;
  std::deque<std::string> operation_heads_;
  std::vector<AppliedEntry> applied_;  // Beside entries_.
  ResultValues values_;                // Of what is taken out, and of nil results.
  LogGroup group_;
  store::v1::LoggedResult decided_;  // The tail of one entry.
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_GROUP_BUILDER_H_
