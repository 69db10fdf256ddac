#include "aggregator/milestones.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/recovery.h"

namespace muster {
namespace {

using Places = std::map<std::string, LogPosition>;

Places PlacesOf(const google::protobuf::RepeatedPtrField<store::v1::MilestonePlace>& list) {
  Places places;
  for (const store::v1::MilestonePlace& place : list) places.emplace(place.id(), place.position());
  return places;
}

void AddPlace(const std::string& id, LogPosition position,
              google::protobuf::RepeatedPtrField<store::v1::MilestonePlace>* list) {
  store::v1::MilestonePlace& place = *list->Add();
  place.set_id(id);
  place.set_position(position);
}

}  // namespace

bool FitsCatalogue(const store::v1::Milestone& milestone, const Catalogue& catalogue) {
  return milestone.catalogue_digest() == catalogue.digest() && milestone.rules_version() == kCubeRulesVersion;
}

absl::Status RestoreMilestone(const Store& store, const store::v1::Milestone& milestone,
                              absl::Span<const std::string> operations, Cubes* cubes) {
  const Catalogue& catalogue = cubes->catalogue();
  for (const store::v1::MilestonePlace& place : milestone.operations()) {
    absl::StatusOr<store::v1::MilestoneOperation> record = store.ReadMilestoneOperation(place.position(), place.id());
    if (!record.ok()) return record.status();
    if (record->has_state()) {
      if (record->state().id() != place.id() || !CheckOperation(record->state(), catalogue, "operation").empty()) {
        return absl::DataLossError(absl::StrCat("the milestone at position ", milestone.position(),
                                                " holds an operation \"", place.id(), "\" that is none"));
      }
      cubes->RestoreOperation(std::make_shared<const Operation>(std::move(*record->mutable_state()), catalogue));
    }
    if (cubes->operations()->Get(place.id()) == nullptr) {
      return absl::DataLossError(absl::StrCat("the milestone at position ", milestone.position(), " names operation \"",
                                              place.id(), "\", which there is not"));
    }
    if (!operations.empty() && !std::binary_search(operations.begin(), operations.end(), place.id())) continue;
    for (const store::v1::MilestonePlace& of_cube : record->cubes()) {
      const std::optional<ForceIndex> force = catalogue.FindForce(of_cube.id());
      if (!force) return absl::DataLossError(absl::StrCat("a milestone names force \"", of_cube.id(), "\""));
      absl::StatusOr<store::v1::CheckpointForceCube> kept =
          store.ReadMilestoneCube(of_cube.position(), place.id(), of_cube.id());
      if (!kept.ok()) return kept.status();
      absl::StatusOr<ForceCube> cube = ForceCube::FromCheckpoint(&catalogue, *kept);
      if (!cube.ok()) return cube.status();
      cubes->RestoreCube(place.id(), *force, *std::move(cube));
    }
  }
  cubes->Restore(milestone.position(), milestone.accept_time_us());
  return absl::OkStatus();
}

absl::Status DropUnfitMilestones(Store& store, const Catalogue& catalogue, bool all) {
  if (!all) {
    const absl::StatusOr<std::optional<store::v1::Milestone>> newest = store.FindMilestone(store.last_position());
    if (!newest.ok() || !newest->has_value() || FitsCatalogue(**newest, catalogue)) return absl::OkStatus();
  }
  return store.DropMilestones();
}

MilestoneWriter::MilestoneWriter(Store& store, std::shared_ptr<const Catalogue> catalogue, MilestoneLimits limits)
    : store_(store), catalogue_(std::move(catalogue)), limits_(limits) {}

bool MilestoneWriter::HasRoom(LogPosition position) const {
  return store_.MilestoneBytes() <= limits_.max_bytes_per_entry * static_cast<uint64_t>(position);
}

std::optional<store::v1::Milestone> MilestoneWriter::Before(LogPosition position) const {
  while (true) {
    absl::StatusOr<std::optional<store::v1::Milestone>> found = store_.FindMilestone(position);
    // What cannot be read is no help, and no harm: more is written than need be.
    if (!found.ok() || !found->has_value()) return std::nullopt;
    if (FitsCatalogue(**found, *catalogue_)) return *std::move(found);
    position = (*found)->position() - 1;
  }
}

absl::StatusOr<bool> MilestoneWriter::IsDue(LogPosition position) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::optional<store::v1::Milestone> before = Before(position);
  return position - (before ? before->position() : 0) >= limits_.distance && HasRoom(position);
}

absl::Status MilestoneWriter::Write(const CubesSnapshot& snapshot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return WriteLocked(snapshot, &known_);
}

MilestoneWriter::Known MilestoneWriter::KnownOf(const CubesSnapshot& snapshot) {
  Known known{.position = snapshot.position, .cubes = {}};
  for (const OperationCubes& one : snapshot.cubes) {
    for (size_t force = 0; force < one.forces.size(); ++force) {
      if (one.forces[force] == nullptr) continue;
      known.cubes[{one.operation->proto.id(), static_cast<ForceIndex>(force)}] = one.forces[force];
    }
  }
  return known;
}

absl::Status MilestoneWriter::WriteLocked(const CubesSnapshot& snapshot, Known* known) {
  const LogPosition position = snapshot.position;
  if (position < 1) return absl::OkStatus();
  const std::optional<store::v1::Milestone> before = Before(position - 1);
  const Places before_operations = before ? PlacesOf(before->operations()) : Places();
  const bool is_known = before && before->position() == known->position;
  store::v1::Milestone milestone;
  milestone.set_position(position);
  milestone.set_accept_time_us(snapshot.accept_time_us);
  milestone.set_catalogue_digest(catalogue_->digest());
  milestone.set_rules_version(kCubeRulesVersion);
  std::vector<MilestoneOperationPart> operations;
  std::vector<CheckpointPart> cubes;
  for (const OperationCubes& one : snapshot.cubes) {
    const std::string& id = one.operation->proto.id();
    store::v1::MilestoneOperation earlier;
    const auto earlier_place = before_operations.find(id);
    if (earlier_place != before_operations.end()) {
      absl::StatusOr<store::v1::MilestoneOperation> record = store_.ReadMilestoneOperation(earlier_place->second, id);
      if (record.ok()) earlier = *std::move(record);  // Else all of it is written again.
    }
    const Places earlier_cubes = PlacesOf(earlier.cubes());
    MilestoneOperationPart part{.operation = id, .record = {}};
    if (one.operation->proto.change_position() != 0) *part.record.mutable_state() = one.operation->proto;
    for (size_t index = 0; index < one.forces.size(); ++index) {
      const std::shared_ptr<const ForceCube>& cube = one.forces[index];
      if (cube == nullptr) continue;
      const auto force = static_cast<ForceIndex>(index);
      const std::string& force_id = catalogue_->force(force).id();
      const auto earlier_cube = earlier_cubes.find(force_id);
      if (earlier_cube != earlier_cubes.end() && is_known) {
        const auto same = known->cubes.find({id, force});
        if (same != known->cubes.end() && same->second.lock() == cube) {
          AddPlace(force_id, earlier_cube->second, part.record.mutable_cubes());
          continue;
        }
      }
      store::v1::CheckpointForceCube kept = cube->ToCheckpoint();
      if (earlier_cube != earlier_cubes.end() && !is_known) {
        // After a start only the bytes tell.
        const absl::StatusOr<store::v1::CheckpointForceCube> stored =
            store_.ReadMilestoneCube(earlier_cube->second, id, force_id);
        if (stored.ok() && stored->SerializeAsString() == kept.SerializeAsString()) {
          AddPlace(force_id, earlier_cube->second, part.record.mutable_cubes());
          continue;
        }
      }
      AddPlace(force_id, position, part.record.mutable_cubes());
      cubes.push_back({id, force_id, std::move(kept)});
    }
    if (!part.record.has_state() && part.record.cubes().empty()) continue;  // As shipped, and nothing was heard.
    if (earlier_place != before_operations.end() && part.record.SerializeAsString() == earlier.SerializeAsString()) {
      AddPlace(id, earlier_place->second, milestone.mutable_operations());
      continue;
    }
    AddPlace(id, position, milestone.mutable_operations());
    operations.push_back(std::move(part));
  }
  if (absl::Status written = store_.WriteMilestone(milestone, operations, cubes); !written.ok()) return written;
  *known = KnownOf(snapshot);
  return absl::OkStatus();
}

absl::StatusOr<bool> MilestoneWriter::FillOne(LogPosition last, const std::function<bool()>& is_wanted) {
  if (!HasRoom(last)) return false;
  LogPosition end = last;
  for (LogPosition at = last; at > 0; at = end - 1) {
    const absl::StatusOr<std::optional<store::v1::Milestone>> before = store_.FindMilestone(at);
    if (!before.ok()) return before.status();
    const LogPosition begin = before->has_value() ? (*before)->position() : 0;
    if (end - begin < 2 * limits_.distance) {
      end = begin;
      continue;
    }
    Cubes cubes(catalogue_, [] { return int64_t{0}; });
    if (before->has_value()) {
      if (absl::Status restored = RestoreMilestone(store_, **before, {}, &cubes); !restored.ok()) return restored;
    }
    Known known = KnownOf(cubes.Snapshot());
    const ReplayInterest interest{.operations = {}, .is_wanted = is_wanted};
    // One after the other, so that cubes need be read back only once.
    for (LogPosition position = begin + limits_.distance; end - position >= limits_.distance && HasRoom(last);
         position += limits_.distance) {
      if (absl::Status replayed = ReplayInto(store_, position, &cubes, interest); !replayed.ok()) return replayed;
      const std::lock_guard<std::mutex> lock(mutex_);
      if (absl::Status written = WriteLocked(cubes.Snapshot(), &known); !written.ok()) return written;
    }
    return true;
  }
  return false;
}

MilestoneFiller::MilestoneFiller(const Store& store, MilestoneWriter& writer, std::chrono::milliseconds interval,
                                 std::function<void(const absl::Status&)> failed)
    : store_(store), writer_(writer), interval_(interval), failed_(std::move(failed)) {
  thread_ = std::thread([this] { Run(); });
}

MilestoneFiller::~MilestoneFiller() { Stop(); }

void MilestoneFiller::Stop() {
  is_wanted_ = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void MilestoneFiller::Run() {
  constexpr int kLeastPriority = 19;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kLeastPriority);  // Of this thread alone, as Linux has it.
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    absl::StatusOr<bool> filled = true;
    while (filled.ok() && *filled && is_wanted_) {
      filled = writer_.FillOne(store_.last_position(), [this] { return is_wanted_.load(); });
    }
    if (!filled.ok() && !absl::IsCancelled(filled.status())) failed_(filled.status());
    if (absl::IsDataLoss(filled.status())) return;  // It would be the same each time.
    lock.lock();
  }
}

}  // namespace muster
