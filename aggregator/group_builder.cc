#include "aggregator/group_builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"

namespace muster {

GroupBuilder::GroupBuilder(const Store& store, const Cubes& cubes)
    : store_(store), cubes_(cubes), catalogue_(cubes.catalogue()), book_(&cubes.catalogue()) {
  book_.Fill(cubes.FreezeAll());
}

void GroupBuilder::Begin(int64_t accept_time_us) {
  operations_ = cubes_.operations();
  first_position_ = store_.last_position() + 1;
  accept_time_us_ = accept_time_us;
  keys_.clear();
  order_.clear();
  next_ = 0;
  states_.clear();
  state_indexes_.clear();
  entries_.clear();
  tails_.clear();
  operation_heads_.clear();
  applied_.clear();
  values_.Clear();
}

absl::Status GroupBuilder::Prefetch(const std::vector<const CheckedResults*>& submissions) {
  size_t count = 0;
  for (const CheckedResults* const results : submissions) count += results->size();
  state_indexes_.reserve(count);
  for (const CheckedResults* const results : submissions) {
    for (size_t index = 0; index < results->size(); ++index) {
      const ResultKey key = results->KeyOf((*results)[index]);
      const auto [place, is_new] = state_indexes_.try_emplace(HashedKey{key, (*results)[index].key_hash}, keys_.size());
      if (is_new) keys_.push_back(key);
      order_.push_back(place->second);
    }
  }
  states_.resize(keys_.size());
  absl::StatusOr<std::vector<std::optional<LoggedEntry>>> stored = store_.ReadNewest(keys_);
  if (!stored.ok()) return stored.status();
  for (size_t index = 0; index < keys_.size(); ++index) {
    std::optional<LoggedEntry>& entry = (*stored)[index];
    if (!entry) continue;
    const absl::StatusOr<NewestRevision> newest = NewestRevisionOf(*entry);
    if (!newest.ok()) return newest.status();
    states_[index].newest = *newest;
    states_[index].stored_entry = std::move(entry);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Decision>> GroupBuilder::Decide(const CheckedResults& results, bool validate_only) {
  const size_t entries_before = entries_.size();
  std::vector<std::pair<size_t, State>> states_before;
  if (validate_only) {
    for (size_t index = 0; index < results.size(); ++index) {
      const size_t state = order_[next_ + index];
      states_before.emplace_back(state, states_[state]);
    }
  }
  std::vector<Decision> decisions;
  decisions.reserve(results.size());
  for (size_t index = 0; index < results.size(); ++index) {
    absl::StatusOr<Decision> decision = DecideOne(results, results[index], states_[order_[next_++]]);
    if (!decision.ok()) return decision.status();
    decisions.push_back(*std::move(decision));
  }
  if (!validate_only) return decisions;

  for (Decision& decision : decisions) {
    if (decision.position < first_position_ + static_cast<LogPosition>(entries_before)) continue;
    decision.position = 0;
    decision.accept_time_us = 0;
  }
  Forget(entries_before);
  for (auto& [index, state] : states_before) states_[index] = std::move(state);
  return decisions;
}

void GroupBuilder::Forget(size_t entries_before) {
  // Last in, first out, so that the book is as it was.
  while (entries_.size() > entries_before) {
    const AppliedEntry& entry = applied_.back();
    if (entry.change.added) book_.Add(entry.operation, entry.force, *entry.change.added, -1);
    if (entry.change.removed) book_.Add(entry.operation, entry.force, *entry.change.removed, 1);
    applied_.pop_back();
    tails_.resize(entries_.back().tail_begin);
    entries_.pop_back();
  }
}

Decision GroupBuilder::Duplicate(const State& state) const {
  Decision decision;
  decision.outcome = v1::OUTCOME_DUPLICATE;
  decision.position = state.newest->position;
  if (state.group_index) {
    decision.accept_time_us = accept_time_us_;
    decision.warned = Warned(*state.group_index);
    return decision;
  }
  decision.accept_time_us = state.stored_entry->accept_time_us;
  const store::v1::LoggedResult& logged = state.stored_entry->entry.result();
  if (!logged.warnings().empty()) decision.warned = logged.SerializeAsString();
  return decision;
}

absl::StatusOr<Decision> GroupBuilder::DecideOne(const CheckedResults& results, const CheckedResults::Result& result,
                                                 State& state) {
  const ResultKey key = results.KeyOf(result);
  Decision decision;
  decision.outcome = DecideOutcome(state.newest, result.revision, result.retracted, result.digest);
  if (decision.outcome == v1::OUTCOME_CONFLICT || decision.outcome == v1::OUTCOME_STALE) {
    decision.stored_revision = state.newest->revision;
    return decision;
  }
  if (decision.outcome == v1::OUTCOME_DUPLICATE) return Duplicate(state);

  const Operation* const operation = operations_->Get(key.operation);
  MUSTER_CHECK(operation != nullptr);  // Validated against a directory that only grows.
  if (operation->proto.closed()) {
    decision.outcome = v1::OUTCOME_REJECTED;
    decision.operation_closed = true;
    return decision;
  }

  decided_.Clear();
  decided_.set_outcome(decision.outcome);
  AppliedEntry applied;
  applied.operation = cubes_.NumberOf(key.operation);
  applied.force = result.force;
  applied.change.accept_time_us = accept_time_us_;
  LogPosition replaced_position = 0;
  if (state.newest) {
    absl::StatusOr<std::optional<Contribution>> held = Held(state);
    if (!held.ok()) return held.status();
    applied.change.removed = *held;
    applied.change.removed_retraction = state.newest->retracted;
    replaced_position = state.newest->position;
    decided_.set_replaced_position(replaced_position);
    if (applied.change.removed) book_.Add(applied.operation, applied.force, *applied.change.removed, -1);
  }
  if (result.retracted) {
    applied.change.added_retraction = true;  // What no longer counts need not be checked.
  } else {
    applied.change.added = Added(results, result, *operation);
    AddWarnings(results.WarningsOf(result));
    AddWarnings(book_.Check(applied.operation, *operation, applied.force, *applied.change.added, accept_time_us_));
    book_.Add(applied.operation, applied.force, *applied.change.added, 1);
  }

  decision.position = NextPosition();
  decision.accept_time_us = accept_time_us_;
  const size_t tail_begin = tails_.size();
  decided_.AppendToString(&tails_);
  const size_t group_index = entries_.size();
  entries_.push_back({key, results.HeadOf(result), tail_begin, tails_.size() - tail_begin, replaced_position,
                      !decided_.warnings().empty()});
  applied_.push_back(std::move(applied));
  decision.warned = Warned(group_index);
  state.newest = NewestRevision{result.revision, result.retracted, result.digest, decision.position};
  state.stored_entry.reset();
  state.group_index = group_index;
  return decision;
}

void GroupBuilder::AddWarnings(absl::Span<const ResultWarning> warnings) {
  for (const ResultWarning& warning : warnings) {
    store::v1::LoggedWarning& to = *decided_.add_warnings();
    to.set_reason(warning.reason);
    if (warning.figure_index) to.set_figure_index(*warning.figure_index);
  }
}

std::string GroupBuilder::Warned(size_t group_index) const {
  const Entry& entry = entries_[group_index];
  if (!entry.warned) return {};
  return absl::StrCat(entry.head, absl::string_view(tails_).substr(entry.tail_begin, entry.tail_bytes));
}

absl::StatusOr<std::optional<Contribution>> GroupBuilder::Held(const State& state) {
  if (state.group_index) return applied_[*state.group_index].change.added;
  return ContributionOf(catalogue_, state.stored_entry->entry.result(), &values_);
}

Contribution GroupBuilder::Added(const CheckedResults& results, const CheckedResults::Result& result,
                                 const Operation& operation) {
  Contribution contribution{*result.period, results.ValuesOf(result), result.final, result.nil};
  if (result.nil) {
    std::vector<MetricIndex> metrics;
    for (const std::string& metric : operation.proto.expected_metrics()) {
      decided_.add_nil_metrics(metric);
      metrics.push_back(catalogue_.FindMetric(metric).value());
    }
    contribution.values = AddZeros(std::move(metrics), &values_);
  }
  return contribution;
}

absl::StatusOr<std::optional<v1::Operation>> GroupBuilder::Decide(const OperationChange& change) {
  absl::StatusOr<std::optional<v1::Operation>> changed = change(*operations_);
  if (!changed.ok() || !*changed) return changed;
  v1::Operation& operation = **changed;
  operation.set_change_position(NextPosition());
  auto resolved = std::make_shared<const Operation>(operation, catalogue_);
  operations_ = std::make_shared<const OperationDirectory>(operations_->With(resolved));
  store::v1::LoggedOperation logged;
  *logged.mutable_operation() = operation;
  operation_heads_.push_back(logged.SerializeAsString());
  entries_.push_back({{}, operation_heads_.back(), tails_.size(), 0, 0});
  AppliedEntry applied;
  applied.changed_operation = std::move(resolved);
  applied_.push_back(std::move(applied));
  return changed;
}

const LogGroup& GroupBuilder::Group() {
  group_.first_position = first_position_;
  group_.accept_time_us = accept_time_us_;
  group_.entries.clear();
  for (const Entry& entry : entries_) {
    group_.entries.push_back({entry.head, absl::string_view(tails_).substr(entry.tail_begin, entry.tail_bytes),
                              entry.key, entry.replaced_position});
  }
  return group_;
}

}  // namespace muster
