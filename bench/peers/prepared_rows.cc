#include "bench/peers/prepared_rows.h"

#include "bench/load/workload.h"

namespace muster::bench {
namespace {

// Rows of one result follow each other.
template <typename Rename>
void NameResults(size_t row_count, const Rename& rename) {
  const auto results = static_cast<int64_t>(row_count) / Workload::kFiguresPerResult;
  uint64_t number = FreshResultIds::Take(results);
  std::string name;
  for (size_t row = 0; row < row_count; ++row) {
    if (row % Workload::kFiguresPerResult == 0) FreshResultIds::Write(number++, &name);
    rename(row, name);
  }
}

}  // namespace

void NameAnew(std::vector<FigureRow>* rows) {
  NameResults(rows->size(), [&](size_t row, const std::string& name) { (*rows)[row].result_id = name; });
}

std::vector<FigureRow> Corrected(std::vector<FigureRow> rows) {
  for (FigureRow& row : rows) {
    row.revision = kCorrectedRevision;
    row.value = row.value.value_or(0) + 1;
  }
  return rows;
}

PreparedText::PreparedText(const std::vector<FigureRow>& rows, char separator, const std::string& absent,
                           const FigureRows* names) {
  for (const FigureRow& row : rows) {
    AppendText(row, separator, absent, &text_, names);
    places_.push_back(text_.size() - 1 - row.result_id.size());  // The last column.
  }
}

void PreparedText::NameAnew() {
  NameResults(places_.size(),
              [&](size_t row, const std::string& name) { text_.replace(places_[row], name.size(), name); });
}

}  // namespace muster::bench
