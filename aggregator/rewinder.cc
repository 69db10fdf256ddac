#include "aggregator/rewinder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/milestones.h"
#include "google/protobuf/util/time_util.h"

namespace muster {
namespace {

using google::protobuf::util::TimeUtil;

// Of what protobuf takes for a time: the years 1 to 9999.
bool IsTime(const google::protobuf::Timestamp& time) {
  return time.seconds() >= TimeUtil::kTimestampMinSeconds && time.seconds() <= TimeUtil::kTimestampMaxSeconds &&
         time.nanos() >= 0 && time.nanos() < 1'000'000'000;
}

size_t MemoryBytes(const CubesSnapshot& snapshot) {
  size_t bytes = 0;
  for (const OperationCubes& cubes : snapshot.cubes) {
    bytes += sizeof(cubes) + cubes.forces.capacity() * sizeof(cubes.forces.front());
    for (const std::shared_ptr<const ForceCube>& cube : cubes.forces) {
      if (cube != nullptr) bytes += cube->MemoryBytes();
    }
  }
  return bytes;
}

// Whether what is there of `have` is enough for `want`. Both ascend; empty means all.
bool Covers(const std::vector<std::string>& have, const std::vector<std::string>& want) {
  return have.empty() || (!want.empty() && std::includes(have.begin(), have.end(), want.begin(), want.end()));
}

}  // namespace

AskedMoment ParseMoment(LogPosition position, absl::string_view position_field, const google::protobuf::Timestamp* time,
                        absl::string_view time_field, const CubesMoment& now, FieldProblems* problems) {
  AskedMoment moment;
  if (position < 0) {
    problems->push_back(
        {std::string(position_field), "POSITION_MALFORMED", absl::StrCat("is ", position, "; positions count from 1")});
  } else if (position > now.position) {
    problems->push_back({std::string(position_field), "IN_FUTURE",
                         absl::StrCat("is ", position, ", but the log ends at ", now.position)});
  } else {
    moment.position = position;
  }
  if (time == nullptr) return moment;
  if (position != 0) {
    problems->push_back({std::string(time_field), "TWO_MOMENTS",
                         absl::StrCat("is there beside ", position_field, "; name one of the two")});
    return moment;
  }
  if (!IsTime(*time)) {
    problems->push_back({std::string(time_field), "TIME_MALFORMED",
                         "must be of the years 1 to 9999, with 0 to 999,999,999 nanoseconds"});
    return moment;
  }
  // Down, also before the epoch.
  const int64_t time_us = time->seconds() * 1'000'000 + time->nanos() / 1'000;
  if (time_us > now.as_of_time_us) {
    problems->push_back(
        {std::string(time_field), "IN_FUTURE",
         absl::StrCat("is ", TimeUtil::ToString(*time), "; what will be accepted until then is not known yet")});
    return moment;
  }
  moment.time_us = time_us;
  return moment;
}

absl::StatusOr<LogPosition> LastAcceptedBy(const Store& store, LogPosition last, int64_t time_us) {
  // Accept times never fall from one entry to the next.
  LogPosition before = 0;  // Was accepted by then, or is before the first.
  LogPosition after = last + 1;
  while (after - before > 1) {
    const LogPosition middle = before + (after - before) / 2;
    const absl::StatusOr<std::vector<LoggedEntry>> entry = store.ReadEntries({middle});
    if (!entry.ok()) return entry.status();
    (entry->front().accept_time_us <= time_us ? before : after) = middle;
  }
  return before;
}

Rewinder::Rewinder(const Store& store, const Cubes& cubes, RewinderLimits limits,
                   std::function<void(const absl::Status&)> damaged)
    : store_(store), cubes_(cubes), limits_(limits), damaged_(std::move(damaged)) {}

absl::StatusOr<PastCubes> Rewinder::At(const AskedMoment& moment, std::vector<std::string> operations,
                                       std::function<bool()> is_wanted) {
  std::sort(operations.begin(), operations.end());
  operations.erase(std::unique(operations.begin(), operations.end()), operations.end());
  const CubesMoment now = cubes_.Now({});
  if (moment.position > now.position || (moment.time_us && *moment.time_us > now.as_of_time_us)) {
    return absl::InvalidArgumentError("no totals are known of the future");
  }
  PastCubes past;
  LogPosition position = moment.position;
  if (moment.time_us) {
    const absl::StatusOr<LogPosition> found = LastAcceptedBy(store_, now.position, *moment.time_us);
    if (!found.ok()) return found.status();
    position = *found;
    past.as_of_time_us = *moment.time_us;
  }
  absl::StatusOr<std::shared_ptr<const CubesSnapshot>> snapshot =
      Rebuild(position, {.operations = std::move(operations), .is_wanted = std::move(is_wanted)});
  if (!snapshot.ok()) return snapshot.status();
  past.snapshot = *std::move(snapshot);
  if (!moment.time_us) past.as_of_time_us = past.snapshot->accept_time_us;
  return past;
}

absl::StatusOr<std::shared_ptr<const CubesSnapshot>> Rewinder::Rebuild(LogPosition position,
                                                                       const ReplayInterest& interest) {
  const std::shared_ptr<const CubesSnapshot> kept = FindKept(position, interest.operations);
  if (kept != nullptr && kept->position == position) return kept;
  // So near that reading a milestone would take longer than the replay.
  constexpr LogPosition kNear = 4'096;
  std::unique_ptr<Cubes> cubes;
  if (kept == nullptr || position - kept->position > kNear) {
    absl::StatusOr<std::unique_ptr<Cubes>> restored =
        FromMilestone(kept == nullptr ? 0 : kept->position, position, interest.operations);
    if (!restored.ok()) return restored.status();
    cubes = *std::move(restored);
  }
  if (cubes == nullptr) {
    cubes = NewCubes();
    if (kept != nullptr) cubes->Restore(*kept);
  }
  if (absl::Status replayed = ReplayInto(store_, position, cubes.get(), interest); !replayed.ok()) return replayed;
  auto snapshot = std::make_shared<const CubesSnapshot>(cubes->Snapshot());
  Keep(interest.operations, snapshot);
  return snapshot;
}

std::unique_ptr<Cubes> Rewinder::NewCubes() const {
  return std::make_unique<Cubes>(cubes_.shared_catalogue(), [] { return int64_t{0}; });
}

absl::StatusOr<std::unique_ptr<Cubes>> Rewinder::FromMilestone(LogPosition after, LogPosition last,
                                                               const Operations& operations) {
  while (last > after) {
    const absl::StatusOr<std::optional<store::v1::Milestone>> milestone = store_.FindMilestone(last);
    if (absl::IsDataLoss(milestone.status())) {
      // Where it is is not known, and so not what comes before it.
      if (damaged_) damaged_(milestone.status());
      return nullptr;
    }
    if (!milestone.ok()) return milestone.status();
    if (!milestone->has_value() || (*milestone)->position() <= after) return nullptr;
    if (FitsCatalogue(**milestone, cubes_.catalogue())) {
      std::unique_ptr<Cubes> cubes = NewCubes();
      const absl::Status restored = RestoreMilestone(store_, **milestone, operations, cubes.get());
      if (restored.ok()) return cubes;
      if (!absl::IsDataLoss(restored)) return restored;
      if (damaged_) damaged_(restored);
    }
    last = (*milestone)->position() - 1;
  }
  return nullptr;
}

std::shared_ptr<const CubesSnapshot> Rewinder::FindKept(LogPosition position, const Operations& operations) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto best = kept_.end();
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (kept->snapshot->position > position || !Covers(kept->operations, operations)) continue;
    if (best == kept_.end() || kept->snapshot->position > best->snapshot->position) best = kept;
  }
  if (best == kept_.end()) return nullptr;
  if (best->snapshot->position == position) kept_.splice(kept_.begin(), kept_, best);
  return best->snapshot;
}

void Rewinder::Keep(Operations operations, std::shared_ptr<const CubesSnapshot> snapshot) {
  const size_t bytes = MemoryBytes(*snapshot);
  if (bytes > limits_.max_kept_bytes) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.push_front({std::move(operations), std::move(snapshot), bytes});
  kept_bytes_ += bytes;
  while (kept_.size() > limits_.max_kept || kept_bytes_ > limits_.max_kept_bytes) {
    kept_bytes_ -= kept_.back().bytes;
    kept_.pop_back();
  }
}

}  // namespace muster
