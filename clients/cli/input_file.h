// The file that is submitted.
#ifndef MUSTER_CLIENTS_CLI_INPUT_FILE_H_
#define MUSTER_CLIENTS_CLI_INPUT_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::cli {

// The whole of a file, or of standard input for "-".
//
// NOT_FOUND            there is no such file
// PERMISSION_DENIED    it may not be read
// FAILED_PRECONDITION  it is a folder, or reading it failed
absl::StatusOr<std::string> ReadInput(const std::string& path);

enum class InputFormat { kCsv, kJson };

// By the extension (.csv, .json, .jsonl, .ndjson) if that says it, else by the first byte that is no space: JSON
// begins with { or [.
InputFormat FormatOf(absl::string_view path, absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_INPUT_FILE_H_
