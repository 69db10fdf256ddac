#include "aggregator/verification.h"

#include <utility>

namespace muster {

absl::StatusOr<VerificationReport> VerifyCubes(const Store& store, const Cubes& cubes) {
  const FrozenCubes served = cubes.FreezeAll();
  Cubes fold(cubes.shared_catalogue(), [] { return int64_t{0}; });
  if (absl::Status status = ReplayInto(store, served.position, &fold); !status.ok()) return status;
  const FrozenCubes folded = fold.FreezeAll();

  VerificationReport report;
  report.position = served.position;
  const ForceCube nothing(&cubes.catalogue());
  const auto compare = [&](const FrozenForceCube* ours, const FrozenForceCube* theirs) {
    const FrozenForceCube& named = ours != nullptr ? *ours : *theirs;
    const ForceCube& cube = ours != nullptr ? *ours->cube : nothing;
    const ForceCube& expected = theirs != nullptr ? *theirs->cube : nothing;
    report.cell_count += expected.CellCount();
    std::string difference = cube.DifferenceFrom(expected);
    if (difference.empty()) return;
    ++report.mismatch_count;
    if (report.mismatches.size() < VerificationReport::kMaxListed) {
      report.mismatches.push_back({named.operation, cubes.catalogue().force(named.force).id(), std::move(difference)});
    }
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
