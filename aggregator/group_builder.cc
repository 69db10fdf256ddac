#include "aggregator/group_builder.h"

#include <algorithm>

#include "aggregator/revision_rules.h"
#include "domain/check.h"

namespace muster {
namespace {

ResultKey KeyOf(const v1::OperationResult& result) { return {result.operation(), result.force(), result.result_id()}; }

}  // namespace

GroupBuilder::GroupBuilder(const Store& store, const Catalogue& catalogue,
                           std::shared_ptr<const OperationDirectory> operations, int64_t accept_time_us,
                           WarningBook* book)
    : store_(store), catalogue_(catalogue), operations_(std::move(operations)), book_(book) {
  group_.first_position = store.last_position() + 1;
  group_.accept_time_us = accept_time_us;
}

absl::Status GroupBuilder::Prefetch(const std::vector<const std::vector<ValidatedResult>*>& submissions) {
  std::vector<ResultKey> keys;
  for (const std::vector<ValidatedResult>* const results : submissions) {
    for (const ValidatedResult& validated : *results) {
      ResultKey key = KeyOf(validated.result);
      if (states_.try_emplace(key).second) keys.push_back(std::move(key));
    }
  }
  if (keys.empty()) return absl::OkStatus();
  absl::StatusOr<std::vector<std::optional<NewestRevision>>> newest = store_.ReadNewestRevisions(keys);
  if (!newest.ok()) return newest.status();
  for (size_t index = 0; index < keys.size(); ++index) states_.at(keys[index]).newest = (*newest)[index];

  // The log is read for what is replaced or sent again only: the rest is decided by what the keys say.
  std::vector<std::pair<LogPosition, State*>> wanted;
  for (const std::vector<ValidatedResult>* const results : submissions) {
    for (const ValidatedResult& validated : *results) {
      State& state = states_.at(KeyOf(validated.result));
      if (!state.newest) continue;
      const v1::Outcome outcome =
          DecideOutcome(state.newest, validated.result.revision(), validated.result.retracted(), validated.digest);
      if (IsLogged(outcome) || outcome == v1::OUTCOME_DUPLICATE) wanted.emplace_back(state.newest->position, &state);
    }
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  if (wanted.empty()) return absl::OkStatus();
  std::vector<LogPosition> positions;
  positions.reserve(wanted.size());
  for (const auto& [position, state] : wanted) positions.push_back(position);
  absl::StatusOr<std::vector<LoggedEntry>> entries = store_.ReadEntries(positions);
  if (!entries.ok()) return entries.status();
  for (size_t index = 0; index < wanted.size(); ++index) wanted[index].second->stored_entry = std::move((*entries)[index]);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Decision>> GroupBuilder::Decide(std::vector<ValidatedResult>&& results, bool validate_only) {
  const size_t entries_before = group_.entries.size();
  std::vector<std::pair<ResultKey, State>> states_before;
  if (validate_only) {
    for (const ValidatedResult& validated : results) {
      const ResultKey key = KeyOf(validated.result);
      states_before.emplace_back(key, states_.at(key));
    }
  }
  std::vector<Decision> decisions;
  decisions.reserve(results.size());
  for (ValidatedResult& validated : results) {
    absl::StatusOr<Decision> decision = DecideOne(std::move(validated));
    if (!decision.ok()) return decision.status();
    decisions.push_back(*std::move(decision));
  }
  if (!validate_only) return decisions;

  GiveBack(&decisions);
  for (Decision& decision : decisions) {
    if (decision.position < group_.first_position + static_cast<LogPosition>(entries_before)) continue;
    decision.position = 0;
    decision.accept_time_us = 0;
  }
  // Last in, first out, so that every state is as it was.
  while (group_.entries.size() > entries_before) {
    const AppliedEntry& entry = applied_.back();
    if (entry.change.added) book_->Add(entry.operation, entry.force, *entry.change.added, -1);
    if (entry.change.removed) book_->Add(entry.operation, entry.force, *entry.change.removed, 1);
    applied_.pop_back();
    group_.entries.pop_back();
  }
  for (auto& [key, state] : states_before) states_.at(key) = std::move(state);
  return decisions;
}

absl::StatusOr<Decision> GroupBuilder::DecideOne(ValidatedResult&& validated) {
  const ResultKey key = KeyOf(validated.result);
  State& state = states_.at(key);
  Decision decision;
  decision.outcome =
      DecideOutcome(state.newest, validated.result.revision(), validated.result.retracted(), validated.digest);
  if (decision.outcome == v1::OUTCOME_CONFLICT || decision.outcome == v1::OUTCOME_STALE) {
    decision.stored_revision = state.newest->revision;
    return decision;
  }
  if (decision.outcome == v1::OUTCOME_DUPLICATE) {
    decision.position = state.newest->position;
    if (state.group_index) {
      decision.accept_time_us = group_.accept_time_us;
      decision.logged = group_.entries[*state.group_index].result();
    } else {
      decision.accept_time_us = state.stored_entry->accept_time_us;
      decision.logged = state.stored_entry->entry.result();
    }
    return decision;
  }

  const std::shared_ptr<const Operation> operation = operations_->Find(key.operation);
  MUSTER_CHECK(operation != nullptr);  // Validated against a directory that only grows.
  if (operation->proto.closed()) {
    decision.outcome = v1::OUTCOME_REJECTED;
    decision.operation_closed = true;
    return decision;
  }

  AppliedEntry applied;
  applied.operation = key.operation;
  applied.force = validated.force;
  applied.change.accept_time_us = group_.accept_time_us;
  store::v1::LogEntry entry;
  store::v1::LoggedResult& logged = *entry.mutable_result();
  if (state.newest) {
    absl::StatusOr<std::optional<Contribution>> held = Held(state);
    if (!held.ok()) return held.status();
    applied.change.removed = *std::move(held);
    applied.change.removed_retraction = state.newest->retracted;
    logged.set_replaced_position(state.newest->position);
    if (applied.change.removed) book_->Add(applied.operation, applied.force, *applied.change.removed, -1);
  }
  std::vector<ResultWarning> warnings = std::move(validated.warnings);
  if (validated.result.retracted()) {
    applied.change.added_retraction = true;
    warnings.clear();  // What no longer counts need not be checked.
  } else {
    applied.change.added = Added(&validated, *operation, &logged);
    for (const ResultWarning& warning : book_->Check(*operation, validated.force, *applied.change.added,
                                                     validated.result, group_.accept_time_us)) {
      warnings.push_back(warning);
    }
    book_->Add(applied.operation, applied.force, *applied.change.added, 1);
  }
  for (const ResultWarning& warning : warnings) {
    store::v1::LoggedWarning& to = *logged.add_warnings();
    to.set_reason(warning.reason);
    if (warning.figure_index) to.set_figure_index(*warning.figure_index);
  }
  logged.set_outcome(decision.outcome);
  logged.set_digest(validated.digest.data(), validated.digest.size());
  const int64_t revision = validated.result.revision();
  const bool retracted = validated.result.retracted();
  *logged.mutable_result() = std::move(validated.result);

  decision.position = group_.first_position + static_cast<LogPosition>(group_.entries.size());
  decision.accept_time_us = group_.accept_time_us;
  state.newest = NewestRevision{revision, decision.position, retracted, validated.digest};
  state.stored_entry.reset();
  state.group_index = group_.entries.size();
  group_.entries.push_back(std::move(entry));
  applied_.push_back(std::move(applied));
  return decision;
}

absl::StatusOr<std::optional<Contribution>> GroupBuilder::Held(const State& state) const {
  if (state.group_index) return applied_[*state.group_index].change.added;
  return ContributionOf(catalogue_, state.stored_entry->entry.result());
}

Contribution GroupBuilder::Added(ValidatedResult* validated, const Operation& operation,
                                 store::v1::LoggedResult* logged) const {
  Contribution contribution{*validated->period, std::move(validated->values), validated->result.final(),
                            validated->result.nil()};
  if (validated->result.nil()) {
    for (const std::string& metric : operation.proto.expected_metrics()) {
      logged->add_nil_metrics(metric);
      contribution.values.push_back({catalogue_.FindMetric(metric).value(), {{0, Amount(), {}}}});
    }
    std::sort(contribution.values.begin(), contribution.values.end(),
              [](const MetricValues& a, const MetricValues& b) { return a.metric < b.metric; });
  }
  return contribution;
}

absl::StatusOr<std::optional<v1::Operation>> GroupBuilder::Decide(const OperationChange& change) {
  absl::StatusOr<std::optional<v1::Operation>> changed = change(*operations_);
  if (!changed.ok() || !*changed) return changed;
  v1::Operation& operation = **changed;
  operation.set_change_position(group_.first_position + static_cast<LogPosition>(group_.entries.size()));
  auto resolved = std::make_shared<const Operation>(operation, catalogue_);
  operations_ = std::make_shared<const OperationDirectory>(operations_->With(resolved));
  group_.entries.emplace_back();
  *group_.entries.back().mutable_operation()->mutable_operation() = operation;
  AppliedEntry applied;
  applied.operation = operation.id();
  applied.changed_operation = std::move(resolved);
  applied_.push_back(std::move(applied));
  return changed;
}

std::vector<NewestRevisionUpdate> GroupBuilder::Updates() const {
  std::vector<NewestRevisionUpdate> updates;
  updates.reserve(group_.entries.size());
  for (const auto& [key, state] : states_) {
    if (state.group_index) updates.push_back({key, *state.newest});
  }
  return updates;
}

void GroupBuilder::GiveBack(std::vector<Decision>* decisions) {
  for (Decision& decision : *decisions) {
    if (!IsLogged(decision.outcome)) continue;
    const auto index = static_cast<size_t>(decision.position - group_.first_position);
    decision.logged.emplace();
    decision.logged->Swap(group_.entries[index].mutable_result());
  }
}

}  // namespace muster
