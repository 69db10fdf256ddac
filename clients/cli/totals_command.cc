// `muster totals`.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/coverage_text.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "domain/careful_writer.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Every list option may be repeated, or hold several ids joined by commas. Without filters: everything.\n"
    "\n"
    "Examples:\n"
    "  muster totals --operation county-lines-2023-02 --region south-east\n"
    "  muster totals --operation county-lines-2023-02 --metric drug-wraps --by category\n"
    "  muster totals --region south-east --by operation,force --metric arrests\n"
    "  muster totals --by force -o csv > totals.csv      (whole numbers in base units: pence, mg, ml, minutes)\n"
    "  muster totals --metric cash-seized --json | jq -r '.rows[0].total.at_least'";

struct TotalsOptions {
  v1::TotalsQuery query;
  std::vector<std::string> operations, regions, forces, metrics, categories, breakdowns, group_by;
};

v1::GroupBy GroupByFromName(const std::string& name) {
  if (name == "operation") return v1::GROUP_BY_OPERATION;
  if (name == "region") return v1::GROUP_BY_REGION;
  if (name == "force") return v1::GROUP_BY_FORCE;
  if (name == "date") return v1::GROUP_BY_DATE;
  return v1::GROUP_BY_CATEGORY;
}

v1::TotalsQuery ToQuery(const TotalsOptions& options) {
  v1::TotalsQuery query = options.query;
  for (const std::string& id : options.operations) query.add_operations(id);
  for (const std::string& id : options.regions) query.add_regions(id);
  for (const std::string& id : options.forces) query.add_forces(id);
  for (const std::string& id : options.metrics) query.add_metrics(id);
  for (const std::string& id : options.categories) query.add_categories(id);
  for (const std::string& id : options.breakdowns) query.add_breakdowns(id);
  for (const std::string& name : options.group_by) query.add_group_by(GroupByFromName(name));
  return query;
}

bool GroupsBy(const v1::TotalsQuery& query, v1::GroupBy group_by) {
  for (const int named : query.group_by()) {
    if (named == group_by) return true;
  }
  return false;
}

// "  Heroin": parents come before their children, which are set in by their depth.
std::string CategoryCell(const v1::TotalsRow& row, const Names& names) {
  int depth = 0;
  for (const std::string& id : row.categories()) depth += names.DepthOf(id);
  return absl::StrCat(std::string(static_cast<size_t>(2 * depth), ' '), names.Categories(row.categories()));
}

Table MakeTable(const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response, const Names& names) {
  const bool by_operation = GroupsBy(query, v1::GROUP_BY_OPERATION);
  const bool by_region = GroupsBy(query, v1::GROUP_BY_REGION);
  const bool by_force = GroupsBy(query, v1::GROUP_BY_FORCE);
  const bool by_date = GroupsBy(query, v1::GROUP_BY_DATE);
  const bool shows_rest = GroupsBy(query, v1::GROUP_BY_CATEGORY) || query.breakdowns_size() > 0;

  std::vector<Column> columns;
  if (by_operation) columns.push_back({.title = "Operation"});
  if (by_region) columns.push_back({.title = "Region"});
  if (by_force) columns.push_back({.title = "Force"});
  if (by_date) columns.push_back({.title = "Date", .may_be_cut = false});
  columns.push_back({.title = "Metric"});
  columns.push_back({.title = "Category", .hide_if_empty = true});
  columns.push_back({.title = "Total", .right_aligned = true, .may_be_cut = false});
  columns.push_back({.title = "", .cut_last = true, .hide_if_empty = true, .gap = 0});
  if (shows_rest) columns.push_back({.title = "Not broken down", .right_aligned = true, .may_be_cut = false});
  columns.push_back({.title = "Results", .right_aligned = true, .may_be_cut = false, .dispensable = true});
  columns.push_back({.title = "Forces", .right_aligned = true, .may_be_cut = false, .dispensable = true});

  Table table(std::move(columns));
  for (const v1::TotalsRow& row : response.rows()) {
    const v1::Dimension dimension = names.DimensionOf(row.metric());
    const CarefulTotal total = WriteCarefully(row.total(), dimension);
    std::vector<Cell> cells;
    if (by_operation) cells.emplace_back(row.operation());
    if (by_region) cells.emplace_back(row.region().empty() ? "(no region)" : names.Region(row.region()));
    if (by_force) cells.emplace_back(names.Force(row.force()));
    if (by_date) cells.emplace_back(row.date().empty() ? "(several)" : row.date());
    cells.emplace_back(names.Metric(row.metric()));
    cells.emplace_back(CategoryCell(row, names));
    cells.emplace_back(total.headline);
    cells.emplace_back(total.caveats);
    if (shows_rest) {
      const int64_t rest = row.total().not_broken_down();
      cells.emplace_back(rest == 0 ? "" : FormatQuantity(rest, dimension));
    }
    cells.emplace_back(WithThousands(row.total().result_count()));
    cells.emplace_back(WithThousands(row.total().force_count()));
    table.AddRow(std::move(cells));
  }
  return table;
}

std::string CsvRowOf(const v1::TotalsRow& row, const Names& names) {
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

constexpr char kCsvHeader[] =
    "operation,region,force,date,metric,categories,sum,unit,qualifier,at_least,at_most,estimate,result_count,"
    "force_count,uncounted_count,not_broken_down,described\n";

// What goes with the rows: who is in them, what they stand for, and what the dates of the query cut.
void PrintContext(const v1::QueryTotalsResponse& response, const Names& names, const Terminal& terminal,
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

ExitCode RunTotals(const TotalsOptions& options, Session& session) {
  const v1::TotalsQuery query = ToQuery(options);
  const absl::StatusOr<v1::QueryTotalsResponse> response = session.client().QueryAllTotals(query, session.Deadline());
  if (!response.ok()) return session.Fail("query totals", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());

  if (session.output() == OutputFormat::kCsv) {
    session.out() << kCsvHeader;
    for (const v1::TotalsRow& row : response->rows()) session.out() << CsvRowOf(row, *names);
    // The numbers are for a program, their context for whoever started it.
    PrintContext(*response, *names, session.err_terminal(), session.err());
    return ExitCode::kDone;
  }
  const Table table = MakeTable(query, *response, *names);
  session.out() << (table.empty() ? "Nothing was reported.\n" : table.Render(session.out_terminal())) << "\n";
  PrintContext(*response, *names, session.out_terminal(), session.out());
  return ExitCode::kDone;
}

}  // namespace

void AddTotalsCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("totals", "Totals by metric, filtered and grouped, with who is in them and what is missing");
  command->footer(kFooter);
  const auto options = std::make_shared<TotalsOptions>();
  AddListOption(*command, "--operation", &options->operations, "Only these operations", "ID");
  AddListOption(*command, "--region", &options->regions, "Only these regions", "ID");
  AddListOption(*command, "--force", &options->forces, "Only these forces", "ID");
  AddListOption(*command, "--metric", &options->metrics, "Only these metrics", "ID");
  AddListOption(*command, "--category", &options->categories,
                "Only what was stated under these; of one breakdown their union, of two both at once", "ID");
  AddTextOption(*command, "--from", options->query.mutable_start_date(),
                "Only results whose whole period is on this day or later", "DAY");
  AddTextOption(*command, "--to", options->query.mutable_end_date(),
                "Only results whose whole period is on this day or earlier", "DAY");
  AddListOption(*command, "--by", &options->group_by, "A row for each: operation, region, force, date, category",
                "GROUPING")
      ->check(CLI::IsMember({"operation", "region", "force", "date", "category"}));
  AddListOption(*command, "--breakdown", &options->breakdowns,
                "With --by category: only along these breakdowns; also shows what is not broken down", "ID");
  AddTextOption(*command, "--regions-as-of", options->query.mutable_regions_as_of(),
                "Forces are in the regions of this day, instead of those of each result's last day", "DAY");
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunTotals(*options, session); }; });
}

}  // namespace muster::cli
