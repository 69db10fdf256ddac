// `muster diff`.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "clients/cli/totals_options.h"
#include "clients/cli/totals_text.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "A moment is a time (2023-03-06T17:00, Europe/London; a day alone means its end) or a position of the log.\n"
    "\n"
    "Examples:\n"
    "  muster diff --from 2023-03-06T09:00 --operation county-lines-2023-02 --by force\n"
    "  muster diff --from 1200 --to 1300 --metric arrests\n"
    "  muster diff --from 2023-03-06 --metric cash-seized --region south-east --results     (which results moved it)";

struct DiffOptions {
  TotalsOptions totals;
  v1::DiffTotalsRequest moments;  // Its moments alone.
  bool results = false;
};

// Reads a moment into one of two fields; throws what is wrong with it.
void ReadMoment(const std::string& option, const std::string& text, const std::function<void(int64_t)>& set_position,
                google::protobuf::Timestamp* (*time_of)(v1::DiffTotalsRequest*), v1::DiffTotalsRequest* request) {
  int64_t position = 0;
  if (absl::SimpleAtoi(text, &position) && position > 0) {
    set_position(position);
  } else if (const std::optional<google::protobuf::Timestamp> time = ParseTime(text)) {
    *time_of(request) = *time;
  } else {
    throw CLI::ValidationError(option, absl::StrCat("is \"", text, "\"; must be a time, a day or a position"));
  }
}

const v1::Total* TotalOf(const v1::TotalsRow& row) { return row.has_total() ? &row.total() : nullptr; }
const v1::Total* BeforeOf(const v1::TotalsChange& change) { return change.has_before() ? &change.before() : nullptr; }

// "+7", "-£120"; empty where one of the two is no number.
std::string ChangeText(const v1::Total* before, const v1::Total* after, v1::Dimension dimension) {
  const bool is_known = (before == nullptr || before->has_sum()) && (after == nullptr || after->has_sum());
  if (!is_known) return "";
  const absl::int128 change =
      absl::int128(after == nullptr ? 0 : after->sum()) - (before == nullptr ? 0 : before->sum());
  return absl::StrCat(change < 0 ? "-" : "+", FormatQuantity(change < 0 ? -change : change, dimension));
}

Table RowsTable(const v1::DiffTotalsResponse& response, const Names& names) {
  Table table({{.title = "Total of"},
               {.title = "Before", .wraps = true},
               {.title = "After", .wraps = true},
               {.title = "Change", .right_aligned = true, .may_be_cut = false}});
  for (const v1::TotalsChange& change : response.changes()) {
    const v1::Dimension dimension = names.DimensionOf(change.row().metric());
    table.AddRow({RowText(change.row(), names), TotalText(BeforeOf(change), dimension),
                  TotalText(TotalOf(change.row()), dimension),
                  ChangeText(BeforeOf(change), TotalOf(change.row()), dimension)});
  }
  return table;
}

Table ResultsTable(const v1::DiffTotalsResponse& response, const std::string& metric, const Names& names) {
  const v1::Dimension dimension = names.DimensionOf(metric);
  Table table({{.title = "Operation", .dispensable = true},
               {.title = "Force"},
               {.title = "Result"},
               {.title = "Before", .wraps = true},
               {.title = "After", .wraps = true},
               {.title = "Change", .right_aligned = true, .may_be_cut = false},
               {.title = "Accepted", .may_be_cut = false, .dispensable = true},
               {.title = "Reason", .wraps = true, .hide_if_empty = true}});
  for (const v1::ResultChange& change : response.results()) {
    const v1::Total* const before = change.has_contribution_before() ? &change.contribution_before() : nullptr;
    const v1::Total* const after = change.has_contribution_after() ? &change.contribution_after() : nullptr;
    const v1::OperationResult& result = change.after().result();
    table.AddRow({result.operation(), names.Force(result.force()), result.result_id(), TotalText(before, dimension),
                  TotalText(after, dimension), ChangeText(before, after, dimension),
                  TimeForPeople(change.after().receipt().accept_time()), result.reason()});
  }
  return table;
}

std::string SumText(const v1::Total* total) {
  return total != nullptr && total->has_sum() ? absl::StrCat(total->sum()) : "";
}

void PrintRowsCsv(const v1::DiffTotalsResponse& response, Session& session) {
  session.out() << "operation,region,force,date,metric,categories,before_sum,after_sum,unit,before_qualifier,"
                   "after_qualifier\n";
  for (const v1::TotalsChange& change : response.changes()) {
    const v1::TotalsRow& row = change.row();
    const v1::Total& known = row.has_total() ? row.total() : change.before();
    session.out() << CsvLine({row.operation(), row.region(), row.force(), row.date(), row.metric(),
                              absl::StrJoin(row.categories(), "+"), SumText(BeforeOf(change)), SumText(TotalOf(row)),
                              std::string(UnitName(known.unit())),
                              change.has_before() ? std::string(QualifierName(change.before().qualifier())) : "",
                              row.has_total() ? std::string(QualifierName(row.total().qualifier())) : ""});
  }
}

void PrintResultsCsv(const v1::DiffTotalsResponse& response, Session& session) {
  session.out() << "operation,force,result_id,before_revision,after_revision,before_sum,after_sum,position,accept_time,"
                   "reason\n";
  for (const v1::ResultChange& change : response.results()) {
    const v1::OperationResult& result = change.after().result();
    session.out() << CsvLine({result.operation(), result.force(), result.result_id(),
                              change.has_before() ? absl::StrCat(change.before().result().revision()) : "",
                              absl::StrCat(result.revision()),
                              SumText(change.has_contribution_before() ? &change.contribution_before() : nullptr),
                              SumText(change.has_contribution_after() ? &change.contribution_after() : nullptr),
                              absl::StrCat(change.after().receipt().position()),
                              TimeForPrograms(change.after().receipt().accept_time()), result.reason()});
  }
}

ExitCode RunDiff(const DiffOptions& options, Session& session) {
  v1::DiffTotalsRequest request = options.moments;
  v1::TotalsQuery moment = request.query();
  *request.mutable_query() = ToQuery(options.totals);
  request.mutable_query()->MergeFrom(moment);
  if (options.results) {
    if (request.query().metrics_size() != 1 || request.query().group_by_size() != 0) {
      session.err() << "muster: --results is about one total: give one --metric, and no --by\n";
      return ExitCode::kUsage;
    }
    request.mutable_row()->set_metric(request.query().metrics(0));
    *request.mutable_row()->mutable_categories() = request.query().categories();
  }
  const absl::StatusOr<v1::DiffTotalsResponse> response = session.client().DiffWholeTotals(request, session.Deadline());
  if (!response.ok()) return session.Fail("compare the two moments", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    if (options.results) {
      PrintResultsCsv(*response, session);
    } else {
      PrintRowsCsv(*response, session);
    }
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  const Table table =
      options.results ? ResultsTable(*response, request.row().metric(), *names) : RowsTable(*response, *names);
  session.out() << (table.empty() ? "Nothing changed.\n" : table.Render(session.out_terminal())) << "\n"
                << "From " << TimeForPeople(response->from_time()) << ", log position "
                << WithThousands(response->from_position()) << ", to " << TimeForPeople(response->as_of_time())
                << ", log position " << WithThousands(response->position()) << ".\n";
  return ExitCode::kDone;
}

}  // namespace

void AddDiffCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command = app.add_subcommand("diff", "What changed between two moments, and which results did it");
  command->footer(kFooter);
  const auto options = std::make_shared<DiffOptions>();
  command
      ->add_option_function<std::string>(
          "--from",
          [options](const std::string& text) {
            ReadMoment(
                "--from", text, [&](int64_t position) { options->moments.set_from_position(position); },
                [](v1::DiffTotalsRequest* request) { return request->mutable_from_time(); }, &options->moments);
          },
          "The earlier moment")
      ->type_name("MOMENT")
      ->required();
  command
      ->add_option_function<std::string>(
          "--to",
          [options](const std::string& text) {
            ReadMoment(
                "--to", text, [&](int64_t position) { options->moments.mutable_query()->set_as_of_position(position); },
                [](v1::DiffTotalsRequest* request) { return request->mutable_query()->mutable_as_of_time(); },
                &options->moments);
          },
          "The later moment; now if it is not given")
      ->type_name("MOMENT");
  AddTotalsFilters(*command, &options->totals);
  AddGroupings(*command, &options->totals);
  command->add_flag("--results", options->results, "The results that moved one total, instead of rows");
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunDiff(*options, session); }; });
}

}  // namespace muster::cli
