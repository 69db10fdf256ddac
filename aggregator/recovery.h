// Brings the cubes to the end of the log at a start.
#ifndef MUSTER_AGGREGATOR_RECOVERY_H_
#define MUSTER_AGGREGATOR_RECOVERY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "storage/store.h"

namespace muster {

// Of the layout of checkpoints and of the rules by which totals are made. Raised with either, so that a newer program
// makes its own cubes from the log.
inline constexpr int kCubeRulesVersion = 1;

struct RecoveryReport {
  LogPosition checkpoint_position = 0;  // 0: there was none that fits.
  LogPosition position = 0;             // The end of the log.
  absl::Status damage;                  // Of a checkpoint that was there and could not be used; OK if there was none.
};

// Puts back the newest checkpoint, if it was made under this catalogue and these rules, and replays the log behind it.
// A damaged checkpoint is as good as none: it is derived, so everything is made from the log, and the report says why.
// `cubes` must be new. Without `use_checkpoint` all is made from the log, whatever the checkpoint says.
//
// DATA_LOSS            the log is damaged, or ends before the checkpoint: acknowledged results are gone
// FAILED_PRECONDITION  the log names what the catalogue does not have
absl::StatusOr<RecoveryReport> Recover(const Store& store, Cubes* cubes, bool use_checkpoint = true);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_RECOVERY_H_
