// Results as CSV, one figure a line: what spreadsheets and records systems export.
#ifndef MUSTER_CLIENTS_CLI_CSV_RESULTS_H_
#define MUSTER_CLIENTS_CLI_CSV_RESULTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "clients/cli/results_file.h"
#include "muster/v1/result.pb.h"

namespace muster::cli {

// The header, in the order in which it is written. Files may have the columns in any order, and leave out those that
// are not needed: final, nil, retracted, reason, categories, qualifier.
absl::string_view ResultsCsvHeader();

// Reads results.
//
// - Lines with the same operation, force, result_id and revision are one result, wherever they stand. They must
//   agree in the columns that are about the result.
// - `value` is a decimal in `unit` ("151.5" g); empty: not yet counted. `categories` are joined by "+". `qualifier`
//   is exact (or empty), at_least, at_most or estimate. Booleans are true, false or empty, in any case.
// - A nil or retracted result is one line whose columns about a figure are empty.
// - A byte order mark, CR LF and blank rows are no problem.
// - Text that was guarded against being run as a formula (clients/export/formula_guard.h) is as it was.
//
// Every problem is found at once. A result with a problem of its own is left out of `results`.
ResultsFile ReadResultsCsv(absl::string_view text);

// Writes results with the header, so that reading them gives the same content.
std::string WriteResultsCsv(absl::Span<const v1::OperationResult> results);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_CSV_RESULTS_H_
