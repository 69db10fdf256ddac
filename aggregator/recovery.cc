#include "aggregator/recovery.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

absl::Status RestoreOperations(const Store& store, Cubes* cubes) {
  absl::StatusOr<std::vector<v1::Operation>> operations = store.ReadOperations();
  if (!operations.ok()) return operations.status();
  for (v1::Operation& operation : *operations) {
    const FieldProblems problems = CheckOperation(operation, cubes->catalogue(), operation.id());
    if (!problems.empty()) {
      return absl::FailedPreconditionError(absl::StrCat("The store holds operation \"", operation.id(), "\", and ",
                                                        problems.front().field, ": ", problems.front().description,
                                                        ". A catalogue may grow, but must not lose names."));
    }
    cubes->RestoreOperation(std::make_shared<const Operation>(std::move(operation), cubes->catalogue()));
  }
  return absl::OkStatus();
}

struct RestoredCube {
  std::string operation;
  ForceIndex force;
  ForceCube cube;
};

// All of them, so that a checkpoint which is damaged in its last part leaves nothing in the cubes.
absl::StatusOr<std::vector<RestoredCube>> ReadCheckpointCubes(const Store& store, const Catalogue& catalogue) {
  std::vector<RestoredCube> restored;
  const absl::Status status = store.ReadCheckpoint([&](CheckpointPart part) -> absl::Status {
    const std::optional<ForceIndex> force = catalogue.FindForce(part.force);
    if (!force) return absl::DataLossError(absl::StrCat("a checkpoint names force \"", part.force, "\""));
    absl::StatusOr<ForceCube> cube = ForceCube::FromCheckpoint(&catalogue, part.cube);
    if (!cube.ok()) return cube.status();
    restored.push_back({std::move(part.operation), *force, *std::move(cube)});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return restored;
}

}  // namespace

absl::StatusOr<RecoveryReport> Recover(const Store& store, Cubes* cubes, bool use_checkpoint) {
  RecoveryReport report;
  if (absl::Status status = RestoreOperations(store, cubes); !status.ok()) return status;
  const LogPosition last = store.last_position();
  absl::StatusOr<std::optional<store::v1::CheckpointHeader>> header = store.ReadCheckpointHeader();
  if (absl::IsDataLoss(header.status())) {
    report.damage = header.status();
    header = std::nullopt;
  }
  if (!header.ok()) return header.status();
  if (*header && (*header)->position() > last) {
    return absl::DataLossError(absl::StrCat("The totals were kept up to position ", (*header)->position(),
                                            ", but the log ends at ", last,
                                            ": acknowledged results are gone. Restore the store from a backup."));
  }
  if (use_checkpoint && *header && (*header)->catalogue_digest() == cubes->catalogue().digest() &&
      (*header)->rules_version() == kCubeRulesVersion) {
    absl::StatusOr<std::vector<RestoredCube>> restored = ReadCheckpointCubes(store, cubes->catalogue());
    if (restored.ok()) {
      for (RestoredCube& one : *restored) cubes->RestoreCube(one.operation, one.force, std::move(one.cube));
      cubes->Restore((*header)->position(), (*header)->accept_time_us());
      report.checkpoint_position = (*header)->position();
    } else if (absl::IsDataLoss(restored.status())) {
      report.damage = restored.status();
    } else {
      return restored.status();
    }
  }
  if (absl::Status status = ReplayInto(store, last, cubes); !status.ok()) return status;
  report.position = last;
  return report;
}

}  // namespace muster
