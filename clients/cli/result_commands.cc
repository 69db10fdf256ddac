// `muster result get` and `muster result list`.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_results.h"
#include "clients/cli/enum_names.h"
#include "clients/cli/figure_text.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/result_text.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace muster::cli {
namespace {

constexpr char kGetFooter[] =
    "Examples:\n"
    "  muster result get county-lines-2023-02 kent week-1\n"
    "  muster result get county-lines-2023-02 kent week-1 -o csv > kent.csv     (correct it, raise the revision, "
    "submit)";

constexpr char kListFooter[] =
    "Examples:\n"
    "  muster result list county-lines-2023-02 kent\n"
    "  muster result list county-lines-2023-02 kent -o csv     (as `muster submit` reads it)";

struct ResultOptions {
  std::string operation, force, result_id;
};

void PrintOne(const v1::StoredResult& stored, const Names& names, Session& session) {
  const v1::OperationResult& result = stored.result();
  const v1::Receipt& receipt = stored.receipt();
  Table facts({{.title = "Result", .may_be_cut = false}, {.title = Printable(result.result_id()), .wraps = true}});
  facts.AddRow({"Operation", result.operation()});
  facts.AddRow({"Force", names.Force(result.force())});
  facts.AddRow({"Revision", absl::StrCat(result.revision())});
  facts.AddRow({"Period", PeriodText(result)});
  facts.AddRow({"State", StateText(result)});
  if (!result.reason().empty()) facts.AddRow({"Reason", result.reason()});
  facts.AddRow({"Accepted", absl::StrCat(TimeForPeople(receipt.accept_time()), ", log position ",
                                         WithThousands(receipt.position()))});
  facts.AddRow({"Digest", absl::BytesToHexString(receipt.digest())});
  session.out() << facts.Render(session.out_terminal());

  Table figures({{.title = "Metric"},
                 {.title = "Category", .hide_if_empty = true},
                 {.title = "Value", .right_aligned = true, .may_be_cut = false}});
  for (const v1::Figure& figure : result.figures()) {
    figures.AddRow({names.Metric(figure.metric()), names.Categories(figure.categories()),
                    FigureText(figure, names.DimensionOf(figure.metric()))});
  }
  for (const std::string& metric : stored.nil_metrics()) figures.AddRow({names.Metric(metric), "", "0"});
  if (!figures.empty()) session.out() << "\n" << figures.Render(session.out_terminal());
  if (!receipt.warnings().empty()) session.out() << "\n";
  for (const v1::Warning& warning : receipt.warnings()) {
    session.out() << Coloured("Warning", Colour::kYellow, session.out_terminal()) << ": "
                  << (warning.field().empty() ? "" : Printable(warning.field()) + ": ")
                  << Printable(warning.description()) << "\n";
  }
}

ExitCode RunGet(const ResultOptions& options, Session& session) {
  v1::GetResultRequest request;
  request.set_operation(options.operation);
  request.set_force(options.force);
  request.set_result_id(options.result_id);
  const absl::StatusOr<v1::GetResultResponse> response = session.client().GetResult(request, session.Deadline());
  if (!response.ok()) return session.Fail("get the result", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    session.out() << WriteResultsCsv({&response->result().result(), 1});
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  PrintOne(response->result(), *names, session);
  return ExitCode::kDone;
}

ExitCode RunList(const ResultOptions& options, Session& session) {
  const absl::StatusOr<v1::ListResultsResponse> response =
      session.client().ListAllResults(options.operation, options.force, session.Deadline());
  if (!response.ok()) return session.Fail("list the results", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    std::vector<v1::OperationResult> results;
    for (const v1::StoredResult& stored : response->results()) results.push_back(stored.result());
    session.out() << WriteResultsCsv(results);
    return ExitCode::kDone;
  }
  Table table({{.title = "Result"},
               {.title = "Revision", .right_aligned = true, .may_be_cut = false},
               {.title = "Period", .may_be_cut = false},
               {.title = "State"},
               {.title = "Figures", .right_aligned = true, .may_be_cut = false, .dispensable = true},
               {.title = "Accepted", .may_be_cut = false, .dispensable = true},
               {.title = "Position", .right_aligned = true, .may_be_cut = false, .dispensable = true},
               {.title = "Warnings", .right_aligned = true, .may_be_cut = false, .hide_if_empty = true}});
  for (const v1::StoredResult& stored : response->results()) {
    const int warnings = stored.receipt().warnings_size();
    table.AddRow({stored.result().result_id(), absl::StrCat(stored.result().revision()), PeriodText(stored.result()),
                  StateText(stored.result()), WithThousands(stored.result().figures_size()),
                  TimeForPeople(stored.receipt().accept_time()), WithThousands(stored.receipt().position()),
                  warnings == 0 ? std::string() : WithThousands(warnings)});
  }
  session.out() << (table.empty() ? "No results.\n" : table.Render(session.out_terminal()));
  return ExitCode::kDone;
}

}  // namespace

void AddResultCommands(CLI::App& app, Command* chosen) {
  CLI::App* const group = app.add_subcommand("result", "Results of one force, as they are stored");
  group->footer("");
  group->require_subcommand(1);
  const auto options = std::make_shared<ResultOptions>();

  CLI::App* const get = group->add_subcommand("get", "The newest revision of one result, with its receipt");
  get->footer(kGetFooter);
  CLI::App* const list = group->add_subcommand("list", "The newest revision of every result of a force");
  list->footer(kListFooter);
  for (CLI::App* const command : {get, list}) {
    AddTextOption(*command, "OPERATION", &options->operation, "Id of an operation", "")->required();
    AddTextOption(*command, "FORCE", &options->force, "Id of a force", "")->required();
  }
  AddTextOption(*get, "RESULT_ID", &options->result_id, "The force's own name for the result", "")->required();
  get->callback([chosen, options] { *chosen = [options](Session& session) { return RunGet(*options, session); }; });
  list->callback([chosen, options] { *chosen = [options](Session& session) { return RunList(*options, session); }; });
}

}  // namespace muster::cli
