// Results as sheets, one figure a row: what `muster submit` reads.
#ifndef MUSTER_CLIENTS_EXPORT_RESULTS_DOCUMENT_H_
#define MUSTER_CLIENTS_EXPORT_RESULTS_DOCUMENT_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "clients/export/document.h"
#include "muster/v1/result.pb.h"

namespace muster::exports {

// In the order in which they are written.
enum ResultsColumn : size_t {
  kOperation,
  kForce,
  kResultId,
  kRevision,
  kStartDate,
  kEndDate,
  kFinal,
  kNil,
  kRetracted,
  kReason,
  kMetric,
  kCategories,
  kValue,
  kUnit,
  kQualifier,
  kResultsColumnCount,
};

struct ResultsColumnFacts {
  absl::string_view name;
  bool required;  // A file without it cannot be read.
};

inline constexpr std::array<ResultsColumnFacts, kResultsColumnCount> kResultsColumns = {{
    {"operation", true},
    {"force", true},
    {"result_id", true},
    {"revision", true},
    {"start_date", true},
    {"end_date", true},
    {"final", false},
    {"nil", false},
    {"retracted", false},
    {"reason", false},
    {"metric", true},
    {"categories", false},
    {"value", true},
    {"unit", true},
    {"qualifier", false},
}};

// Values as they were stated: whole numbers in the unit beside them. A nil or retracted result is one row without a
// figure. `results` must outlive the sheet.
Sheet ResultsSheet(absl::Span<const v1::OperationResult> results);

// The sheet with what has to be known of it.
Document ResultsDocument(absl::Span<const v1::OperationResult> results);

// As {"results": [...]}, a SubmitResultsRequest in protobuf's JSON form, with the field names of the proto files.
std::string ResultsJson(absl::Span<const v1::OperationResult> results);

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_RESULTS_DOCUMENT_H_
