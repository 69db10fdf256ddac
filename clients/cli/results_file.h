// A file of results as it was read: the results, what is wrong with the others, and where each stands in the file.
#ifndef MUSTER_CLIENTS_CLI_RESULTS_FILE_H_
#define MUSTER_CLIENTS_CLI_RESULTS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "muster/v1/result.pb.h"

namespace muster::cli {

// A place in a file, for people and for sorting.
struct FilePlace {
  int64_t order = 0;  // Places that come first in the file are smaller. 0: the file as a whole.
  std::string text;   // "row 7, column unit", "results[3].figures[0].unit", "line 12, unit". Empty: the whole file.
};

struct FileProblem {
  FilePlace place;
  std::string text;  // What is there, what was expected, how to mend it.

  // "row 7, column unit: is \"stone\"; must be mg, g or kg".
  std::string Text() const;
};

// By place; those of one place keep their order.
void SortByPlace(std::vector<FileProblem>& problems);

enum class ResultsLayout {
  kCsv,        // One figure a line, a header.
  kJson,       // One JSON text.
  kJsonLines,  // One result a line.
};

// Where one result came from.
struct ResultSource {
  // CSV: the row of its first line. JSON: its index in the text, from 0. JSON lines: its line.
  int64_t position = 0;
  // CSV only: the row of each figure.
  std::vector<int64_t> figure_rows;
};

struct ResultsFile {
  ResultsLayout layout = ResultsLayout::kCsv;
  // Those that could be read, in the order in which they begin in the file, each with its source.
  std::vector<v1::OperationResult> results;
  std::vector<ResultSource> sources;
  // Why the others could not. Sorted by place.
  std::vector<FileProblem> problems;
  // A JSON request may ask for it.
  bool validate_only = false;

  // Where the field `path` of result number `index` stands: "figures[0].unit", "start_date"; empty for the whole
  // result.
  FilePlace PlaceOf(size_t index, absl::string_view path) const;
};

// What an absolute path of a receipt is about: "results[3].figures[0].unit" is "figures[0].unit" of its result.
absl::string_view WithinResult(absl::string_view path);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_RESULTS_FILE_H_
