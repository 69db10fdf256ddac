#include "aggregator/cubes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"

namespace muster {

class Cubes::ReadLock {
 public:
  explicit ReadLock(const Cubes& cubes) : lock_(cubes.lock_) {
    { const std::lock_guard<std::mutex> turn(cubes.turnstile_); lock_.lock_shared(); }
  }
  ~ReadLock() { lock_.unlock_shared(); }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  std::shared_mutex& lock_;
};

class Cubes::WriteLock {
 public:
  explicit WriteLock(const Cubes& cubes) : lock_(cubes.lock_) {
    { const std::lock_guard<std::mutex> turn(cubes.turnstile_); lock_.lock(); }
  }
  ~WriteLock() { lock_.unlock(); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  std::shared_mutex& lock_;
};

Cubes::Cubes(std::shared_ptr<const Catalogue> catalogue, std::function<int64_t()> now_us)
    : catalogue_(std::move(catalogue)), now_us_(std::move(now_us)) {
  OperationDirectory::Map operations;
  for (const v1::Operation& operation : catalogue_->proto().operations()) {
    operations[operation.id()] = std::make_shared<const Operation>(operation, *catalogue_);
  }
  directory_ = std::make_shared<const OperationDirectory>(std::move(operations));
  for (const auto& [id, operation] : directory_->operations()) CubesOf(id).operation = operation;
}

std::shared_ptr<const OperationDirectory> Cubes::operations() const {
  const std::lock_guard<std::mutex> lock(directory_mutex_);
  return directory_;
}

LogPosition Cubes::position() const {
  const ReadLock lock(*this);
  return position_;
}

int64_t Cubes::BeginGroup() {
  const std::lock_guard<std::mutex> lock(time_mutex_);
  group_time_us_ = std::max({now_us_(), latest_answered_us_ + 1, latest_group_us_ + 1});
  latest_group_us_ = group_time_us_;
  return group_time_us_;
}

void Cubes::CancelGroup() {
  const std::lock_guard<std::mutex> lock(time_mutex_);
  group_time_us_ = 0;
}

int64_t Cubes::AsOfTime() const {
  const std::lock_guard<std::mutex> lock(time_mutex_);
  const int64_t now = group_time_us_ != 0 ? group_time_us_ - 1 : std::max(now_us_(), accept_time_us_);
  latest_answered_us_ = std::max(latest_answered_us_, now);
  return now;
}

OperationCubes& Cubes::CubesOf(const std::string& operation) {
  const auto [place, is_new] = cube_index_.try_emplace(operation, cubes_.size());
  if (is_new) {
    cubes_.emplace_back();
    cubes_.back().forces.resize(static_cast<size_t>(catalogue_->force_count()));
    cube_epochs_.emplace_back(static_cast<size_t>(catalogue_->force_count()));
  }
  return cubes_[place->second];
}

ForceCube& Cubes::MutableCube(const std::string& operation, ForceIndex force) {
  std::shared_ptr<const ForceCube>& slot = CubesOf(operation).forces[static_cast<size_t>(force)];
  int64_t& epoch = cube_epochs_[cube_index_.at(operation)][static_cast<size_t>(force)];
  if (slot == nullptr) {
    slot = std::make_shared<ForceCube>(catalogue_.get());
    epoch = freeze_epoch_;
  } else if (epoch != freeze_epoch_) {
    // Somebody may hold it, at rest.
    slot = std::make_shared<ForceCube>(*slot);
    epoch = freeze_epoch_;
  }
  // Made by this class as a mutable object, and seen by nobody outside lock_ since then.
  return const_cast<ForceCube&>(*slot);
}

void Cubes::Apply(absl::Span<const AppliedEntry> entries, int64_t accept_time_us) {
  const WriteLock lock(*this);
  for (const AppliedEntry& entry : entries) {
    ++position_;
    if (entry.changed_operation != nullptr) {
      RestoreOperation(entry.changed_operation);
      continue;
    }
    MutableCube(entry.operation, entry.force).Apply(entry.change);
    changed_.emplace(entry.operation, entry.force);
  }
  accept_time_us_ = accept_time_us;
  const std::lock_guard<std::mutex> time_lock(time_mutex_);
  group_time_us_ = 0;
  latest_group_us_ = std::max(latest_group_us_, accept_time_us);
}

void Cubes::Read(absl::FunctionRef<void(const CubesView&)> read) const {
  const ReadLock lock(*this);
  read(CubesView{cubes_, position_, AsOfTime()});
}

FrozenCubes Cubes::Freeze(const std::set<std::pair<std::string, ForceIndex>>* only) const {
  ++freeze_epoch_;
  FrozenCubes frozen{position_, accept_time_us_, {}};
  for (const auto& [operation, index] : cube_index_) {
    const std::vector<std::shared_ptr<const ForceCube>>& forces = cubes_[index].forces;
    for (size_t force = 0; force < forces.size(); ++force) {
      const auto number = static_cast<ForceIndex>(force);
      if (forces[force] == nullptr || (only != nullptr && only->count({operation, number}) == 0)) continue;
      frozen.cubes.push_back({operation, number, forces[force]});
    }
  }
  std::sort(frozen.cubes.begin(), frozen.cubes.end(), [](const FrozenForceCube& a, const FrozenForceCube& b) {
    return std::tie(a.operation, a.force) < std::tie(b.operation, b.force);
  });
  return frozen;
}

FrozenCubes Cubes::FreezeAll() const {
  const WriteLock lock(*this);
  return Freeze(nullptr);
}

FrozenCubes Cubes::FreezeChanged() {
  const WriteLock lock(*this);
  FrozenCubes frozen = Freeze(&changed_);
  changed_.clear();
  return frozen;
}

void Cubes::Restore(LogPosition position, int64_t accept_time_us) {
  const WriteLock lock(*this);
  position_ = position;
  accept_time_us_ = accept_time_us;
  const std::lock_guard<std::mutex> time_lock(time_mutex_);
  latest_group_us_ = accept_time_us;
}

void Cubes::RestoreCube(const std::string& operation, ForceIndex force, ForceCube cube) {
  const WriteLock lock(*this);
  MutableCube(operation, force) = std::move(cube);
}

void Cubes::RestoreOperation(std::shared_ptr<const Operation> operation) {
  CubesOf(operation->proto.id()).operation = operation;
  const std::lock_guard<std::mutex> lock(directory_mutex_);
  directory_ = std::make_shared<const OperationDirectory>(directory_->With(std::move(operation)));
}

namespace {

std::optional<Period> PeriodOf(const v1::OperationResult& result) {
  const std::optional<absl::CivilDay> first = ParseCivilDay(result.start_date());
  const std::optional<absl::CivilDay> last = ParseCivilDay(result.end_date());
  if (!first || !last || *last < *first) return std::nullopt;
  return Period{*first, *last};
}

}  // namespace

absl::StatusOr<std::optional<Contribution>> ContributionOf(const Catalogue& catalogue,
                                                           const store::v1::LoggedResult& logged) {
  const v1::OperationResult& result = logged.result();
  if (result.retracted()) return std::nullopt;
  const std::optional<Period> period = PeriodOf(result);
  if (!period) return absl::DataLossError(absl::StrCat("result \"", result.result_id(), "\" has no period"));
  absl::StatusOr<ResultValues> values = ValuesOfStored(catalogue, result, logged.nil_metrics());
  if (!values.ok()) return values.status();
  return Contribution{*period, *std::move(values), result.final(), result.nil()};
}

absl::StatusOr<AppliedEntry> AppliedEntryOf(const Catalogue& catalogue, const LoggedEntry& entry,
                                            const store::v1::LoggedResult* replaced) {
  AppliedEntry applied;
  if (entry.entry.has_operation()) {
    v1::Operation operation = entry.entry.operation().operation();
    operation.set_change_position(entry.position);
    const FieldProblems problems = CheckOperation(operation, catalogue, "operation");
    if (!problems.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("The log changes operation \"", operation.id(), "\" at position ", entry.position, ", and ",
                       problems.front().field, ": ", problems.front().description,
                       ". A catalogue may grow, but must not lose names: use one that has it."));
    }
    applied.operation = operation.id();
    applied.changed_operation = std::make_shared<const Operation>(std::move(operation), catalogue);
    return applied;
  }
  const store::v1::LoggedResult& logged = entry.entry.result();
  const std::optional<ForceIndex> force = catalogue.FindForce(logged.result().force());
  if (!force) {
    return absl::FailedPreconditionError(
        absl::StrCat("The log holds a result of force \"", logged.result().force(), "\" at position ", entry.position,
                     ", which the catalogue does not have. A catalogue may grow, but must not lose names."));
  }
  applied.operation = logged.result().operation();
  applied.force = *force;
  applied.change.accept_time_us = entry.accept_time_us;
  absl::StatusOr<std::optional<Contribution>> added = ContributionOf(catalogue, logged);
  if (!added.ok()) return added.status();
  applied.change.added = *std::move(added);
  applied.change.added_retraction = logged.result().retracted();
  if (replaced != nullptr) {
    absl::StatusOr<std::optional<Contribution>> removed = ContributionOf(catalogue, *replaced);
    if (!removed.ok()) return removed.status();
    applied.change.removed = *std::move(removed);
    applied.change.removed_retraction = replaced->result().retracted();
  }
  return applied;
}

absl::Status ReplayInto(const Store& store, LogPosition last, Cubes* cubes) {
  const LogPosition first = cubes->position() + 1;
  if (first > last) return absl::OkStatus();
  // Many at a time, so that readers and the lock cost nothing beside the work.
  constexpr size_t kEntriesAtOnce = 1'024;
  std::vector<AppliedEntry> applied;
  int64_t accept_time_us = 0;
  const auto flush = [&] {
    if (!applied.empty()) cubes->Apply(applied, accept_time_us);
    applied.clear();
  };
  const absl::Status status = store.Replay(first, [&](const LoggedEntry& entry) -> absl::Status {
    if (entry.position > last) return absl::CancelledError();  // What came in since the replay began.
    store::v1::LoggedResult replaced;
    const LogPosition replaced_position = entry.entry.result().replaced_position();
    if (replaced_position != 0) {
      absl::StatusOr<std::vector<LoggedEntry>> found = store.ReadEntries({replaced_position});
      if (!found.ok()) return found.status();
      replaced = std::move(*found->front().entry.mutable_result());
    }
    absl::StatusOr<AppliedEntry> change =
        AppliedEntryOf(cubes->catalogue(), entry, replaced_position == 0 ? nullptr : &replaced);
    if (!change.ok()) return change.status();
    accept_time_us = entry.accept_time_us;
    applied.push_back(*std::move(change));
    if (applied.size() == kEntriesAtOnce) flush();
    return absl::OkStatus();
  });
  if (!status.ok() && !absl::IsCancelled(status)) return status;
  flush();
  if (cubes->position() != last) {
    return absl::DataLossError(absl::StrCat("The log ends at position ", cubes->position(), ", before ", last, "."));
  }
  return absl::OkStatus();
}

}  // namespace muster
