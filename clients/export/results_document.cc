#include "clients/export/results_document.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/check.h"
#include "domain/civil_day.h"
#include "domain/quantity.h"
#include "google/protobuf/util/json_util.h"

namespace muster::exports {
namespace {

Cell DayCell(const std::string& text) {
  const std::optional<absl::CivilDay> day = ParseCivilDay(text);
  if (day.has_value()) return *day;
  if (text.empty()) return std::monostate();
  return text;
}

std::string BooleanText(bool value) { return value ? "true" : "false"; }

// A figure of a result; or the result alone, where it has none.
struct Row {
  const v1::OperationResult* result;
  const v1::Figure* figure;
};

void Fill(const Row& row, std::vector<Cell>* cells) {
  const v1::OperationResult& result = *row.result;
  cells->resize(kResultsColumnCount);
  std::vector<Cell>& cell = *cells;
  cell[kOperation] = result.operation();
  cell[kForce] = result.force();
  cell[kResultId] = result.result_id();
  cell[kRevision] = result.revision();
  cell[kStartDate] = DayCell(result.start_date());
  cell[kEndDate] = DayCell(result.end_date());
  cell[kFinal] = BooleanText(result.final());
  cell[kNil] = BooleanText(result.nil());
  cell[kRetracted] = BooleanText(result.retracted());
  cell[kReason] = result.reason();
  if (row.figure == nullptr) return;
  const v1::Figure& figure = *row.figure;
  cell[kMetric] = figure.metric();
  cell[kCategories] = absl::StrJoin(figure.categories(), "+");
  if (figure.has_value()) cell[kValue] = figure.value();
  cell[kUnit] = std::string(UnitName(figure.unit()));
  cell[kQualifier] = std::string(QualifierName(figure.qualifier()));
}

}  // namespace

Sheet ResultsSheet(absl::Span<const v1::OperationResult> results) {
  std::vector<Row> rows;
  for (const v1::OperationResult& result : results) {
    for (const v1::Figure& figure : result.figures()) rows.push_back({&result, &figure});
    if (result.figures().empty()) rows.push_back({&result, nullptr});
  }
  Sheet sheet;
  sheet.name = "results";
  for (const ResultsColumnFacts& column : kResultsColumns) sheet.columns.push_back({std::string(column.name), 16});
  sheet.row_count = rows.size();
  sheet.fill = [rows = std::move(rows)](size_t row, std::vector<Cell>* cells) { Fill(rows[row], cells); };
  return sheet;
}

Document ResultsDocument(absl::Span<const v1::OperationResult> results) {
  Document document;
  document.sheets.push_back(ResultsSheet(results));
  document.notes = {
      {"Results", absl::StrCat(results.size(), ", the newest revision of each; one row for each figure")},
      {"value", "As it was stated, in the unit beside it. Empty with a metric: seized or seen, and not yet counted"},
      {"qualifier", "exact; at_least: over, more than; at_most: under, up to; estimate: about"},
      {"nil", "The force looked, and there was nothing of what the operation expects"},
      {"retracted", "The force took it back; it is in no total"},
      {"Large numbers", absl::StrCat("Numbers above ", kMaxExactNumber, " are text: a spreadsheet would round them")},
  };
  return document;
}

std::string ResultsJson(absl::Span<const v1::OperationResult> results) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json = "{\"results\": [";
  for (size_t index = 0; index < results.size(); ++index) {
    json += index == 0 ? "\n" : ",\n";
    std::string text;
    // Fails for nothing but text that is no UTF-8, which protobuf does not take in.
    MUSTER_CHECK(google::protobuf::util::MessageToJsonString(results[index], &text, options).ok());
    json += text;
  }
  json += "\n]}\n";
  return json;
}

}  // namespace muster::exports
