#include "aggregator/verification.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/milestones.h"

namespace muster {
namespace {

void AddMismatch(const std::string& operation, const std::string& force, std::string description,
                 VerificationReport* report) {
  ++report->mismatch_count;
  if (report->mismatches.size() >= VerificationReport::kMaxListed) return;
  report->mismatches.push_back({operation, force, std::move(description)});
}

// Compares milestones with the fold of the log, one after the other. Of each only what was written at it, and what the
// fold changed since the one before, is read.
class MilestoneVerifier {
 public:
  MilestoneVerifier(const Store& store, const Catalogue& catalogue, VerificationReport* report)
      : store_(store), catalogue_(catalogue), report_(*report) {}

  // Positions of the milestones up to `last`, ascending. One that cannot be read is a mismatch, and those before it are
  // not found.
  std::vector<LogPosition> Find(LogPosition last) {
    while (last > 0) {
      absl::StatusOr<std::optional<store::v1::Milestone>> found = store_.FindMilestone(last);
      if (!found.ok()) AddMismatch("", "", std::string(found.status().message()), &report_);
      if (!found.ok() || !found->has_value()) break;
      last = (*found)->position() - 1;
      if (FitsCatalogue(**found, catalogue_)) positions_.push_back((*found)->position());
    }
    std::reverse(positions_.begin(), positions_.end());
    return positions_;
  }

  // `fold` is the fold up to the next of the positions.
  absl::Status Compare(const CubesSnapshot& fold) {
    const absl::StatusOr<std::optional<store::v1::Milestone>> milestone = store_.FindMilestone(fold.position);
    if (!milestone.ok()) return milestone.status();  // It was read a moment ago.
    std::map<std::string, LogPosition> places;
    if (milestone->has_value()) {
      for (const store::v1::MilestonePlace& place : (*milestone)->operations()) places[place.id()] = place.position();
    }
    for (const OperationCubes& operation : fold.cubes) CompareOperation(fold, operation, places);
    return absl::OkStatus();
  }

 private:
  void CompareOperation(const CubesSnapshot& fold, const OperationCubes& operation,
                        const std::map<std::string, LogPosition>& places) {
    const std::string& id = operation.operation->proto.id();
    const auto differs = [&](const std::string& force, absl::string_view how) {
      AddMismatch(id, force, absl::StrCat("in the milestone at position ", fold.position, ": ", how), &report_);
    };
    std::vector<std::weak_ptr<const ForceCube>>& seen = seen_[id];
    seen.resize(operation.forces.size());
    const auto place = places.find(id);
    store::v1::MilestoneOperation record;
    if (place != places.end()) {
      absl::StatusOr<store::v1::MilestoneOperation> read = store_.ReadMilestoneOperation(place->second, id);
      if (!read.ok()) return differs("", read.status().message());
      record = *std::move(read);
    }
    const v1::Operation& state = operation.operation->proto;
    const bool is_changed = state.change_position() != 0;
    if (is_changed != record.has_state() ||
        (is_changed && state.SerializeAsString() != record.state().SerializeAsString())) {
      differs("", "the operation is not as the log left it");
    }
    std::map<std::string, LogPosition> cubes;
    for (const store::v1::MilestonePlace& of_cube : record.cubes()) cubes[of_cube.id()] = of_cube.position();
    for (size_t index = 0; index < operation.forces.size(); ++index) {
      const std::shared_ptr<const ForceCube>& expected = operation.forces[index];
      const std::string& force = catalogue_.force(static_cast<ForceIndex>(index)).id();
      const auto kept_at = cubes.find(force);
      if ((expected != nullptr) != (kept_at != cubes.end())) {
        differs(force, expected != nullptr ? "nothing is kept" : "what is kept was never reported");
        continue;
      }
      if (expected == nullptr) continue;
      const bool is_unchanged = seen[index].lock() == expected;
      seen[index] = expected;
      if (is_unchanged && kept_at->second != fold.position) continue;
      report_.cell_count += expected->CellCount();
      const absl::StatusOr<store::v1::CheckpointForceCube> kept = store_.ReadMilestoneCube(kept_at->second, id, force);
      if (!kept.ok()) {
        differs(force, kept.status().message());
        continue;
      }
      const absl::StatusOr<ForceCube> cube = ForceCube::FromCheckpoint(&catalogue_, *kept);
      const std::string difference = cube.ok() ? cube->DifferenceFrom(*expected) : std::string(cube.status().message());
      if (!difference.empty()) differs(force, difference);
    }
  }

  const Store& store_;
  const Catalogue& catalogue_;
  VerificationReport& report_;
  std::vector<LogPosition> positions_;
  // What the fold had at the milestone before: what is still the same object has not changed.
  std::map<std::string, std::vector<std::weak_ptr<const ForceCube>>> seen_;
};

}  // namespace

absl::StatusOr<VerificationReport> VerifyCubes(const Store& store, const Cubes& cubes) {
  const FrozenCubes served = cubes.FreezeAll();
  VerificationReport report;
  report.position = served.position;
  Cubes fold(cubes.shared_catalogue(), [] { return int64_t{0}; });
  // What is kept on the way is compared when the fold comes past.
  MilestoneVerifier milestones(store, cubes.catalogue(), &report);
  for (const LogPosition position : milestones.Find(served.position)) {
    if (absl::Status status = ReplayInto(store, position, &fold); !status.ok()) return status;
    if (absl::Status status = milestones.Compare(fold.Snapshot()); !status.ok()) return status;
  }
  if (absl::Status status = ReplayInto(store, served.position, &fold); !status.ok()) return status;
  const FrozenCubes folded = fold.FreezeAll();

  const ForceCube nothing(&cubes.catalogue());
  const auto compare = [&](const FrozenForceCube* ours, const FrozenForceCube* theirs) {
    const FrozenForceCube& named = ours != nullptr ? *ours : *theirs;
    const ForceCube& cube = ours != nullptr ? *ours->cube : nothing;
    const ForceCube& expected = theirs != nullptr ? *theirs->cube : nothing;
    report.cell_count += expected.CellCount();
    std::string difference = cube.DifferenceFrom(expected);
    if (difference.empty()) return;
    AddMismatch(named.operation, cubes.catalogue().force(named.force).id(), std::move(difference), &report);
  };
  // Both ascend by operation and force.
  size_t ours = 0;
  size_t theirs = 0;
  while (ours < served.cubes.size() || theirs < folded.cubes.size()) {
    const FrozenForceCube* const a = ours < served.cubes.size() ? &served.cubes[ours] : nullptr;
    const FrozenForceCube* const b = theirs < folded.cubes.size() ? &folded.cubes[theirs] : nullptr;
    const auto key = [](const FrozenForceCube& cube) { return std::tie(cube.operation, cube.force); };
    const bool only_ours = b == nullptr || (a != nullptr && key(*a) < key(*b));
    const bool only_theirs = a == nullptr || (b != nullptr && key(*b) < key(*a));
    compare(only_theirs ? nullptr : a, only_ours ? nullptr : b);
    if (!only_theirs) ++ours;
    if (!only_ours) ++theirs;
  }
  return report;
}

}  // namespace muster
