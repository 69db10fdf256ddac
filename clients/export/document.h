// What is exported, whatever file it becomes: sheets of typed cells, and what has to be known of them.
#ifndef MUSTER_CLIENTS_EXPORT_DOCUMENT_H_
#define MUSTER_CLIENTS_EXPORT_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace muster::exports {

// Nothing, text, a whole number, a day, or a moment.
using Cell = std::variant<std::monostate, std::string, int64_t, absl::CivilDay, absl::Time>;

struct SheetColumn {
  std::string name;  // "at_least"
  int width = 12;    // In a workbook, in characters.
};

// Rows are made one after another, so that a large export never is in memory twice.
struct Sheet {
  std::string name;  // "totals"
  std::vector<SheetColumn> columns;
  size_t row_count = 0;
  // Gives `cells`, which is empty, one cell for each column.
  std::function<void(size_t row, std::vector<Cell>* cells)> fill;
};

struct Note {
  std::string label;  // "Coverage"
  std::string text;
};

// The first sheet is what the export is of.
struct Document {
  std::vector<Sheet> sheets;
  std::vector<Note> notes;
  absl::Time as_of_time = absl::UnixEpoch();  // What it stands for.
};

enum class Format { kCsv, kJson, kXlsx };

// Of "csv", "json" or "xlsx".
std::optional<Format> FormatFromName(absl::string_view name);
absl::string_view FormatName(Format format);
// "text/csv; charset=utf-8; header=present".
absl::string_view MediaTypeOf(Format format);

// Above it, either way, not every whole number is a double, as spreadsheets and many readers of JSON take numbers: such
// a number is written as text there, so that none is rounded.
inline constexpr int64_t kMaxExactNumber = int64_t{1} << 53;

// The first sheet as RFC 4180 has it: UTF-8, lines ending in CR LF, a header. Text that a spreadsheet would run is
// guarded (formula_guard.h). Moments are in UTC.
std::string ToCsv(const Sheet& sheet);

// An object with `notes`, and an array of objects for each sheet, by its name.
std::string ToJson(const Document& document);

// A workbook: each sheet with its header frozen and filters, and the notes on one of their own. Equal documents give
// equal bytes. Text is text in it, whatever it begins with.
//
// RESOURCE_EXHAUSTED  it has more rows than a sheet takes
// UNAVAILABLE         the folder for temporary files cannot be written
absl::StatusOr<std::string> ToXlsx(const Document& document);

absl::StatusOr<std::string> Write(const Document& document, Format format);

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_DOCUMENT_H_
