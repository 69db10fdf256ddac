#include "aggregator/cubes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"

namespace muster {

class Cubes::ReadLock {
 public:
  explicit ReadLock(const Cubes& cubes) : lock_(cubes.lock_) {
    {
      const std::lock_guard<std::mutex> turn(cubes.turnstile_);
      lock_.lock_shared();
    }
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
    {
      const std::lock_guard<std::mutex> turn(cubes.turnstile_);
      lock_.lock();
    }
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
  for (const auto& [id, operation] : directory_->operations()) cubes_[Admit(id)].operation = operation;
  Publish();
}

std::shared_ptr<const OperationDirectory> Cubes::operations() const {
  const std::lock_guard<std::mutex> lock(directory_mutex_);
  return directory_;
}

LogPosition Cubes::position() const {
  const ReadLock lock(*this);
  return position_;
}

int64_t Cubes::accept_time_us() const {
  const ReadLock lock(*this);
  return accept_time_us_;
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

int64_t Cubes::AsOfTime(int64_t accept_time_us) const {
  const int64_t now = group_time_us_ != 0 ? group_time_us_ - 1 : std::max(now_us_(), accept_time_us);
  latest_answered_us_ = std::max(latest_answered_us_, now);
  return latest_answered_us_;
}

size_t Cubes::Admit(const std::string& operation) {
  const auto [place, is_new] = numbers_.try_emplace(operation, cubes_.size());
  if (is_new) {
    cubes_.emplace_back();
    cubes_.back().forces.resize(static_cast<size_t>(catalogue_->force_count()));
    upkeep_.emplace_back(static_cast<size_t>(catalogue_->force_count()));
  }
  return place->second;
}

size_t Cubes::NumberOf(absl::string_view operation) const {
  const auto found = numbers_.find(operation);
  MUSTER_CHECK(found != numbers_.end());
  return found->second;
}

ForceCube& Cubes::MutableCube(size_t operation, ForceIndex force) {
  std::shared_ptr<const ForceCube>& slot = cubes_[operation].forces[static_cast<size_t>(force)];
  Upkeep& upkeep = upkeep_[operation][static_cast<size_t>(force)];
  if (slot == nullptr) {
    slot = std::make_shared<ForceCube>(catalogue_.get());
    upkeep.epoch = freeze_epoch_;
  } else if (upkeep.epoch != freeze_epoch_) {
    // Somebody may hold it, at rest.
    slot = std::make_shared<ForceCube>(*slot);
    upkeep.epoch = freeze_epoch_;
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
      cubes_[NumberOf(entry.changed_operation->proto.id())].changed_position = position_;
      continue;
    }
    if (entry.force < 0) continue;
    cubes_[entry.operation].changed_position = position_;
    MutableCube(entry.operation, entry.force).Apply(entry.change);
    upkeep_[entry.operation][static_cast<size_t>(entry.force)].changed = true;
  }
  accept_time_us_ = accept_time_us;
  const std::lock_guard<std::mutex> time_lock(time_mutex_);
  group_time_us_ = 0;
  latest_group_us_ = std::max(latest_group_us_, accept_time_us);
  Publish();
}

void Cubes::Publish() {
  published_changes_.resize(cubes_.size());
  for (size_t operation = 0; operation < cubes_.size(); ++operation) {
    published_changes_[operation] = cubes_[operation].changed_position;
    published_change_ = std::max(published_change_, cubes_[operation].changed_position);
  }
  published_position_ = position_;
  published_accept_time_us_ = accept_time_us_;
}

void Cubes::Read(absl::FunctionRef<void(const CubesView&)> read) const {
  const ReadLock lock(*this);
  int64_t as_of_time_us = 0;
  {
    const std::lock_guard<std::mutex> time_lock(time_mutex_);
    as_of_time_us = AsOfTime(accept_time_us_);
  }
  read(CubesView{cubes_, position_, as_of_time_us});
}

CubesMoment Cubes::Now(absl::Span<const size_t> operations) const {
  const std::lock_guard<std::mutex> lock(time_mutex_);
  CubesMoment moment{published_position_, AsOfTime(published_accept_time_us_),
                     operations.empty() ? published_change_ : 0};
  for (const size_t operation : operations) {
    if (operation >= published_changes_.size()) continue;  // Put back at the start, and not changed since.
    moment.changed_position = std::max(moment.changed_position, published_changes_[operation]);
  }
  return moment;
}

FrozenCubes Cubes::Freeze(bool only_changed) const {
  ++freeze_epoch_;
  FrozenCubes frozen{position_, accept_time_us_, {}};
  for (const auto& [operation, number] : numbers_) {
    const std::vector<std::shared_ptr<const ForceCube>>& forces = cubes_[number].forces;
    for (size_t force = 0; force < forces.size(); ++force) {
      if (forces[force] == nullptr || (only_changed && !upkeep_[number][force].changed)) continue;
      frozen.cubes.push_back({operation, number, static_cast<ForceIndex>(force), forces[force]});
    }
  }
  std::sort(frozen.cubes.begin(), frozen.cubes.end(), [](const FrozenForceCube& a, const FrozenForceCube& b) {
    return std::tie(a.operation, a.force) < std::tie(b.operation, b.force);
  });
  return frozen;
}

FrozenCubes Cubes::FreezeAll() const {
  const WriteLock lock(*this);
  return Freeze(false);
}

CubesSnapshot Cubes::Snapshot() const {
  const WriteLock lock(*this);
  ++freeze_epoch_;
  return {position_, accept_time_us_, cubes_, operations()};
}

FrozenCube Cubes::FreezeOne(size_t operation, ForceIndex force) {
  const WriteLock lock(*this);
  upkeep_[operation][static_cast<size_t>(force)].epoch = -1;  // Of no freeze: whoever changes it copies it first.
  return {position_, cubes_[operation].forces[static_cast<size_t>(force)]};
}

FrozenCubes Cubes::FreezeChanged() {
  const WriteLock lock(*this);
  FrozenCubes frozen = Freeze(true);
  for (std::vector<Upkeep>& forces : upkeep_) {
    for (Upkeep& upkeep : forces) upkeep.changed = false;
  }
  return frozen;
}

void Cubes::Restore(LogPosition position, int64_t accept_time_us) {
  const WriteLock lock(*this);
  position_ = position;
  accept_time_us_ = accept_time_us;
  const std::lock_guard<std::mutex> time_lock(time_mutex_);
  latest_group_us_ = accept_time_us;
  Publish();
}

void Cubes::Restore(const CubesSnapshot& snapshot) {
  {
    const WriteLock lock(*this);
    for (const OperationCubes& cubes : snapshot.cubes) {
      const size_t number = Admit(cubes.operation->proto.id());
      cubes_[number] = cubes;
      for (Upkeep& upkeep : upkeep_[number]) upkeep.epoch = -1;  // Shared: whoever changes it copies it first.
    }
    const std::lock_guard<std::mutex> directory_lock(directory_mutex_);
    directory_ = snapshot.operations;
  }
  Restore(snapshot.position, snapshot.accept_time_us);
}

void Cubes::RestoreCube(const std::string& operation, ForceIndex force, ForceCube cube) {
  const WriteLock lock(*this);
  MutableCube(Admit(operation), force) = std::move(cube);
}

void Cubes::RestoreOperation(std::shared_ptr<const Operation> operation) {
  cubes_[Admit(operation->proto.id())].operation = operation;
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
                                                           const store::v1::LoggedResult& logged,
                                                           ResultValues* values) {
  const v1::OperationResult& result = logged.result();
  if (result.retracted()) return std::nullopt;
  const std::optional<Period> period = PeriodOf(result);
  if (!period) return absl::DataLossError("a result in the log has no period");
  const absl::StatusOr<ValuesView> view = ValuesOfStored(catalogue, result, logged.nil_metrics(), values);
  if (!view.ok()) return view.status();
  return Contribution{*period, *view, result.final(), result.nil()};
}

namespace {

// Applies the log to cubes, many entries at a time, so that readers and the lock cost nothing beside the work.
class Replayer {
 public:
  Replayer(const Store& store, Cubes& cubes, const ReplayInterest& interest)
      : store_(store), cubes_(cubes), interest_(interest) {}

  absl::Status Take(const LoggedEntry& logged) {
    // What follows may be about the operation, so it changes at once.
    if (logged.entry.has_operation()) {
      Flush();
      absl::StatusOr<AppliedEntry> change = ChangeOf(logged);
      if (!change.ok()) return change.status();
      cubes_.Apply({*change}, logged.accept_time_us);
      return absl::OkStatus();
    }
    absl::StatusOr<AppliedEntry> entry = EntryOf(logged);
    if (!entry.ok()) return entry.status();
    entries_.push_back(*std::move(entry));
    accept_time_us_ = logged.accept_time_us;
    constexpr size_t kEntriesAtOnce = 1'024;
    if (entries_.size() < kEntriesAtOnce) return absl::OkStatus();
    Flush();
    if (interest_.is_wanted && !interest_.is_wanted()) return absl::CancelledError("nobody waits for the replay");
    return absl::OkStatus();
  }

  void Flush() {
    if (!entries_.empty()) cubes_.Apply(entries_, accept_time_us_);
    entries_.clear();
    values_.Clear();
  }

 private:
  absl::StatusOr<AppliedEntry> ChangeOf(const LoggedEntry& logged) const {
    v1::Operation operation = logged.entry.operation().operation();
    operation.set_change_position(logged.position);
    const FieldProblems problems = CheckOperation(operation, cubes_.catalogue(), "operation");
    if (!problems.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("The log changes operation \"", operation.id(), "\" at position ", logged.position, ", and ",
                       problems.front().field, ": ", problems.front().description,
                       ". A catalogue may grow, but must not lose names: use one that has it."));
    }
    AppliedEntry applied;
    applied.changed_operation = std::make_shared<const Operation>(std::move(operation), cubes_.catalogue());
    return applied;
  }

  absl::StatusOr<AppliedEntry> EntryOf(const LoggedEntry& entry) {
    const store::v1::LoggedResult& logged = entry.entry.result();
    if (!interest_.operations.empty() &&
        !std::binary_search(interest_.operations.begin(), interest_.operations.end(), logged.result().operation())) {
      AppliedEntry passed_over;
      passed_over.force = -1;
      return passed_over;
    }
    const auto missing = [&](absl::string_view what, absl::string_view id) {
      return absl::FailedPreconditionError(
          absl::StrCat("The log holds a result of ", what, " \"", id, "\" at position ", entry.position,
                       ", which the catalogue does not have. A catalogue may grow, but must not lose names."));
    };
    const std::optional<ForceIndex> force = cubes_.catalogue().FindForce(logged.result().force());
    if (!force) return missing("force", logged.result().force());
    // Operations that the log makes are there by now.
    if (cubes_.operations()->Get(logged.result().operation()) == nullptr) {
      return missing("operation", logged.result().operation());
    }
    AppliedEntry applied;
    applied.operation = cubes_.NumberOf(logged.result().operation());
    applied.force = *force;
    applied.change.accept_time_us = entry.accept_time_us;
    absl::StatusOr<std::optional<Contribution>> added = ContributionOf(cubes_.catalogue(), logged, &values_);
    if (!added.ok()) return added.status();
    applied.change.added = *added;
    applied.change.added_retraction = logged.result().retracted();
    if (logged.replaced_position() != 0) {
      const absl::StatusOr<std::vector<LoggedEntry>> found = store_.ReadEntries({logged.replaced_position()});
      if (!found.ok()) return found.status();
      const store::v1::LoggedResult& replaced = found->front().entry.result();
      absl::StatusOr<std::optional<Contribution>> removed = ContributionOf(cubes_.catalogue(), replaced, &values_);
      if (!removed.ok()) return removed.status();
      applied.change.removed = *removed;
      applied.change.removed_retraction = replaced.result().retracted();
    }
    return applied;
  }

  const Store& store_;
  Cubes& cubes_;
  const ReplayInterest& interest_;
  std::vector<AppliedEntry> entries_;  // Views of values_.
  ResultValues values_;
  int64_t accept_time_us_ = 0;
};

}  // namespace

absl::Status ReplayInto(const Store& store, LogPosition last, Cubes* cubes, const ReplayInterest& interest) {
  const LogPosition first = cubes->position() + 1;
  if (first > last) return absl::OkStatus();
  Replayer replayer(store, *cubes, interest);
  bool is_done = false;
  absl::Status status = store.Replay(first, [&](const LoggedEntry& entry) -> absl::Status {
    is_done = entry.position > last;  // What came in since the replay began.
    return is_done ? absl::CancelledError() : replayer.Take(entry);
  });
  if (!status.ok() && !is_done) return status;
  replayer.Flush();
  if (cubes->position() != last) {
    return absl::DataLossError(absl::StrCat("The log ends at position ", cubes->position(), ", before ", last, "."));
  }
  return absl::OkStatus();
}

}  // namespace muster
