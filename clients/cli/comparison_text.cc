#include "clients/cli/comparison_text.h"

#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/text.h"
#include "clients/cli/totals_text.h"
#include "domain/careful_writer.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

bool HasSum(bool is_there, const v1::Total& total) { return is_there && total.has_sum(); }

std::string Described(bool is_there, const v1::Total& total, v1::Dimension dimension) {
  return is_there ? WriteCarefully(total, dimension).Text() : "";
}

// In hundredths, half away from zero.
std::string Percent(absl::int128 change, absl::int128 of) {
  const absl::int128 magnitude = change < 0 ? -change : change;
  const auto percent = static_cast<int64_t>((magnitude * 200 + of) / (2 * of));
  return absl::StrCat(change < 0 ? "-" : "+", WithThousands(percent), "%");
}

}  // namespace

std::string ChangeText(const v1::TotalsRow& row, v1::Dimension dimension) {
  if (!HasSum(row.has_total(), row.total()) || !HasSum(row.has_baseline(), row.baseline())) return "";
  const absl::int128 then = row.baseline().sum();
  const absl::int128 change = absl::int128(row.total().sum()) - then;
  const bool is_exact =
      row.total().qualifier() == v1::QUALIFIER_EXACT && row.baseline().qualifier() == v1::QUALIFIER_EXACT;
  if (change == 0) return is_exact ? "no change" : "about the same";
  std::string text = absl::StrCat(is_exact ? "" : "about ", change < 0 ? "-" : "+",
                                  FormatQuantity(change < 0 ? -change : change, dimension));
  if (then > 0) absl::StrAppend(&text, " (", Percent(change, then), ")");
  return text;
}

Table ComparisonTable(const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response, const Names& names) {
  std::vector<Column> columns = RowNameColumns(query);
  columns.push_back({.title = "Now", .right_aligned = true, .may_be_cut = false});
  columns.push_back({.title = "", .cut_last = true, .hide_if_empty = true, .gap = 0});
  columns.push_back({.title = "Then", .right_aligned = true, .may_be_cut = false});
  columns.push_back({.title = "", .cut_last = true, .hide_if_empty = true, .gap = 0});
  columns.push_back({.title = "Change", .right_aligned = true, .may_be_cut = false});
  Table table(std::move(columns));
  const auto add_total = [](bool is_there, const v1::Total& total, v1::Dimension dimension, std::vector<Cell>* cells) {
    const CarefulTotal careful = is_there ? WriteCarefully(total, dimension) : CarefulTotal{"not stated", ""};
    cells->emplace_back(careful.headline);
    cells->emplace_back(careful.caveats);
  };
  for (const v1::TotalsRow& row : response.rows()) {
    const v1::Dimension dimension = names.DimensionOf(row.metric());
    std::vector<Cell> cells = RowNameCells(query, row, names);
    add_total(row.has_total(), row.total(), dimension, &cells);
    add_total(row.has_baseline(), row.baseline(), dimension, &cells);
    cells.emplace_back(ChangeText(row, dimension));
    table.AddRow(std::move(cells));
  }
  return table;
}

const char kComparisonCsvHeader[] =
    "operation,region,force,date,metric,categories,unit,sum,described,then_sum,then_described,change\n";

std::string ComparisonCsvLine(const v1::TotalsRow& row, const Names& names) {
  const v1::Dimension dimension = names.DimensionOf(row.metric());
  const bool has_now = HasSum(row.has_total(), row.total());
  const bool has_then = HasSum(row.has_baseline(), row.baseline());
  const v1::Unit unit = row.has_total() ? row.total().unit() : row.baseline().unit();
  const std::vector<std::string> cells = {
      row.operation(),
      row.region(),
      row.force(),
      row.date(),
      row.metric(),
      absl::StrJoin(row.categories(), "+"),
      std::string(UnitName(unit)),
      has_now ? absl::StrCat(row.total().sum()) : "",
      Described(row.has_total(), row.total(), dimension),
      has_then ? absl::StrCat(row.baseline().sum()) : "",
      Described(row.has_baseline(), row.baseline(), dimension),
      has_now && has_then ? absl::StrCat(row.total().sum() - row.baseline().sum()) : "",
  };
  return CsvLine(cells);
}

}  // namespace muster::cli
