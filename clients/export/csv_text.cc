#include "clients/export/csv_text.h"

#include <csv.h>

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster::exports {
namespace {

// Gathers what libcsv calls back with.
struct Gatherer {
  CsvRows read;
  CsvRow row = {1, {}};
  int last_row_end = -1;  // The character that ended the row before; -1: none.

  static void TakeCell(void* data, size_t size, void* gatherer) {
    static_cast<Gatherer*>(gatherer)->row.cells.emplace_back(static_cast<const char*>(data), size);
  }

  // `end` is CR or LF, or -1 at the end of the file.
  static void TakeRow(int end, void* gatherer) { static_cast<Gatherer*>(gatherer)->EndRow(end); }

  void EndRow(int end) {
    // libcsv calls for CR and again for the LF behind it.
    const bool second_half = row.cells.empty() && end == CSV_LF && last_row_end == CSV_CR;
    last_row_end = second_half ? -1 : end;
    if (second_half) return;
    const int64_t next_number = row.number + 1;
    bool blank = true;
    for (const std::string& cell : row.cells) blank = blank && cell.empty();
    if (!blank) read.rows.push_back(std::move(row));
    row = {next_number, {}};
  }
};

// A libcsv parser that frees what it holds.
class Parser {
 public:
  // Strict: a stray quote is an error, not a part of the text. Every line end is reported, so that rows count as in a
  // spreadsheet.
  Parser() { csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL); }
  ~Parser() { csv_free(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // False if the text is no CSV.
  bool Parse(absl::string_view text, Gatherer& gatherer) {
    return csv_parse(&parser_, text.data(), text.size(), &Gatherer::TakeCell, &Gatherer::TakeRow, &gatherer) ==
               text.size() &&
           csv_fini(&parser_, &Gatherer::TakeCell, &Gatherer::TakeRow, &gatherer) == 0;
  }

  int error() { return csv_error(&parser_); }

 private:
  csv_parser parser_;
};

std::string CsvCell(const std::string& text) {
  const bool plain =
      text.find_first_of(",\"\r\n") == std::string::npos &&
      (text.empty() || (text.front() != ' ' && text.front() != '\t' && text.back() != ' ' && text.back() != '\t'));
  if (plain) return text;
  std::string quoted(csv_write(nullptr, 0, text.data(), text.size()), '\0');
  csv_write(quoted.data(), quoted.size(), text.data(), text.size());
  return quoted;
}

}  // namespace

CsvRows ReadCsv(absl::string_view text) {
  Gatherer gatherer;
  Parser parser;
  if (!parser.Parse(text, gatherer)) {
    gatherer.read.problem_row = gatherer.row.number;
    gatherer.read.problem =
        parser.error() == CSV_EPARSE
            ? "a quote stands alone: put the whole cell in quotes, and write a quote inside it twice; nothing below "
              "was read"
            : absl::StrCat("cannot be read: ", csv_strerror(parser.error()));
  }
  return std::move(gatherer.read);
}

std::string CsvLine(absl::Span<const std::string> cells) {
  return absl::StrCat(
      absl::StrJoin(cells, ",", [](std::string* out, const std::string& cell) { absl::StrAppend(out, CsvCell(cell)); }),
      "\n");
}

}  // namespace muster::exports
