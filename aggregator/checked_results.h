// Results that may be stored, ready for the writer.
#ifndef MUSTER_AGGREGATOR_CHECKED_RESULTS_H_
#define MUSTER_AGGREGATOR_CHECKED_RESULTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "domain/validation.h"
#include "storage/store.h"

namespace muster {

// The valid results of one request, in order: encoded for the log and worked out for the totals by the thread that took
// the request, so that the one writer has only to decide. Everything of all results stands in few pieces of memory,
// which cross from thread to thread at the cost of one.
class CheckedResults {
 public:
  struct Result {
    int64_t revision = 0;
    ForceIndex force = 0;
    bool retracted = false;
    bool final = false;
    bool nil = false;
    std::optional<Period> period;  // Absent only for a retraction without dates.
    Sha256Digest digest{};
    uint64_t key_hash = 0;  // Of its key, the same for equal keys in this process.

   private:
    friend class CheckedResults;
    size_t begin = 0;  // In bytes_: operation, force, result_id, head.
    size_t operation_bytes = 0;
    size_t force_bytes = 0;
    size_t result_id_bytes = 0;
    size_t head_bytes = 0;
    size_t first_metric = 0;
    size_t metric_count = 0;
    size_t first_warning = 0;
    size_t warning_count = 0;
  };

  // Validates a result, and adds it if nothing is wrong with it: see ValidateResult. `serialised`, if not empty, are
  // bytes that it was parsed from.
  FieldProblems Add(const v1::OperationResult& result, const Catalogue& catalogue, const OperationDirectory& operations,
                    absl::string_view serialised = {});
  // Keeps the memory.
  ABSL_ATTRIBUTE_REINITIALIZES void Clear();

  size_t size() const { return results_.size(); }
  bool empty() const { return results_.empty(); }
  const Result& operator[](size_t index) const { return results_[index]; }

  // What follows points into this object, and stays until it changes or moves.
  ResultKey KeyOf(const Result& result) const;
  // For GroupEntry.
  absl::string_view HeadOf(const Result& result) const;
  // Absent for nil results (their operation says what is zero) and retractions.
  ValuesView ValuesOf(const Result& result) const;
  absl::Span<const ResultWarning> WarningsOf(const Result& result) const;

  // Memory that it takes, about.
  int64_t bytes() const;

 private:
  std::string bytes_;
  std::vector<Result> results_;
  ResultValues values_;
  std::vector<ResultWarning> warnings_;
  ValidatedResult validated_;  // Of the result that is being added; its memory is used again.
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_CHECKED_RESULTS_H_
