// `muster submit`.
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_results.h"
#include "clients/cli/input_file.h"
#include "clients/cli/json_results.h"
#include "clients/cli/options.h"
#include "clients/cli/progress_bar.h"
#include "clients/cli/results_file.h"
#include "clients/cli/submission_report.h"
#include "clients/cli/text.h"
#include "clients/cpp/result_batches.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "CSV holds one figure a line under this header; the columns may stand in any order:\n"
    "  operation,force,result_id,revision,start_date,end_date,final,nil,retracted,reason,\n"
    "  metric,categories,value,unit,qualifier\n"
    "Lines with the same operation, force, result_id and revision make one result. Value is a decimal in its unit "
    "(151.5\n"
    "g), or empty if not yet counted. Units: count mg g kg pence pounds ml l min h. Qualifiers: exact at_least "
    "at_most\n"
    "estimate. Categories are joined by +. A nil or retracted result is one line without a figure.\n"
    "JSON is {\"results\": [...]}, a list of results, or one result a line.\n"
    "\n"
    "If the file itself has problems, nothing is submitted and all of them are listed. Sending a file again is always\n"
    "safe: what was taken is a duplicate and counts once. --timeout holds for each 10,000 results.\n"
    "\n"
    "Examples:\n"
    "  muster submit week-1.csv\n"
    "  muster submit week-1.csv --validate-only\n"
    "  export-from-records-system | muster submit - --format json -o csv > receipts.csv";

// One deadline holds for so many results: a file of any length gets through as long as it gets on.
constexpr size_t kResultsPerDeadline = 10'000;

struct SubmitOptions {
  std::string path;
  std::string format;
  bool validate_only = false;
};

void PrintProblems(const std::vector<FileProblem>& problems, Colour colour, Session& session) {
  for (const FileProblem& problem : problems) {
    session.err() << Coloured(Printable(problem.Text()), colour, session.err_terminal()) << "\n";
  }
}

// Refused results and warnings, in the order of the file.
void PrintDetails(std::vector<FileProblem> problems, const SubmissionReport& report, Session& session) {
  std::vector<FileProblem> refused = report.Problems();
  std::move(refused.begin(), refused.end(), std::back_inserter(problems));
  SortByPlace(problems);
  PrintProblems(problems, Colour::kRed, session);
  std::vector<FileProblem> warnings = report.Warnings();
  SortByPlace(warnings);
  PrintProblems(warnings, Colour::kYellow, session);
}

// Sends the results and gathers their receipts. An error leaves what was acknowledged in `report`.
absl::Status Send(const ResultsFile& file, bool validate_only, SubmissionReport& report, Session& session) {
  SubmitAllOptions options;
  options.validate_only = validate_only;
  ProgressBar progress(validate_only ? "Checking" : "Submitting", static_cast<int64_t>(file.results.size()),
                       session.err_terminal(), session.err());
  progress.Show(0);
  const absl::Span<const v1::OperationResult> results = file.results;
  for (size_t first = 0; first < results.size(); first += kResultsPerDeadline) {
    options.first_index = first;
    const absl::StatusOr<int64_t> position = session.client().SubmitAll(
        results.subspan(first, kResultsPerDeadline), options, session.Deadline(),
        [&](size_t first_index, const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts) {
          report.Add(first_index, receipts);
          progress.Show(report.acknowledged_count());
        });
    if (!position.ok()) return position.status();
    report.set_position(*position);
  }
  return absl::OkStatus();
}

// The file has problems of its own: nothing is submitted, but the server is asked about the rest of it, so that
// everything can be mended in one go.
ExitCode ExplainProblems(const ResultsFile& file, Session& session) {
  SubmissionReport report(file);
  const absl::Status checked = Send(file, /*validate_only=*/true, report, session);
  PrintDetails(file.problems, report, session);
  const int64_t refused = report.refused_count();
  session.err() << "Nothing was submitted: the file has "
                << Counted(static_cast<int64_t>(file.problems.size()), "problem");
  if (refused > 0) session.err() << ", and the server would refuse " << Counted(refused, "further result");
  session.err() << ".\n";
  if (!checked.ok()) {
    session.err() << "The server could not be asked about the rest: " << Printable(std::string(checked.message()))
                  << "\n";
  }
  return ExitCode::kFailed;
}

void PrintReport(const ResultsFile& file, bool validate_only, const SubmissionReport& report, Session& session) {
  if (session.output() == OutputFormat::kJson) session.PrintJson(report.response());
  if (session.output() == OutputFormat::kCsv) session.out() << report.Csv();
  PrintDetails({}, report, session);
  // With CSV and JSON, standard output is for the receipts alone.
  std::ostream& out = session.output() == OutputFormat::kTable ? session.out() : session.err();
  const int64_t count = static_cast<int64_t>(file.results.size());
  out << (validate_only ? "Checked " : "Submitted ") << Counted(count, "result");
  if (report.acknowledged_count() < count) out << ", " << WithThousands(report.acknowledged_count()) << " acknowledged";
  out << ": " << report.Summary() << ".";
  if (validate_only) {
    out << " Nothing was written.";
  } else if (report.response().position() > 0) {
    out << " Log position " << WithThousands(report.response().position()) << ".";
  }
  out << "\n";
}

ExitCode RunSubmit(const SubmitOptions& options, Session& session) {
  const absl::StatusOr<std::string> text = ReadInput(options.path);
  if (!text.ok()) {
    session.err() << "muster: cannot read " << Printable(std::string(text.status().message())) << "\n";
    return ExitCode::kFailed;
  }
  const InputFormat format = options.format == "csv"    ? InputFormat::kCsv
                             : options.format == "json" ? InputFormat::kJson
                                                        : FormatOf(options.path, *text);
  const ResultsFile file = format == InputFormat::kCsv ? ReadResultsCsv(*text) : ReadResultsJson(*text);
  if (!file.problems.empty()) return ExplainProblems(file, session);

  const absl::Status sizes = SplitIntoBatches(file.results, BatchLimits()).status();
  if (!sizes.ok()) return session.Fail("submit the file", sizes);

  const bool validate_only = options.validate_only || file.validate_only;
  SubmissionReport report(file);
  const absl::Status sent = Send(file, validate_only, report, session);
  if (sent.ok() || report.acknowledged_count() > 0) PrintReport(file, validate_only, report, session);
  if (!sent.ok()) {
    const ExitCode code = session.Fail(validate_only ? "check the file" : "submit the file", sent);
    if (!validate_only) {
      session.err() << "Submit the file again: what was taken is a duplicate then, and counts once.\n";
    }
    return code;
  }
  return report.refused_count() > 0 ? ExitCode::kSomeRefused : ExitCode::kDone;
}

}  // namespace

void AddSubmitCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command = app.add_subcommand("submit", "Submit the results in a CSV or JSON file");
  command->footer(kFooter);
  const auto options = std::make_shared<SubmitOptions>();
  AddTextOption(*command, "FILE", &options->path, "The file, or - for standard input", "")->required();
  AddTextOption(*command, "--format", &options->format, "Instead of what the name or the first byte says", "FORMAT")
      ->check(CLI::IsMember({"csv", "json"}));
  command->add_flag("--validate-only", options->validate_only, "Ask what would become of the results; write nothing");
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunSubmit(*options, session); }; });
}

}  // namespace muster::cli
