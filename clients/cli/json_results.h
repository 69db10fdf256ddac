// Results as JSON: what programs send, in protobuf's JSON form.
#ifndef MUSTER_CLIENTS_CLI_JSON_RESULTS_H_
#define MUSTER_CLIENTS_CLI_JSON_RESULTS_H_

#include "absl/strings/string_view.h"
#include "clients/cli/results_file.h"

namespace muster::cli {

// Reads a SubmitResultsRequest ({"results": [...]}), an array of OperationResult, one OperationResult, or one
// OperationResult a line. Field names may be as in the proto files (result_id) or in camel case (resultId).
//
// Every problem is found at once. What has the wrong shape is a problem and never left out silently. A result with a
// problem of its own is left out of `results`.
ResultsFile ReadResultsJson(absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_JSON_RESULTS_H_
