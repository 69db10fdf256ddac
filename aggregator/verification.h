// Checks the law: every cube equals the fold of the log, those that milestones keep too.
#ifndef MUSTER_AGGREGATOR_VERIFICATION_H_
#define MUSTER_AGGREGATOR_VERIFICATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "storage/store.h"

namespace muster {

struct VerificationReport {
  struct Mismatch {
    std::string operation;    // Empty where a milestone as a whole is wrong.
    std::string force;        // Empty where it is about the operation.
    std::string description;  // What is served or kept, but what the log says.
  };
  static constexpr size_t kMaxListed = 100;

  LogPosition position = 0;
  int64_t cell_count = 0;
  int64_t mismatch_count = 0;
  std::vector<Mismatch> mismatches;  // At most kMaxListed.
};

// Folds the log anew from its first entry up to where the cubes are, and compares, and every milestone on the way; one
// that cannot be read is a mismatch. Ingest and queries go on meanwhile.
// Takes as long as reading the log. May be called from any thread.
//
// DATA_LOSS  the log cannot be read
absl::StatusOr<VerificationReport> VerifyCubes(const Store& store, const Cubes& cubes);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_VERIFICATION_H_
