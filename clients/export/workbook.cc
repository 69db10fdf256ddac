// Workbooks, by libxlsxwriter. It writes files alone, so one is made and read back.
#include <xlsxwriter.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "clients/export/document.h"

namespace muster::exports {
namespace {

namespace fs = std::filesystem;

// A folder that goes with the object, and all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "muster-export-XXXXXX").string();
    if (!error && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Empty if it could not be made.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Formats {
  lxw_format* header;
  lxw_format* number;
  lxw_format* day;
  lxw_format* time;
  lxw_format* wrapped;
};

lxw_datetime DateTimeOf(absl::CivilSecond second, double fraction) {
  lxw_datetime datetime{};
  datetime.year = static_cast<int>(second.year());
  datetime.month = second.month();
  datetime.day = second.day();
  datetime.hour = second.hour();
  datetime.min = second.minute();
  datetime.sec = second.second() + fraction;
  return datetime;
}

lxw_error WriteCell(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, const Cell& cell, const Formats& formats) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    return text->empty() ? LXW_NO_ERROR : worksheet_write_string(sheet, row, column, text->c_str(), nullptr);
  }
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (*number > kMaxExactNumber || *number < -kMaxExactNumber) {
      return worksheet_write_string(sheet, row, column, absl::StrCat(*number).c_str(), nullptr);
    }
    return worksheet_write_number(sheet, row, column, static_cast<double>(*number), formats.number);
  }
  if (const auto* day = std::get_if<absl::CivilDay>(&cell)) {
    lxw_datetime datetime = DateTimeOf(absl::CivilSecond(*day), 0);
    return worksheet_write_datetime(sheet, row, column, &datetime, formats.day);
  }
  if (const auto* time = std::get_if<absl::Time>(&cell)) {
    const absl::TimeZone::CivilInfo info = absl::UTCTimeZone().At(*time);
    lxw_datetime datetime = DateTimeOf(info.cs, absl::ToDoubleSeconds(info.subsecond));
    return worksheet_write_datetime(sheet, row, column, &datetime, formats.time);
  }
  return LXW_NO_ERROR;
}

lxw_error WriteSheet(lxw_workbook* workbook, const Sheet& sheet, const Formats& formats) {
  lxw_worksheet* const written = workbook_add_worksheet(workbook, sheet.name.c_str());
  if (written == nullptr) return LXW_ERROR_MEMORY_MALLOC_FAILED;
  const auto last_row = static_cast<lxw_row_t>(sheet.row_count);
  const auto last_column = static_cast<lxw_col_t>(sheet.columns.size() - 1);
  lxw_error result = LXW_NO_ERROR;
  const auto note = [&result](lxw_error error) {
    if (result == LXW_NO_ERROR) result = error;
  };
  for (lxw_col_t column = 0; column <= last_column; ++column) {
    const SheetColumn& facts = sheet.columns[column];
    note(worksheet_set_column(written, column, column, facts.width, nullptr));
    note(worksheet_write_string(written, 0, column, facts.name.c_str(), formats.header));
  }
  worksheet_freeze_panes(written, 1, 0);
  note(worksheet_autofilter(written, 0, 0, std::max(last_row, lxw_row_t{1}), last_column));
  std::vector<Cell> cells;
  for (size_t row = 0; row < sheet.row_count; ++row) {
    cells.clear();
    sheet.fill(row, &cells);
    for (lxw_col_t column = 0; column <= last_column; ++column) {
      note(WriteCell(written, static_cast<lxw_row_t>(row + 1), column, cells[column], formats));
    }
  }
  return result;
}

lxw_error WriteNotes(lxw_workbook* workbook, const std::vector<Note>& notes, const Formats& formats) {
  lxw_worksheet* const written = workbook_add_worksheet(workbook, "notes");
  if (written == nullptr) return LXW_ERROR_MEMORY_MALLOC_FAILED;
  worksheet_set_column(written, 0, 0, 24, nullptr);
  worksheet_set_column(written, 1, 1, 100, nullptr);
  lxw_row_t row = 0;
  lxw_error result = LXW_NO_ERROR;
  for (const Note& note : notes) {
    for (const lxw_error error : {worksheet_write_string(written, row, 0, note.label.c_str(), formats.header),
                                  worksheet_write_string(written, row, 1, note.text.c_str(), formats.wrapped)}) {
      if (result == LXW_NO_ERROR) result = error;
    }
    ++row;
  }
  return result;
}

}  // namespace

absl::StatusOr<std::string> ToXlsx(const Document& document) {
  for (const Sheet& sheet : document.sheets) {
    if (sheet.row_count >= LXW_ROW_MAX) {
      return absl::ResourceExhaustedError(
          absl::StrCat("There are ", sheet.row_count, " rows; a sheet of a workbook takes ", LXW_ROW_MAX - 1, "."));
    }
  }
  TemporaryFolder folder;
  if (folder.path().empty()) {
    return absl::UnavailableError("No folder for temporary files can be made; TMPDIR names another place.");
  }
  const std::string file = folder.path() + "/export.xlsx";
  std::string temporary = folder.path();
  // Rows go to a file as they are made.
  lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = temporary.data(), .use_zip64 = LXW_FALSE};
  lxw_workbook* const workbook = workbook_new_opt(file.c_str(), &options);
  if (workbook == nullptr) return absl::UnavailableError("A workbook cannot be begun.");
  lxw_doc_properties properties{};
  properties.created = absl::ToTimeT(document.as_of_time);
  workbook_set_properties(workbook, &properties);
  const Formats formats = {workbook_add_format(workbook), workbook_add_format(workbook), workbook_add_format(workbook),
                           workbook_add_format(workbook), workbook_add_format(workbook)};
  format_set_bold(formats.header);
  format_set_num_format(formats.number, "#,##0");
  format_set_num_format(formats.day, "yyyy-mm-dd");
  format_set_num_format(formats.time, "yyyy-mm-dd hh:mm:ss");
  format_set_text_wrap(formats.wrapped);

  lxw_error result = LXW_NO_ERROR;
  for (const Sheet& sheet : document.sheets) {
    if (result == LXW_NO_ERROR) result = WriteSheet(workbook, sheet, formats);
  }
  if (result == LXW_NO_ERROR) result = WriteNotes(workbook, document.notes, formats);
  const lxw_error closed = workbook_close(workbook);  // Frees it, too.
  if (result == LXW_NO_ERROR) result = closed;
  if (result != LXW_NO_ERROR) {
    return absl::UnavailableError(absl::StrCat("The workbook cannot be written: ", lxw_strerror(result)));
  }
  std::ifstream written(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(written), {});
  if (!written || bytes.empty()) return absl::UnavailableError("The workbook cannot be read back.");
  return bytes;
}

}  // namespace muster::exports
