// CSV as text, through libcsv: rows of cells, whatever they mean.
#ifndef MUSTER_CLIENTS_EXPORT_CSV_TEXT_H_
#define MUSTER_CLIENTS_EXPORT_CSV_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace muster::exports {

struct CsvRow {
  int64_t number = 0;  // As a spreadsheet numbers it: from 1, blank rows counted.
  std::vector<std::string> cells;
};

struct CsvRows {
  std::vector<CsvRow> rows;  // Without blank rows.
  // Where and why reading stopped; `problem` is empty if it did not.
  int64_t problem_row = 0;
  std::string problem;
};

// Rows end in LF, CR or CR LF; cells may be quoted, and then hold commas, quotes ("") and line ends. Spaces around
// an unquoted cell are no part of it.
CsvRows ReadCsv(absl::string_view text);

// One row with its line feed; cells are quoted where they must be.
std::string CsvLine(absl::Span<const std::string> cells);

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_CSV_TEXT_H_
