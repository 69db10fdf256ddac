#include "clients/cli/totals_text.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/coverage_text.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "clients/cli/totals_options.h"
#include "domain/careful_writer.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr int kBarColumns = 12;

// "  Heroin": parents come before their children, which are set in by their depth.
std::string CategoryCell(const v1::TotalsRow& row, const Names& names) {
  int depth = 0;
  for (const std::string& id : row.categories()) depth += names.DepthOf(id);
  return absl::StrCat(std::string(static_cast<size_t>(2 * depth), ' '), names.Categories(row.categories()));
}

}  // namespace

std::vector<Column> RowNameColumns(const v1::TotalsQuery& query) {
  std::vector<Column> columns;
  if (GroupsBy(query, v1::GROUP_BY_OPERATION)) columns.push_back({.title = "Operation"});
  if (GroupsBy(query, v1::GROUP_BY_REGION)) columns.push_back({.title = "Region"});
  if (GroupsBy(query, v1::GROUP_BY_FORCE)) columns.push_back({.title = "Force"});
  if (GroupsBy(query, v1::GROUP_BY_DATE)) columns.push_back({.title = "Date", .may_be_cut = false});
  columns.push_back({.title = "Metric"});
  columns.push_back({.title = "Category", .hide_if_empty = true});
  return columns;
}

std::vector<Cell> RowNameCells(const v1::TotalsQuery& query, const v1::TotalsRow& row, const Names& names) {
  std::vector<Cell> cells;
  if (GroupsBy(query, v1::GROUP_BY_OPERATION)) cells.emplace_back(row.operation());
  if (GroupsBy(query, v1::GROUP_BY_REGION)) {
    cells.emplace_back(row.region().empty() ? "(no region)" : names.Region(row.region()));
  }
  if (GroupsBy(query, v1::GROUP_BY_FORCE)) cells.emplace_back(names.Force(row.force()));
  if (GroupsBy(query, v1::GROUP_BY_DATE)) cells.emplace_back(row.date().empty() ? "(several)" : row.date());
  cells.emplace_back(names.Metric(row.metric()));
  cells.emplace_back(CategoryCell(row, names));
  return cells;
}

Table TotalsTable(const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response, const Names& names,
                  const TotalsCharts& charts) {
  const bool shows_rest = GroupsBy(query, v1::GROUP_BY_CATEGORY) || query.breakdowns_size() > 0;

  std::vector<Column> columns = RowNameColumns(query);
  columns.push_back({.title = "Total", .right_aligned = true, .may_be_cut = false});
  columns.push_back({.title = "", .cut_last = true, .hide_if_empty = true, .gap = 0});
  if (shows_rest) columns.push_back({.title = "Not broken down", .right_aligned = true, .may_be_cut = false});
  columns.push_back({.title = "Results", .right_aligned = true, .may_be_cut = false, .dispensable = true});
  columns.push_back({.title = "Forces", .right_aligned = true, .may_be_cut = false, .dispensable = true});

  std::map<std::string, int64_t> largest;  // By metric.
  if (charts.has_bars) {
    columns.push_back({.title = "", .may_be_cut = false, .hide_if_empty = true, .ornament = true});
    for (const v1::TotalsRow& row : response.rows()) {
      int64_t& most = largest[row.metric()];
      most = std::max(most, row.total().sum());
    }
  }
  if (charts.courses != nullptr) {
    columns.push_back({.title = absl::StrCat(charts.courses->first_day(), " to ", charts.courses->last_day()),
                       .may_be_cut = false,
                       .ornament = true});
  }

  Table table(std::move(columns));
  for (const v1::TotalsRow& row : response.rows()) {
    const v1::Dimension dimension = names.DimensionOf(row.metric());
    const CarefulTotal total = WriteCarefully(row.total(), dimension);
    std::vector<Cell> cells = RowNameCells(query, row, names);
    cells.emplace_back(total.headline);
    cells.emplace_back(total.caveats);
    if (shows_rest) {
      const int64_t rest = row.total().not_broken_down();
      cells.emplace_back(rest == 0 ? "" : FormatQuantity(rest, dimension));
    }
    cells.emplace_back(WithThousands(row.total().result_count()));
    cells.emplace_back(WithThousands(row.total().force_count()));
    if (charts.has_bars) {
      cells.emplace_back(Bar(row.total().sum(), largest[row.metric()], kBarColumns, charts.terminal));
    }
    if (charts.courses != nullptr) cells.emplace_back(charts.courses->Of(row, charts.terminal));
    table.AddRow(std::move(cells));
  }
  return table;
}

std::string RowText(const v1::TotalsRow& row, const Names& names) {
  std::vector<std::string> parts;
  if (!row.operation().empty()) parts.push_back(row.operation());
  if (!row.region().empty()) parts.push_back(names.Region(row.region()));
  if (!row.force().empty()) parts.push_back(names.Force(row.force()));
  if (!row.date().empty()) parts.push_back(row.date());
  const std::string categories = names.Categories(row.categories());
  parts.push_back(categories.empty() ? names.Metric(row.metric())
                                     : absl::StrCat(names.Metric(row.metric()), " (", categories, ")"));
  return absl::StrJoin(parts, ", ");
}

std::string TotalText(const v1::Total* total, v1::Dimension dimension) {
  return total == nullptr ? "nothing" : WriteCarefully(*total, dimension).Text();
}

std::string TotalsCsvLine(const v1::TotalsRow& row, const Names& names) {
  const v1::Total& total = row.total();
  const std::vector<std::string> cells = {
      row.operation(),
      row.region(),
      row.force(),
      row.date(),
      row.metric(),
      absl::StrJoin(row.categories(), "+"),
      total.has_sum() ? absl::StrCat(total.sum()) : "",
      std::string(UnitName(total.unit())),
      std::string(QualifierName(total.qualifier())),
      absl::StrCat(total.at_least()),
      total.has_at_most() ? absl::StrCat(total.at_most()) : "",
      absl::StrCat(total.estimate()),
      absl::StrCat(total.result_count()),
      absl::StrCat(total.force_count()),
      absl::StrCat(total.uncounted_count()),
      absl::StrCat(total.not_broken_down()),
      WriteCarefully(total, names.DimensionOf(row.metric())).Text(),
  };
  return CsvLine(cells);
}

const char kTotalsCsvHeader[] =
    "operation,region,force,date,metric,categories,sum,unit,qualifier,at_least,at_most,estimate,result_count,"
    "force_count,uncounted_count,not_broken_down,described\n";

void PrintTotalsContext(const v1::QueryTotalsResponse& response, const Names& names, const Terminal& terminal,
                        std::ostream& out) {
  const std::vector<std::string> coverage = CoverageLines(response.coverage(), names, terminal);
  for (const std::string& line : coverage) out << "Coverage: " << line << ".\n";
  if (response.cut_by_period_count() > 0) {
    out << "Left out: " << Counted(response.cut_by_period_count(), "result")
        << " whose days lie only partly between the two dates.\n";
  }
  out << "As of " << TimeForPeople(response.as_of_time()) << ", log position " << WithThousands(response.position())
      << ".\n";
}

}  // namespace muster::cli
