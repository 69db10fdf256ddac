// `muster export totals` and `muster export results`.
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/text.h"
#include "clients/cli/totals_options.h"
#include "clients/export/document.h"
#include "clients/export/results_document.h"
#include "clients/export/totals_document.h"

namespace muster::cli {
namespace {

constexpr char kTotalsFooter[] =
    "One row for each total, with what is certain of it, its bounds, and who is in it. Numbers are whole, in base "
    "units\n"
    "(pence, mg, ml, minutes). JSON and workbooks have the coverage of every force and notes as well.\n"
    "\n"
    "Examples:\n"
    "  muster export totals --operation county-lines-2023-02 --by region,force --output totals.xlsx\n"
    "  muster export totals --operation county-lines-2023-02 --by category --format csv > totals.csv";

constexpr char kResultsFooter[] =
    "The newest revision of every result of one operation, as `muster submit` reads it: submitted again, each is a\n"
    "DUPLICATE. Without --force: of all forces whose results you may read; the others are named on standard error.\n"
    "\n"
    "Examples:\n"
    "  muster export results --operation county-lines-2023-02 --output results.csv\n"
    "  muster export results --operation county-lines-2023-02 --force kent,sussex --format json > results.json";

struct FileOptions {
  std::string format;  // Empty: as the name of the file ends, and CSV without one.
  std::string file;    // Empty, or "-": standard output.
};

struct ExportOptions {
  FileOptions file;
  TotalsOptions totals;
  std::string operation;
  std::vector<std::string> forces;
};

void AddFileOptions(CLI::App& command, FileOptions* options) {
  command.add_option("--format", options->format, "csv, json or xlsx; if not given, as the name of the file ends")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"csv", "json", "xlsx"}));
  command.add_option("--output", options->file, "The file to write; it is replaced. If not given, standard output")
      ->type_name("FILE");
}

// The format that the options ask for; said on standard error, and nullopt, if it cannot be known.
std::optional<exports::Format> FormatOf(const FileOptions& options, Session& session) {
  if (!options.format.empty()) return exports::FormatFromName(options.format);
  if (session.output() == OutputFormat::kCsv) return exports::Format::kCsv;  // -o csv, of all commands.
  if (session.output() == OutputFormat::kJson) return exports::Format::kJson;
  if (options.file.empty() || options.file == "-") return exports::Format::kCsv;
  const std::string ending = options.file.substr(options.file.rfind('.') + 1);
  const std::optional<exports::Format> format = exports::FormatFromName(ending);
  if (!format.has_value()) {
    session.err() << "muster: --output " << Printable(options.file)
                  << " ends in none of .csv, .json and .xlsx: give --format too\n";
  }
  return format;
}

ExitCode WriteOut(const FileOptions& options, const std::string& bytes, Session& session) {
  if (options.file.empty() || options.file == "-") {
    session.out() << bytes;
    return ExitCode::kDone;
  }
  std::ofstream file(options.file, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  if (file) return ExitCode::kDone;
  session.err() << "muster: cannot write " << Printable(options.file) << "\n";
  return ExitCode::kFailed;
}

ExitCode ExportTotals(const ExportOptions& options, Session& session) {
  const std::optional<exports::Format> format = FormatOf(options.file, session);
  if (!format.has_value()) return ExitCode::kUsage;
  const v1::TotalsQuery query = ToQuery(options.totals);
  const absl::StatusOr<v1::QueryTotalsResponse> response = session.client().QueryAllTotals(query, session.Deadline());
  if (!response.ok()) return session.Fail("query totals", response.status());
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  const absl::StatusOr<std::string> bytes =
      exports::Write(exports::TotalsDocument({query, *response, *names}), *format);
  if (!bytes.ok()) return session.Fail("export the totals", bytes.status());
  return WriteOut(options.file, *bytes, session);
}

// Forces that reported anything to the operation, or were expected to.
absl::StatusOr<std::vector<std::string>> ForcesOf(const std::string& operation, Session& session) {
  v1::GetCoverageRequest request;
  request.add_operations(operation);
  const absl::StatusOr<v1::GetCoverageResponse> response = session.client().GetCoverage(request, session.Deadline());
  if (!response.ok()) return response.status();
  std::vector<std::string> forces;
  for (const v1::ForceCoverage& force : response->coverage().forces()) forces.push_back(force.force());
  return forces;
}

ExitCode ExportResults(const ExportOptions& options, Session& session) {
  const std::optional<exports::Format> format = FormatOf(options.file, session);
  if (!format.has_value()) return ExitCode::kUsage;
  std::vector<std::string> forces = options.forces;
  const bool all = forces.empty();
  if (all) {
    absl::StatusOr<std::vector<std::string>> found = ForcesOf(options.operation, session);
    if (!found.ok()) return session.Fail("find out who reported", found.status());
    forces = *std::move(found);
  }
  std::vector<v1::OperationResult> results;
  std::vector<std::string> left_out;
  for (const std::string& force : forces) {
    absl::StatusOr<v1::ListResultsResponse> response =
        session.client().ListAllResults(options.operation, force, session.Deadline());
    if (all && absl::IsPermissionDenied(response.status())) {
      left_out.push_back(force);
      continue;
    }
    if (!response.ok()) return session.Fail(absl::StrCat("list the results of ", force), response.status());
    for (v1::StoredResult& stored : *response->mutable_results()) {
      results.push_back(std::move(*stored.mutable_result()));
    }
  }
  if (!left_out.empty()) {
    session.err() << "Left out, because you may not read their results: " << absl::StrJoin(left_out, ", ") << "\n";
  }
  const absl::StatusOr<std::string> bytes = *format == exports::Format::kJson
                                                ? exports::ResultsJson(results)
                                                : exports::Write(exports::ResultsDocument(results), *format);
  if (!bytes.ok()) return session.Fail("export the results", bytes.status());
  return WriteOut(options.file, *bytes, session);
}

}  // namespace

void AddExportCommands(CLI::App& app, Command* chosen) {
  CLI::App* const group = app.add_subcommand("export", "Totals or results as a file: CSV, JSON or a workbook");
  group->footer("");
  group->require_subcommand(1);
  const auto options = std::make_shared<ExportOptions>();

  CLI::App* const totals = group->add_subcommand("totals", "Totals, one row each, with who is in them");
  totals->footer(kTotalsFooter);
  AddTotalsOptions(*totals, &options->totals);
  AddFileOptions(*totals, &options->file);
  totals->callback(
      [chosen, options] { *chosen = [options](Session& session) { return ExportTotals(*options, session); }; });

  CLI::App* const results = group->add_subcommand("results", "Results of an operation, one figure a row");
  results->footer(kResultsFooter);
  AddTextOption(*results, "--operation", &options->operation, "Of this operation", "ID")->required();
  AddListOption(*results, "--force", &options->forces, "Only of these forces", "ID");
  AddFileOptions(*results, &options->file);
  results->callback(
      [chosen, options] { *chosen = [options](Session& session) { return ExportResults(*options, session); }; });
}

}  // namespace muster::cli
