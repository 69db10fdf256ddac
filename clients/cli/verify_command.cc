// `muster verify`.
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "The server reads its whole log; results are taken and totals served meanwhile. Exit code 1 if a total differs.\n"
    "\n"
    "Example:\n"
    "  muster verify --timeout 10m";

ExitCode RunVerify(Session& session) {
  const absl::StatusOr<v1::VerifyTotalsResponse> response = session.client().VerifyTotals({}, session.Deadline());
  if (!response.ok()) return session.Fail("verify the totals", response.status());
  const bool equal = response->mismatch_count() == 0;
  const ExitCode code = equal ? ExitCode::kDone : ExitCode::kFailed;
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return code;
  }
  if (session.output() == OutputFormat::kCsv) {
    session.out() << "operation,force,description\n";
    for (const v1::TotalMismatch& mismatch : response->mismatches()) {
      const std::vector<std::string> cells = {mismatch.operation(), mismatch.force(), mismatch.description()};
      session.out() << CsvLine(cells);
    }
    return code;
  }
  const std::string what = absl::StrCat(Counted(response->total_count(), "total"), " from ",
                                        Counted(response->entry_count(), "log entry", "log entries"));
  if (equal) {
    session.out() << Coloured("Every total equals the log", Colour::kGreen, session.out_terminal()) << ": " << what
                  << " compared, at position " << WithThousands(response->position()) << ".\n";
    return code;
  }
  Table table({{.title = "Operation"}, {.title = "Force"}, {.title = "Difference", .cut_last = true}});
  for (const v1::TotalMismatch& mismatch : response->mismatches()) {
    table.AddRow({mismatch.operation(), mismatch.force(), mismatch.description()});
  }
  session.out() << table.Render(session.out_terminal()) << "\n"
                << Coloured(absl::StrCat(Counted(response->mismatch_count(), "total differs", "totals differ"),
                                         " from the log"),
                            Colour::kRed, session.out_terminal())
                << ", of " << what << " compared, at position " << WithThousands(response->position()) << ".\n";
  return code;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("verify", "Recompute every total from the log and compare with what is served");
  command->footer(kFooter);
  command->callback([chosen] { *chosen = RunVerify; });
}

}  // namespace muster::cli
