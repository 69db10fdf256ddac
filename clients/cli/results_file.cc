#include "clients/cli/results_file.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::cli {
namespace {

// Takes "NAME[N]" off the front of `path`; false, and nothing taken, if it does not begin so.
bool ConsumeIndexed(absl::string_view name, absl::string_view* path, size_t* index) {
  absl::string_view rest = *path;
  if (!absl::ConsumePrefix(&rest, name) || !absl::ConsumePrefix(&rest, "[")) return false;
  const size_t end = rest.find(']');
  uint64_t number = 0;
  if (end == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, end), &number)) return false;
  *index = number;
  *path = rest.substr(end + 1);
  return true;
}

FilePlace RowAndColumn(int64_t row, absl::string_view field) {
  // "categories[1]" is in the column categories.
  const absl::string_view column = field.substr(0, field.find('['));
  if (column.empty() || column == "figures") return {row, absl::StrCat("row ", row)};
  return {row, absl::StrCat("row ", row, ", column ", column)};
}

}  // namespace

std::string FileProblem::Text() const { return place.text.empty() ? text : absl::StrCat(place.text, ": ", text); }

void SortByPlace(std::vector<FileProblem>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const FileProblem& a, const FileProblem& b) { return a.place.order < b.place.order; });
}

FilePlace ResultsFile::PlaceOf(size_t index, absl::string_view path) const {
  const ResultSource& source = sources[index];
  switch (layout) {
    case ResultsLayout::kCsv: {
      size_t figure = 0;
      absl::string_view field = path;
      if (ConsumeIndexed("figures", &field, &figure) && figure < source.figure_rows.size()) {
        absl::ConsumePrefix(&field, ".");
        return RowAndColumn(source.figure_rows[figure], field);
      }
      return RowAndColumn(source.position, path);
    }
    case ResultsLayout::kJson:
      return {source.position + 1, absl::StrCat("results[", source.position, "]", path.empty() ? "" : ".", path)};
    case ResultsLayout::kJsonLines:
      return {source.position, absl::StrCat("line ", source.position, path.empty() ? "" : ", ", path)};
  }
  return {};
}

absl::string_view WithinResult(absl::string_view path) {
  size_t index = 0;
  if (ConsumeIndexed("results", &path, &index)) absl::ConsumePrefix(&path, ".");
  return path;
}

}  // namespace muster::cli
