// `muster totals`.
#include <memory>
#include <string>

#include "CLI/App.hpp"
#include "clients/cli/commands.h"
#include "clients/cli/comparison_text.h"
#include "clients/cli/names.h"
#include "clients/cli/table.h"
#include "clients/cli/totals_options.h"
#include "clients/cli/totals_text.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Every list option may be repeated, or hold several ids joined by commas. Without filters: everything.\n"
    "\n"
    "Examples:\n"
    "  muster totals --operation county-lines-2023-02 --region south-east\n"
    "  muster totals --operation county-lines-2023-02 --metric drug-wraps --by category\n"
    "  muster totals --region south-east --by operation,force --metric arrests\n"
    "  muster totals --operation county-lines-2023-02 --as-at 2023-03-01T17:00\n"
    "  muster totals --operation county-lines-2023-02 --compare county-lines-2021-10 --by date\n"
    "  muster totals --by force -o csv > totals.csv      (whole numbers in base units: pence, mg, ml, minutes)\n"
    "  muster totals --metric cash-seized --json | jq -r '.rows[0].total.at_least'";

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

  const bool compares = !query.baseline_operation().empty();
  if (session.output() == OutputFormat::kCsv) {
    session.out() << (compares ? kComparisonCsvHeader : kTotalsCsvHeader);
    for (const v1::TotalsRow& row : response->rows()) {
      session.out() << (compares ? ComparisonCsvLine(row, *names) : TotalsCsvLine(row, *names));
    }
    // The numbers are for a program, their context for whoever started it.
    PrintTotalsContext(*response, *names, session.err_terminal(), session.err());
    return ExitCode::kDone;
  }
  const Table table = compares ? ComparisonTable(query, *response, *names) : TotalsTable(query, *response, *names);
  session.out() << (table.empty() ? "Nothing was reported.\n" : table.Render(session.out_terminal())) << "\n";
  PrintTotalsContext(*response, *names, session.out_terminal(), session.out());
  return ExitCode::kDone;
}

}  // namespace

void AddTotalsCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("totals", "Totals by metric, filtered and grouped, with who is in them and what is missing");
  command->footer(kFooter);
  const auto options = std::make_shared<TotalsOptions>();
  AddTotalsOptions(*command, options.get());
  AddMomentOption(*command, options.get());
  AddComparisonOption(*command, options.get());
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunTotals(*options, session); }; });
}

}  // namespace muster::cli
