#include "clients/cli/csv_results.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/text.h"
#include "clients/export/document.h"
#include "clients/export/formula_guard.h"
#include "clients/export/results_document.h"
#include "domain/catalogue.h"
#include "domain/civil_day.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

using exports::kCategories;
using exports::kEndDate;
using exports::kFinal;
using exports::kForce;
using exports::kMetric;
using exports::kNil;
using exports::kOperation;
using exports::kQualifier;
using exports::kReason;
using exports::kResultId;
using exports::kRetracted;
using exports::kRevision;
using exports::kStartDate;
using exports::kUnit;
using exports::kValue;
using ColumnId = exports::ResultsColumn;

constexpr auto& kColumns = exports::kResultsColumns;
constexpr size_t kColumnCount = exports::kResultsColumnCount;

constexpr std::array<ColumnId, 5> kFigureColumns = {kMetric, kCategories, kValue, kUnit, kQualifier};

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
// How every workbook of a spreadsheet program begins, which is a zip file.
constexpr absl::string_view kZipStart = "PK\x03\x04";
constexpr absl::string_view kNul = ", which has NUL bytes in it, as UTF-16 has; save the file as \"CSV UTF-8\"";
constexpr absl::string_view kUnitNames = "count, mg, g, kg, pence, pounds, ml, l, min or h";
constexpr absl::string_view kQualifierNames = "exact, at_least, at_most or estimate";

// "is \"151,5\"": cells are quoted as a person typed them, cut where they are long.
std::string Is(absl::string_view cell) { return absl::StrCat("is \"", CutToColumns(Printable(cell), 60), "\""); }

// "; did you mean \"unit\"?", or nothing if no name is near.
std::string DidYouMean(absl::string_view text, absl::Span<const absl::string_view> known) {
  const std::string nearest = NearestName(text, known);
  return nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?");
}

std::vector<absl::string_view> ColumnNames() {
  std::vector<absl::string_view> names;
  names.reserve(kColumnCount);
  for (const exports::ResultsColumnFacts& column : kColumns) names.push_back(column.name);
  return names;
}

FilePlace PlaceOfCell(int64_t row, ColumnId column) {
  return {row, absl::StrCat("row ", row, ", column ", kColumns[column].name)};
}

bool HasNul(absl::string_view text) { return text.find('\0') != absl::string_view::npos; }

// Which cell of a row holds a column; nullopt where the file does not have it.
using Header = std::array<std::optional<size_t>, kColumnCount>;

// What lines of one result must agree in.
struct ResultColumns {
  std::string start_date;
  std::string end_date;
  bool final = false;
  bool nil = false;
  bool retracted = false;
  std::string reason;
};

struct ResultKey {
  std::string operation;
  std::string force;
  std::string result_id;
  int64_t revision = 0;
  friend bool operator<(const ResultKey& a, const ResultKey& b) {
    return std::tie(a.operation, a.force, a.result_id, a.revision) <
           std::tie(b.operation, b.force, b.result_id, b.revision);
  }
};

// One line as far as it could be read.
struct Line {
  int64_t row = 0;
  std::optional<ResultKey> key;  // Absent if a part of it is missing or wrong.
  ResultColumns result;
  std::optional<v1::Figure> figure;  // Absent for a nil or retracted result, and where it could not be read.
  bool sound = true;                 // No problem was found in it.
};

// Reads the lines of one file.
class LineReader {
 public:
  LineReader(const Header& header, std::vector<FileProblem>& problems) : header_(header), problems_(problems) {}

  Line Read(const CsvRow& row) {
    row_ = &row;
    line_ = Line();
    line_.row = row.number;
    CheckEncoding();
    ReadKey();
    ReadResultColumns();
    ReadFigure();
    return std::move(line_);
  }

 private:
  absl::string_view CellOf(ColumnId column) const {
    const std::optional<size_t>& index = header_[column];
    return index.has_value() ? absl::string_view(row_->cells[*index]) : "";
  }

  // Of a column whose cells are text, and were guarded when they were written.
  absl::string_view TextOf(ColumnId column) const { return exports::UnguardFormula(CellOf(column)); }

  void Complain(ColumnId column, std::string text) {
    line_.sound = false;
    problems_.push_back({PlaceOfCell(row_->number, column), std::move(text)});
  }

  void CheckEncoding() {
    for (size_t column = 0; column < kColumnCount; ++column) {
      if (HasNul(CellOf(ColumnId{column}))) {
        Complain(ColumnId{column}, absl::StrCat(Is(CellOf(ColumnId{column})), kNul));
      }
      if (!IsUtf8(CellOf(ColumnId{column}))) {
        Complain(ColumnId{column}, absl::StrCat(Is(CellOf(ColumnId{column})),
                                                ", which is not UTF-8; save the file as "
                                                "\"CSV UTF-8\""));
      }
    }
  }

  void ReadKey() {
    ResultKey key;
    bool complete = true;
    const auto read_id = [&](ColumnId column, std::string& id) {
      id = std::string(TextOf(column));
      if (!id.empty()) return;
      complete = false;
      Complain(column, "is empty; every line says which result it belongs to");
    };
    read_id(kOperation, key.operation);
    read_id(kForce, key.force);
    read_id(kResultId, key.result_id);
    if (!absl::SimpleAtoi(CellOf(kRevision), &key.revision) || key.revision < 1) {
      complete = false;
      Complain(kRevision, absl::StrCat(Is(CellOf(kRevision)),
                                       "; must be a whole number from 1 on: 1 at first, and one "
                                       "more with each correction"));
    }
    if (complete) line_.key = std::move(key);
  }

  bool ReadBoolean(ColumnId column) {
    const absl::string_view cell = CellOf(column);
    const bool is_true = absl::EqualsIgnoreCase(cell, "true");
    if (!is_true && !cell.empty() && !absl::EqualsIgnoreCase(cell, "false")) {
      Complain(column, absl::StrCat(Is(cell), "; must be true or false, or empty for false"));
    }
    return is_true;
  }

  std::string ReadDay(ColumnId column) {
    const absl::string_view cell = CellOf(column);
    if (cell.empty()) {
      if (!line_.result.retracted) Complain(column, "is empty; must be a day such as 2021-10-15");
    } else if (!ParseCivilDay(cell).has_value()) {
      Complain(column, absl::StrCat(Is(cell), "; must be a day such as 2021-10-15"));
    }
    return std::string(cell);
  }

  void ReadResultColumns() {
    line_.result.final = ReadBoolean(kFinal);
    line_.result.nil = ReadBoolean(kNil);
    line_.result.retracted = ReadBoolean(kRetracted);
    line_.result.start_date = ReadDay(kStartDate);
    line_.result.end_date = ReadDay(kEndDate);
    line_.result.reason = std::string(TextOf(kReason));
  }

  void ReadFigure() {
    if (line_.result.nil || line_.result.retracted) {
      for (const ColumnId column : kFigureColumns) {
        if (CellOf(column).empty()) continue;
        Complain(column, absl::StrCat(Is(CellOf(column)), "; must be empty: a ", line_.result.nil ? "nil" : "retracted",
                                      " result states no figure"));
      }
      return;
    }
    v1::Figure figure;
    figure.set_metric(std::string(TextOf(kMetric)));
    if (figure.metric().empty()) {
      const bool no_figure = std::all_of(kFigureColumns.begin(), kFigureColumns.end(),
                                         [this](ColumnId column) { return CellOf(column).empty(); });
      Complain(kMetric, no_figure ? "is empty; name what was counted, or set nil if there was none of anything"
                                  : "is empty; name what was counted");
    }
    ReadCategories(figure);
    ReadQuantity(figure);
    ReadQualifier(figure);
    if (line_.sound) line_.figure = std::move(figure);
  }

  void ReadCategories(v1::Figure& figure) {
    const absl::string_view cell = TextOf(kCategories);
    if (cell.empty()) return;
    for (const absl::string_view part : absl::StrSplit(cell, '+')) {
      const absl::string_view category = absl::StripAsciiWhitespace(part);
      if (category.empty()) {
        Complain(kCategories, absl::StrCat(Is(cell), "; must be names joined by +, such as crack-cocaine+heroin"));
        return;
      }
      figure.add_categories(std::string(category));
    }
  }

  void ReadQuantity(v1::Figure& figure) {
    const absl::string_view value = CellOf(kValue);
    const absl::string_view unit_name = CellOf(kUnit);
    const std::optional<v1::Unit> unit = UnitFromName(unit_name);
    if (!unit.has_value() && !unit_name.empty()) {
      const std::string lower = absl::AsciiStrToLower(unit_name);
      const bool only_case = UnitFromName(lower).has_value();
      Complain(kUnit, absl::StrCat(Is(unit_name), only_case ? absl::StrCat("; did you mean \"", lower, "\"?")
                                                            : absl::StrCat("; must be ", kUnitNames)));
    }
    if (unit.has_value()) figure.set_unit(*unit);
    if (value.empty()) return;  // Not yet counted.
    if (unit_name.empty()) Complain(kUnit, absl::StrCat("is empty; a value needs its unit: ", kUnitNames));

    // Without a unit of its own the value is read in the finest, so that its own faults are said too.
    const std::optional<Quantity> quantity = ParseQuantity(value, unit.value_or(v1::UNIT_KILOGRAM));
    if (quantity.has_value()) {
      figure.set_value(quantity->value);
      if (unit.has_value()) figure.set_unit(quantity->unit);
      return;
    }
    if (unit.has_value() && ParseQuantity(value, v1::UNIT_KILOGRAM).has_value()) {
      const absl::string_view finest = UnitName(BaseUnitOf(DimensionOf(*unit)));
      Complain(kValue, absl::StrCat(Is(value), ", which is finer than 1 ", finest, "; nothing smaller is counted"));
      return;
    }
    Complain(kValue, absl::StrCat(Is(value), "; must be a number such as 1234 or 151.5, at most ",
                                  WithThousands(kMaxFigureValue),
                                  ", without sign, separators or currency; empty if not yet counted"));
  }

  void ReadQualifier(v1::Figure& figure) {
    const absl::string_view cell = CellOf(kQualifier);
    if (cell.empty()) return;
    const std::optional<v1::Qualifier> qualifier = QualifierFromName(cell);
    if (qualifier.has_value()) {
      figure.set_qualifier(*qualifier);
      return;
    }
    Complain(kQualifier, absl::StrCat(Is(cell), "; must be ", kQualifierNames, ", or empty for exact"));
  }

  const Header& header_;
  std::vector<FileProblem>& problems_;
  const CsvRow* row_ = nullptr;
  Line line_;
};

// Finds the columns. False, with every reason in `problems`, if the file cannot be read with this header.
bool ReadHeader(const CsvRow& row, Header& header, std::vector<FileProblem>& problems) {
  const std::vector<absl::string_view> names = ColumnNames();
  const size_t problems_before = problems.size();
  const auto complain = [&](std::string text) {
    problems.push_back({{row.number, absl::StrCat("row ", row.number)}, std::move(text)});
  };
  if (row.cells.size() == 1 && row.cells[0].find_first_of(";\t") != std::string::npos) {
    complain("cells must be separated by commas; save the file as \"CSV UTF-8 (comma delimited)\"");
    return false;
  }
  for (const std::string& cell : row.cells) {
    if (!HasNul(cell)) continue;
    complain(absl::StrCat(Is(cell), kNul));
    return false;  // Nothing that follows would help.
  }
  for (size_t index = 0; index < row.cells.size(); ++index) {
    const std::string& cell = row.cells[index];
    // Spreadsheets leave empty columns behind on the right.
    if (cell.empty()) continue;
    const auto known = std::find(names.begin(), names.end(), cell);
    if (known == names.end()) {
      complain(absl::StrCat("unknown column \"", CutToColumns(Printable(cell), 60), "\"", DidYouMean(cell, names)));
      continue;
    }
    std::optional<size_t>& place = header[static_cast<size_t>(known - names.begin())];
    if (place.has_value()) complain(absl::StrCat("column \"", cell, "\" is there twice"));
    place = index;
  }
  for (size_t column = 0; column < kColumnCount; ++column) {
    if (kColumns[column].required && !header[column].has_value()) {
      complain(absl::StrCat("column \"", kColumns[column].name, "\" is missing"));
    }
  }
  return problems.size() == problems_before;
}

// A result while its lines come in.
struct Gathered {
  ResultKey key;
  int64_t first_row = 0;
  ResultColumns columns;
  std::vector<v1::Figure> figures;
  std::vector<int64_t> figure_rows;
  bool sound = true;
};

// Complains wherever `line` says something else about the result than its first line did.
void CheckAgreement(const Gathered& first, const Line& line, std::vector<FileProblem>& problems) {
  const auto check = [&](ColumnId column, absl::string_view said, absl::string_view says) {
    if (said == says) return;
    problems.push_back({PlaceOfCell(line.row, column),
                        absl::StrCat(Is(says), ", but row ", first.first_row, " of the same result says \"",
                                     CutToColumns(Printable(said), 60), "\"")});
  };
  const auto name = [](bool value) { return value ? "true" : "false"; };
  check(kStartDate, first.columns.start_date, line.result.start_date);
  check(kEndDate, first.columns.end_date, line.result.end_date);
  check(kFinal, name(first.columns.final), name(line.result.final));
  check(kNil, name(first.columns.nil), name(line.result.nil));
  check(kRetracted, name(first.columns.retracted), name(line.result.retracted));
  check(kReason, first.columns.reason, line.result.reason);
  if ((first.columns.nil && line.result.nil) || (first.columns.retracted && line.result.retracted)) {
    problems.push_back({{line.row, absl::StrCat("row ", line.row)},
                        absl::StrCat("a ", first.columns.nil ? "nil" : "retracted", " result has one line, and row ",
                                     first.first_row, " is it already")});
  }
}

v1::OperationResult ToResult(Gathered& gathered) {
  v1::OperationResult result;
  result.set_operation(gathered.key.operation);
  result.set_force(gathered.key.force);
  result.set_result_id(gathered.key.result_id);
  result.set_revision(gathered.key.revision);
  result.set_start_date(gathered.columns.start_date);
  result.set_end_date(gathered.columns.end_date);
  for (v1::Figure& figure : gathered.figures) *result.add_figures() = std::move(figure);
  result.set_nil(gathered.columns.nil);
  result.set_final(gathered.columns.final);
  result.set_retracted(gathered.columns.retracted);
  result.set_reason(gathered.columns.reason);
  return result;
}

// The lines as results, in the order in which each begins.
void GatherResults(std::vector<Line> lines, ResultsFile& file) {
  std::vector<Gathered> results;
  std::map<ResultKey, size_t> index_of;
  for (Line& line : lines) {
    if (!line.key.has_value()) continue;
    const auto [found, is_new] = index_of.emplace(*line.key, results.size());
    if (is_new) results.push_back({*line.key, line.row, line.result, {}, {}, true});
    Gathered& result = results[found->second];
    const size_t problems_before = file.problems.size();
    if (!is_new) CheckAgreement(result, line, file.problems);
    if (!line.sound || file.problems.size() > problems_before) result.sound = false;
    if (line.figure.has_value()) {
      result.figures.push_back(*std::move(line.figure));
      result.figure_rows.push_back(line.row);
    }
  }
  for (Gathered& result : results) {
    if (!result.sound) continue;
    file.results.push_back(ToResult(result));
    file.sources.push_back({result.first_row, std::move(result.figure_rows)});
  }
}

}  // namespace

absl::string_view ResultsCsvHeader() {
  static const std::string* const header = new std::string(absl::StrJoin(ColumnNames(), ","));
  return *header;
}

ResultsFile ReadResultsCsv(absl::string_view text) {
  ResultsFile file;
  file.layout = ResultsLayout::kCsv;
  absl::ConsumePrefix(&text, kByteOrderMark);
  if (absl::StartsWith(text, "\xFF\xFE") || absl::StartsWith(text, "\xFE\xFF")) {
    file.problems.push_back({{}, "the file is UTF-16; save it as \"CSV UTF-8\""});
    return file;
  }
  if (absl::StartsWith(text, kZipStart)) {
    file.problems.push_back({{}, "the file is a workbook or another zip file; save it as \"CSV UTF-8\""});
    return file;
  }
  const CsvRows read = ReadCsv(text);
  if (!read.problem.empty()) {
    file.problems.push_back({{read.problem_row, absl::StrCat("row ", read.problem_row)}, read.problem});
  }
  Header header;
  if (read.rows.empty()) {
    if (read.problem.empty()) {
      file.problems.push_back({{}, absl::StrCat("the file is empty; its first row must be ", ResultsCsvHeader())});
    }
    return file;
  }
  if (!ReadHeader(read.rows.front(), header, file.problems)) {
    SortByPlace(file.problems);
    return file;
  }

  const size_t width = read.rows.front().cells.size();
  LineReader reader(header, file.problems);
  std::vector<Line> lines;
  for (size_t index = 1; index < read.rows.size(); ++index) {
    CsvRow row = read.rows[index];
    // Spreadsheets leave empty cells behind on the right.
    while (row.cells.size() > width && row.cells.back().empty()) row.cells.pop_back();
    if (row.cells.size() != width) {
      file.problems.push_back(
          {{row.number, absl::StrCat("row ", row.number)},
           absl::StrCat("has ", Counted(static_cast<int64_t>(row.cells.size()), "cell"), ", the header has ", width,
                        row.cells.size() > width ? "; put cells with commas in quotes" : "")});
      continue;
    }
    lines.push_back(reader.Read(row));
  }
  GatherResults(std::move(lines), file);
  SortByPlace(file.problems);
  return file;
}

std::string WriteResultsCsv(absl::Span<const v1::OperationResult> results) {
  return exports::ToCsv(exports::ResultsSheet(results));
}

}  // namespace muster::cli
