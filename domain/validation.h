// Decides whether a result makes sense, names everything that does not, and works out what it adds to the totals.
#ifndef MUSTER_DOMAIN_VALIDATION_H_
#define MUSTER_DOMAIN_VALIDATION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "domain/catalogue.h"
#include "domain/civil_day.h"
#include "domain/digest.h"
#include "domain/field_problem.h"
#include "domain/operation.h"
#include "domain/result_values.h"
#include "muster/v1/result.pb.h"

namespace muster {

// Bounds of a result.
inline constexpr int kMaxCategoriesOfFigure = 64;
inline constexpr size_t kMaxResultIdBytes = 64;
inline constexpr size_t kMaxReasonBytes = 500;
inline constexpr int kMaxPeriodDays = 366;

// A warning, before words are made of it.
struct ResultWarning {
  v1::WarningReason reason = v1::WARNING_REASON_UNSPECIFIED;
  std::optional<int> figure_index;  // Absent: about the whole result.
  friend bool operator==(const ResultWarning&, const ResultWarning&) = default;
};

// What a result that may be stored says. Whether it will be is for the revision rules to say.
struct ValidatedResult {
  Sha256Digest digest{};
  ForceIndex force = 0;
  std::optional<Period> period;  // Absent only for a retraction without dates.
  ValuesView values;             // None for nil results (their operation says what is zero) and retractions.
  std::vector<ResultWarning> warnings;
};

// Everything that is wrong with `result`, with paths below it ("figures[0].unit"); nothing if it may be stored: then
// `validated`, whose memory is used again, says what it says, and its values were appended to `values`. Does not look
// at whether the operation is closed: a retry of what was accepted before is safe afterwards too. Pure, and may run on
// any thread.
FieldProblems ValidateResult(const v1::OperationResult& result, const Catalogue& catalogue,
                             const OperationDirectory& operations, ResultValues* values, ValidatedResult* validated);

// Whether `result_id` is 1 to 64 of A-Z a-z 0-9 . _ : -
bool IsResultId(absl::string_view result_id);

// Words for a warning: what was found, what counts, how to mend it.
std::string DescribeWarning(const ResultWarning& warning, const v1::OperationResult& result);

}  // namespace muster

#endif  // MUSTER_DOMAIN_VALIDATION_H_
