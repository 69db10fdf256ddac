// `muster totals`.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "CLI/App.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/charts.h"
#include "clients/cli/commands.h"
#include "clients/cli/comparison_text.h"
#include "clients/cli/names.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal.h"
#include "clients/cli/text.h"
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
    "  muster totals --metric cash-seized --json | jq -r '.rows[0].total.at_least'\n"
    "  muster totals --operation county-lines-2023-02 --by force --watch";

// More days than that have no room on a line.
constexpr int kMaxDaysOfCourse = 31;

struct TotalsCommandOptions {
  TotalsOptions totals;
  bool watch = false;
  absl::Duration watch_for = absl::InfiniteDuration();
};

// The same by day, for the course of each row; what cannot be asked has none.
DailyCourses AskForCourses(v1::TotalsQuery query, Session& session) {
  query.add_group_by(v1::GROUP_BY_DATE);
  const absl::StatusOr<v1::QueryTotalsResponse> by_day = session.client().QueryAllTotals(query, session.Deadline());
  return {by_day.ok() ? *by_day : v1::QueryTotalsResponse(), kMaxDaysOfCourse};
}

void PrintTable(const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response, const Names& names,
                const TotalsCharts& charts, Session& session) {
  const bool compares = !query.baseline_operation().empty();
  const Table table = compares ? ComparisonTable(query, response, names) : TotalsTable(query, response, names, charts);
  session.out() << (table.empty() ? "Nothing was reported.\n" : table.Render(session.out_terminal())) << "\n";
  PrintTotalsContext(response, names, session.out_terminal(), session.out());
}

ExitCode RunOnce(const v1::TotalsQuery& query, Session& session) {
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
  const bool on_terminal = session.out_terminal().is_terminal;
  TotalsCharts charts = {.has_bars = on_terminal, .terminal = session.out_terminal()};
  std::optional<DailyCourses> courses;
  if (on_terminal && !compares && !response->rows().empty() && !GroupsBy(query, v1::GROUP_BY_DATE)) {
    courses = AskForCourses(query, session);
    if (!courses->empty()) charts.courses = &*courses;
  }
  PrintTable(query, *response, *names, charts, session);
  return ExitCode::kDone;
}

// One block for every change; on a terminal each in place of the one before.
ExitCode RunWatch(const v1::TotalsQuery& query, const TotalsCommandOptions& options, Session& session) {
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  const Terminal& terminal = session.out_terminal();
  const TotalsCharts charts = {.has_bars = terminal.is_terminal, .terminal = terminal};
  constexpr char kClear[] = "\x1b[H\x1b[J";  // From the upper left corner on.
  bool is_first = true;
  bool is_broken = false;
  std::string coverage;  // That was shown last.
  const auto on_news = [&](const WatchNews& news) {
    const bool breaks = !news.problem.ok();
    if (terminal.is_terminal && session.output() == OutputFormat::kTable) {
      session.out() << kClear;
      if (breaks) {
        session.out() << Coloured("The connection is broken; trying again.", Colour::kRed, terminal) << " "
                      << Printable(std::string(news.problem.message())) << "\n\n";
      }
      if (news.totals != nullptr) PrintTable(query, news.totals->totals(), *names, charts, session);
      session.out().flush();
      return session.out().good();
    }
    if (breaks != is_broken || breaks) {
      session.err() << (breaks ? "muster: the connection is broken, trying again: " +
                                     Printable(std::string(news.problem.message()))
                               : std::string("muster: connected again"))
                    << "\n";
      is_broken = breaks;
    }
    if (breaks) return true;
    const v1::QueryTotalsResponse& totals = news.totals->totals();
    std::string shown_coverage = totals.coverage().SerializeAsString();
    // That nothing changed is no news to a file.
    if (!is_first && news.totals->changed_rows().empty() && shown_coverage == coverage) return true;
    coverage = std::move(shown_coverage);
    if (session.output() == OutputFormat::kJson) {
      session.PrintJsonLine(totals);
    } else {
      if (!is_first) session.out() << "\n";
      PrintTable(query, totals, *names, charts, session);
    }
    is_first = false;
    session.out().flush();
    return session.out().good();
  };
  WatchOptions watch;
  watch.until = absl::Now() + options.watch_for;
  const absl::Status status = session.client().WatchTotals(query, watch, on_news);
  return status.ok() ? ExitCode::kDone : session.Fail("watch totals", status);
}

ExitCode RunTotals(const TotalsCommandOptions& options, Session& session) {
  const v1::TotalsQuery query = ToQuery(options.totals);
  if (!options.watch) return RunOnce(query, session);
  if (session.output() == OutputFormat::kCsv) {
    session.err() << "muster: --watch writes a table or JSON; for CSV ask again and again\n";
    return ExitCode::kUsage;
  }
  return RunWatch(query, options, session);
}

}  // namespace

void AddTotalsCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("totals", "Totals by metric, filtered and grouped, with who is in them and what is missing");
  command->footer(kFooter);
  const auto options = std::make_shared<TotalsCommandOptions>();
  AddTotalsOptions(*command, &options->totals);
  AddMomentOption(*command, &options->totals);
  AddComparisonOption(*command, &options->totals);
  command->add_flag("--watch", options->watch,
                    "Go on showing them as they change: in place on a terminal, otherwise one block for each change, "
                    "or with --json one line");
  command
      ->add_option_function<std::string>(
          "--for",
          [options](const std::string& text) {
            if (!absl::ParseDuration(text, &options->watch_for) || options->watch_for <= absl::ZeroDuration()) {
              throw CLI::ValidationError("--for", absl::StrCat("is \"", text, "\"; must be like 30s or 8h"));
            }
          },
          "With --watch: for so long only")
      ->type_name("DURATION");
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunTotals(*options, session); }; });
}

}  // namespace muster::cli
