// `muster catalogue`.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/enum_names.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  muster catalogue metrics\n"
    "  muster catalogue forces -o csv";

// One part of the catalogue as rows, the same for tables and CSV: a part adds its columns and rows once.
struct Part {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

// "south-east until 2018-08-31, eastern from 2018-09-01".
std::string MembershipsText(const v1::Force& force) {
  std::vector<std::string> texts;
  for (const v1::RegionMembership& membership : force.memberships()) {
    texts.push_back(absl::StrCat(membership.region(),
                                 membership.start_date().empty() ? "" : " from " + membership.start_date(),
                                 membership.end_date().empty() ? "" : " until " + membership.end_date()));
  }
  return absl::StrJoin(texts, ", ");
}

Part Forces(const v1::Catalogue& catalogue) {
  Part part = {"forces", {"id", "name", "kind", "ons_code", "regions", "covers", "note"}, {}};
  for (const v1::Force& force : catalogue.forces()) {
    part.rows.push_back({force.id(), force.name(), ShortEnumName(v1::ForceKind_Name(force.kind()), "FORCE_KIND_"),
                         force.ons_code(), MembershipsText(force), absl::StrJoin(force.covers(), "+"), force.note()});
  }
  return part;
}

Part Regions(const v1::Catalogue& catalogue) {
  Part part = {"regions", {"id", "name", "unit_name"}, {}};
  for (const v1::Region& region : catalogue.regions()) {
    part.rows.push_back({region.id(), region.name(), region.unit_name()});
  }
  return part;
}

Part Metrics(const v1::Catalogue& catalogue) {
  Part part = {"metrics", {"id", "name", "dimension", "units", "breakdowns", "additivity", "subset_of", "note"}, {}};
  for (const v1::Metric& metric : catalogue.metrics()) {
    part.rows.push_back(
        {metric.id(), metric.name(), ShortEnumName(v1::Dimension_Name(metric.dimension()), "DIMENSION_"),
         metric.dimension() == v1::DIMENSION_PERCENT ? "count" : UnitsOf(metric.dimension()),
         absl::StrJoin(metric.breakdowns(), "+"),
         ShortEnumName(v1::Additivity_Name(metric.additivity()), "ADDITIVITY_"), metric.subset_of(), metric.note()});
  }
  return part;
}

// Adds the children of `parent`, each followed by its own; `depth` bounds what a wrong server could do.
void AddCategories(const v1::Breakdown& breakdown, const std::string& parent, int depth, Part& part) {
  if (depth > breakdown.categories_size()) return;
  for (const v1::Category& category : breakdown.categories()) {
    if (category.parent() != parent) continue;
    part.rows.push_back({breakdown.id(), category.id(), category.name(), category.parent()});
    AddCategories(breakdown, category.id(), depth + 1, part);
  }
}

Part Breakdowns(const v1::Catalogue& catalogue) {
  Part part = {"breakdowns", {"breakdown", "category", "name", "parent"}, {}};
  for (const v1::Breakdown& breakdown : catalogue.breakdowns()) AddCategories(breakdown, "", 0, part);
  return part;
}

std::string RenderTable(const Part& part, const Terminal& terminal) {
  std::vector<Column> columns;
  for (const std::string& name : part.columns) {
    // An id must be there whole: it is what people look for here.
    const bool is_id = name == "id" || name == "category";
    const bool is_name = name == "name";
    columns.push_back({.title = name, .may_be_cut = !is_id, .hide_if_empty = true, .dispensable = !is_id && !is_name});
  }
  Table table(std::move(columns));
  for (const std::vector<std::string>& row : part.rows) table.AddRow({row.begin(), row.end()});
  return table.Render(terminal);
}

std::string RenderCsv(const Part& part) {
  std::string csv = CsvLine(part.columns);
  for (const std::vector<std::string>& row : part.rows) absl::StrAppend(&csv, CsvLine(row));
  return csv;
}

ExitCode RunCatalogue(const std::string& part_name, Session& session) {
  if (session.output() == OutputFormat::kCsv && part_name.empty()) {
    session.err() << "muster: CSV holds one part of the catalogue: name forces, regions, metrics or breakdowns\n";
    return ExitCode::kUsage;
  }
  const absl::StatusOr<v1::GetCatalogueResponse> response = session.client().GetCatalogue({}, session.Deadline());
  if (!response.ok()) return session.Fail("read the catalogue", response.status());
  const v1::Catalogue& catalogue = response->catalogue();
  if (session.output() == OutputFormat::kJson) {
    // The answer of the server; of one part, the rest left out.
    v1::GetCatalogueResponse chosen_part = *response;
    v1::Catalogue& kept = *chosen_part.mutable_catalogue();
    if (!part_name.empty() && part_name != "forces") kept.clear_forces();
    if (!part_name.empty() && part_name != "regions") kept.clear_regions();
    if (!part_name.empty() && part_name != "metrics") kept.clear_metrics();
    if (!part_name.empty() && part_name != "breakdowns") kept.clear_breakdowns();
    session.PrintJson(chosen_part);
    return ExitCode::kDone;
  }
  bool first = true;
  for (const Part& part : {Regions(catalogue), Forces(catalogue), Metrics(catalogue), Breakdowns(catalogue)}) {
    if (!part_name.empty() && part.name != part_name) continue;
    if (session.output() == OutputFormat::kCsv) {
      session.out() << RenderCsv(part);
      continue;
    }
    if (part_name.empty()) session.out() << (first ? "" : "\n") << "== " << part.name << "\n";
    session.out() << RenderTable(part, session.out_terminal());
    first = false;
  }
  return ExitCode::kDone;
}

}  // namespace

void AddCatalogueCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("catalogue", "The words of results: forces, regions, metrics, breakdowns");
  command->footer(kFooter);
  const auto part = std::make_shared<std::string>();
  AddTextOption(*command, "PART", part.get(), "Only this part", "NAME")
      ->check(CLI::IsMember({"forces", "regions", "metrics", "breakdowns"}));
  command->callback([chosen, part] { *chosen = [part](Session& session) { return RunCatalogue(*part, session); }; });
}

}  // namespace muster::cli
