// `muster coverage`.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/coverage_text.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/enum_names.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  muster coverage --operation county-lines-2023-02\n"
    "  muster coverage --operation county-lines-2021-10 --region south-east\n"
    "  muster coverage --operation county-lines-2023-02 -o csv | grep missing";

struct CoverageOptions {
  std::vector<std::string> operations, regions, forces;
  std::string regions_as_of;
};

void PrintCsv(const v1::Coverage& coverage, std::ostream& out) {
  out << "operation,force,region,state,expected,late,last_heard_time,result_count,covered_by\n";
  for (const v1::ForceCoverage& force : coverage.forces()) {
    const std::vector<std::string> cells = {
        force.operation(),
        force.force(),
        force.region(),
        ShortEnumName(v1::CoverageState_Name(force.state()), "COVERAGE_STATE_"),
        force.expected() ? "true" : "false",
        force.late() ? "true" : "false",
        force.has_last_heard_time() ? TimeForPrograms(force.last_heard_time()) : "",
        absl::StrCat(force.result_count()),
        force.covered_by(),
    };
    out << CsvLine(cells);
  }
}

// Whether all of it is about one operation.
bool IsOfOneOperation(const v1::Coverage& coverage) {
  return std::all_of(coverage.forces().begin(), coverage.forces().end(), [&](const v1::ForceCoverage& force) {
    return force.operation() == coverage.forces(0).operation();
  });
}

Table MakeTable(const v1::Coverage& coverage, const Names& names) {
  const bool one_operation = IsOfOneOperation(coverage);
  Table table({{.title = "Operation", .hide_if_empty = true},
               {.title = "Force"},
               {.title = "Region", .dispensable = true},
               {.title = "State"},
               {.title = "Note", .hide_if_empty = true},
               {.title = "Last heard", .may_be_cut = false, .hide_if_empty = true, .dispensable = true},
               {.title = "Results", .right_aligned = true, .may_be_cut = false, .dispensable = true}});
  for (const v1::ForceCoverage& force : coverage.forces()) {
    std::string note = force.late() ? "late" : "";
    if (!force.expected()) absl::StrAppend(&note, note.empty() ? "" : ", ", "not expected");
    table.AddRow({one_operation ? std::string() : force.operation(), names.Force(force.force()),
                  names.Region(force.region()), Cell(StateText(force, names), StateColour(force.state())), note,
                  force.has_last_heard_time() ? TimeForPeople(force.last_heard_time()) : std::string(),
                  WithThousands(force.result_count())});
  }
  return table;
}

ExitCode RunCoverage(const CoverageOptions& options, Session& session) {
  v1::GetCoverageRequest request;
  for (const std::string& id : options.operations) request.add_operations(id);
  for (const std::string& id : options.regions) request.add_regions(id);
  for (const std::string& id : options.forces) request.add_forces(id);
  request.set_regions_as_of(options.regions_as_of);
  const absl::StatusOr<v1::GetCoverageResponse> response = session.client().GetCoverage(request, session.Deadline());
  if (!response.ok()) return session.Fail("read the coverage", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    PrintCsv(response->coverage(), session.out());
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  const Table table = MakeTable(response->coverage(), *names);
  if (!table.empty()) session.out() << table.Render(session.out_terminal()) << "\n";
  for (const std::string& line : CoverageLines(response->coverage(), *names, session.out_terminal())) {
    session.out() << "Coverage: " << line << ".\n";
  }
  session.out() << "As of " << TimeForPeople(response->as_of_time()) << ", log position "
                << WithThousands(response->position()) << ".\n";
  return ExitCode::kDone;
}

}  // namespace

void AddCoverageCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("coverage", "Which forces have reported, how far they have got, and which are missing");
  command->footer(kFooter);
  const auto options = std::make_shared<CoverageOptions>();
  AddListOption(*command, "--operation", &options->operations, "Only these operations", "ID");
  AddListOption(*command, "--region", &options->regions, "Only forces of these regions", "ID");
  AddListOption(*command, "--force", &options->forces, "Only these forces", "ID");
  AddTextOption(*command, "--regions-as-of", &options->regions_as_of,
                "Forces are in the regions of this day, instead of those of each operation's last day", "DAY");
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunCoverage(*options, session); }; });
}

}  // namespace muster::cli
