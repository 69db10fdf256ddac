// `muster explain`.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/names.h"
#include "clients/cli/result_text.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "clients/cli/totals_options.h"
#include "clients/cli/totals_text.h"
#include "domain/careful_writer.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Says which results one total is made of, and what each of them adds: together they are the total. The total is\n"
    "that which `muster totals` shows for the same filters and one metric.\n"
    "\n"
    "Examples:\n"
    "  muster explain --operation county-lines-2023-02 --region south-east --metric cash-seized\n"
    "  muster explain --operation county-lines-2023-02 --metric drug-wraps --category heroin -o csv";

// A total, and what it is made of, at one position.
struct ExplainedTotal {
  v1::QueryTotalsResponse totals;
  v1::ExplainTotalResponse explanation;
};

// Both are asked for one after the other, again where something was accepted in between that moved the total.
absl::StatusOr<ExplainedTotal> Ask(const v1::TotalsQuery& query, Session& session) {
  constexpr int kMaxAttempts = 5;
  ExplainedTotal explained;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    absl::StatusOr<v1::QueryTotalsResponse> totals = session.client().QueryAllTotals(query, session.Deadline());
    if (!totals.ok()) return totals.status();
    explained.totals = *std::move(totals);
    explained.explanation.Clear();
    if (explained.totals.rows().empty()) return explained;
    v1::ExplainTotalRequest request;
    *request.mutable_query() = query;
    *request.mutable_row() = explained.totals.rows(0);
    absl::StatusOr<v1::ExplainTotalResponse> explanation =
        session.client().ExplainWholeTotal(std::move(request), session.Deadline());
    if (!explanation.ok()) return explanation.status();
    explained.explanation = *std::move(explanation);
    if (explained.explanation.position() == explained.totals.position()) break;
  }
  return explained;
}

Table MakeTable(const ExplainedTotal& explained, const Names& names) {
  Table table({{.title = "Operation", .dispensable = true},
               {.title = "Force"},
               {.title = "Result"},
               {.title = "Revision", .right_aligned = true, .may_be_cut = false, .dispensable = true},
               {.title = "Period", .may_be_cut = false, .dispensable = true},
               {.title = "Adds", .right_aligned = true, .may_be_cut = false},
               {.title = "", .cut_last = true, .hide_if_empty = true, .gap = 0},
               {.title = "State", .may_be_cut = false, .dispensable = true},
               {.title = "Accepted", .may_be_cut = false, .dispensable = true},
               {.title = "Position", .right_aligned = true, .may_be_cut = false, .dispensable = true}});
  const v1::Dimension dimension = names.DimensionOf(explained.totals.rows(0).metric());
  for (int index = 0; index < explained.explanation.results_size(); ++index) {
    const v1::StoredResult& stored = explained.explanation.results(index);
    const CarefulTotal adds = WriteCarefully(explained.explanation.contributions(index), dimension);
    table.AddRow({stored.result().operation(), names.Force(stored.result().force()), stored.result().result_id(),
                  absl::StrCat(stored.result().revision()), PeriodText(stored.result()), adds.headline, adds.caveats,
                  StateText(stored.result()), TimeForPeople(stored.receipt().accept_time()),
                  WithThousands(stored.receipt().position())});
  }
  return table;
}

constexpr char kCsvHeader[] =
    "operation,force,result_id,revision,start_date,end_date,position,accept_time,metric,sum,unit,qualifier,at_least,"
    "at_most,estimate,uncounted_count,not_broken_down,described\n";

void PrintCsv(const ExplainedTotal& explained, const Names& names, Session& session) {
  session.out() << kCsvHeader;
  for (int index = 0; index < explained.explanation.results_size(); ++index) {
    const v1::StoredResult& stored = explained.explanation.results(index);
    const v1::Total& adds = explained.explanation.contributions(index);
    const std::string& metric = explained.totals.rows(0).metric();
    const std::vector<std::string> cells = {stored.result().operation(),
                                            stored.result().force(),
                                            stored.result().result_id(),
                                            absl::StrCat(stored.result().revision()),
                                            stored.result().start_date(),
                                            stored.result().end_date(),
                                            absl::StrCat(stored.receipt().position()),
                                            TimeForPrograms(stored.receipt().accept_time()),
                                            metric,
                                            absl::StrCat(adds.sum()),
                                            std::string(UnitName(adds.unit())),
                                            std::string(QualifierName(adds.qualifier())),
                                            absl::StrCat(adds.at_least()),
                                            adds.has_at_most() ? absl::StrCat(adds.at_most()) : "",
                                            absl::StrCat(adds.estimate()),
                                            absl::StrCat(adds.uncounted_count()),
                                            absl::StrCat(adds.not_broken_down()),
                                            WriteCarefully(adds, names.DimensionOf(metric)).Text()};
    session.out() << CsvLine(cells);
  }
}

ExitCode RunExplain(const TotalsOptions& options, Session& session) {
  const v1::TotalsQuery query = ToQuery(options);
  if (query.metrics_size() != 1) {
    session.err() << "muster: explain is about one total: give one --metric\n";
    return ExitCode::kUsage;
  }
  const absl::StatusOr<ExplainedTotal> explained = Ask(query, session);
  if (!explained.ok()) return session.Fail("explain the total", explained.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(explained->explanation);
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  if (session.output() == OutputFormat::kCsv) {
    PrintCsv(*explained, *names, session);
    return ExitCode::kDone;
  }
  if (explained->totals.rows().empty()) {
    session.out() << "Nothing was reported.\n";
    return ExitCode::kDone;
  }
  const v1::TotalsRow& row = explained->totals.rows(0);
  session.out() << MakeTable(*explained, *names).Render(session.out_terminal()) << "\n"
                << RowText(row, *names) << ": " << TotalText(&row.total(), names->DimensionOf(row.metric())) << ".\n";
  const int64_t shown = explained->explanation.results_size();
  if (shown < row.total().result_count()) {
    session.out() << "Of its " << Counted(row.total().result_count(), "result") << " you may see "
                  << WithThousands(shown) << ".\n";
  }
  session.out() << "As of " << TimeForPeople(explained->explanation.as_of_time()) << ", log position "
                << WithThousands(explained->explanation.position()) << ".\n";
  return ExitCode::kDone;
}

}  // namespace

void AddExplainCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command = app.add_subcommand("explain", "The results that one total is made of");
  command->footer(kFooter);
  const auto options = std::make_shared<TotalsOptions>();
  AddTotalsFilters(*command, options.get());
  AddDayFilters(*command, options.get());
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunExplain(*options, session); }; });
}

}  // namespace muster::cli
