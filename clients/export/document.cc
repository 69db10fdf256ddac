#include "clients/export/document.h"

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "clients/export/csv_text.h"
#include "clients/export/formula_guard.h"
#include "nlohmann/json.hpp"

namespace muster::exports {
namespace {

struct FormatFacts {
  Format format;
  absl::string_view name;
  absl::string_view media_type;
};

constexpr std::array<FormatFacts, 3> kFormats = {{
    {Format::kCsv, "csv", "text/csv; charset=utf-8; header=present"},
    {Format::kJson, "json", "application/json"},
    {Format::kXlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
}};

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()); }

std::string CsvCellText(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return GuardFormula(*text);
  if (const auto* number = std::get_if<int64_t>(&cell)) return absl::StrCat(*number);
  if (const auto* day = std::get_if<absl::CivilDay>(&cell)) return absl::FormatCivilTime(*day);
  if (const auto* time = std::get_if<absl::Time>(&cell)) return TimeText(*time);
  return "";
}

std::string JsonText(const std::string& text) {
  return nlohmann::json(text).dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/false,
                                   nlohmann::json::error_handler_t::replace);
}

std::string JsonValue(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return JsonText(*text);
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    const bool exact = *number <= kMaxExactNumber && *number >= -kMaxExactNumber;
    return exact ? absl::StrCat(*number) : absl::StrCat("\"", *number, "\"");
  }
  if (const auto* day = std::get_if<absl::CivilDay>(&cell)) return JsonText(absl::FormatCivilTime(*day));
  if (const auto* time = std::get_if<absl::Time>(&cell)) return JsonText(TimeText(*time));
  return "null";
}

void AppendJsonSheet(const Sheet& sheet, std::string* json) {
  std::vector<std::string> names;
  names.reserve(sheet.columns.size());
  for (const SheetColumn& column : sheet.columns) names.push_back(JsonText(column.name));
  absl::StrAppend(json, "  ", JsonText(sheet.name), ": [");
  std::vector<Cell> cells;
  for (size_t row = 0; row < sheet.row_count; ++row) {
    cells.clear();
    sheet.fill(row, &cells);
    absl::StrAppend(json, row == 0 ? "\n" : ",\n", "    {");
    for (size_t column = 0; column < cells.size(); ++column) {
      absl::StrAppend(json, column == 0 ? "" : ", ", names[column], ": ", JsonValue(cells[column]));
    }
    json->push_back('}');
  }
  absl::StrAppend(json, sheet.row_count == 0 ? "]" : "\n  ]");
}

}  // namespace

std::optional<Format> FormatFromName(absl::string_view name) {
  for (const FormatFacts& facts : kFormats) {
    if (facts.name == name) return facts.format;
  }
  return std::nullopt;
}

absl::string_view FormatName(Format format) { return kFormats[static_cast<size_t>(format)].name; }
absl::string_view MediaTypeOf(Format format) { return kFormats[static_cast<size_t>(format)].media_type; }

std::string ToCsv(const Sheet& sheet) {
  std::vector<std::string> texts;
  const auto end_line = [](std::string line) {
    line.insert(line.size() - 1, "\r");
    return line;
  };
  for (const SheetColumn& column : sheet.columns) texts.push_back(column.name);
  std::string csv = end_line(CsvLine(texts));
  std::vector<Cell> cells;
  for (size_t row = 0; row < sheet.row_count; ++row) {
    cells.clear();
    sheet.fill(row, &cells);
    texts.clear();
    for (const Cell& cell : cells) texts.push_back(CsvCellText(cell));
    csv += end_line(CsvLine(texts));
  }
  return csv;
}

std::string ToJson(const Document& document) {
  std::string json = "{\n";
  for (const Sheet& sheet : document.sheets) {
    AppendJsonSheet(sheet, &json);
    json += ",\n";
  }
  json += "  \"notes\": [";
  for (size_t index = 0; index < document.notes.size(); ++index) {
    const Note& note = document.notes[index];
    absl::StrAppend(&json, index == 0 ? "\n" : ",\n", "    {\"label\": ", JsonText(note.label),
                    ", \"text\": ", JsonText(note.text), "}");
  }
  json += "\n  ]\n}\n";
  return json;
}

absl::StatusOr<std::string> Write(const Document& document, Format format) {
  switch (format) {
    case Format::kCsv:
      return ToCsv(document.sheets.front());
    case Format::kJson:
      return ToJson(document);
    case Format::kXlsx:
      return ToXlsx(document);
  }
  return absl::InternalError("There is no such format.");
}

}  // namespace muster::exports
