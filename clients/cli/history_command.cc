// `muster history`.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/enum_names.h"
#include "clients/cli/figure_changes.h"
#include "clients/cli/figure_text.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/result_text.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Every revision, the oldest first: what it was taken as, when, why, and which figures it changed.\n"
    "\n"
    "Examples:\n"
    "  muster history county-lines-2023-02 kent week-1\n"
    "  muster history county-lines-2023-02 kent week-1 -o csv     (a line for every figure that changed)";

struct HistoryOptions {
  std::string operation, force, result_id;
};

std::string OutcomeName(const v1::StoredResult& stored) {
  return ShortEnumName(v1::Outcome_Name(stored.receipt().outcome()), "OUTCOME_");
}

std::string FigureOrNothing(const std::optional<v1::Figure>& figure, v1::Dimension dimension) {
  return figure ? FigureText(*figure, dimension) : "nothing";
}

// "Arrests 7 → 8; Drug wraps (Heroin) nothing → 12"; the figures of a first revision alone.
std::string ChangesText(const v1::StoredResult* before, const v1::StoredResult& after, const Names& names) {
  std::vector<std::string> texts;
  for (const FigureChange& change : FigureChangesBetween(before, after)) {
    const v1::Dimension dimension = names.DimensionOf(change.metric);
    std::vector<std::string> categories;
    categories.reserve(change.categories.size());
    for (const std::string& id : change.categories) categories.push_back(names.Category(id));
    std::string text = names.Metric(change.metric);
    if (!categories.empty()) absl::StrAppend(&text, " (", absl::StrJoin(categories, ", "), ")");
    absl::StrAppend(&text, " ");
    if (before != nullptr) absl::StrAppend(&text, FigureOrNothing(change.before, dimension), " → ");
    absl::StrAppend(&text, FigureOrNothing(change.after, dimension));
    texts.push_back(std::move(text));
  }
  return texts.empty() ? "no figure" : absl::StrJoin(texts, "; ");
}

Table MakeTable(const v1::ListRevisionsResponse& history, const Names& names) {
  Table table({{.title = "Revision", .right_aligned = true, .may_be_cut = false},
               {.title = "Outcome", .may_be_cut = false},
               {.title = "Accepted", .may_be_cut = false},
               {.title = "Position", .right_aligned = true, .may_be_cut = false, .dispensable = true},
               {.title = "Period", .may_be_cut = false, .dispensable = true},
               {.title = "State", .dispensable = true},
               {.title = "Reason", .wraps = true, .hide_if_empty = true},
               {.title = "Figures", .wraps = true}});
  const v1::StoredResult* before = nullptr;
  for (const v1::StoredResult& stored : history.revisions()) {
    table.AddRow({absl::StrCat(stored.result().revision()), OutcomeName(stored),
                  TimeForPeople(stored.receipt().accept_time()), WithThousands(stored.receipt().position()),
                  PeriodText(stored.result()), StateText(stored.result()), stored.result().reason(),
                  ChangesText(before, stored, names)});
    before = &stored;
  }
  return table;
}

constexpr char kCsvHeader[] =
    "revision,outcome,accept_time,position,start_date,end_date,state,reason,metric,categories,before_value,before_unit,"
    "before_qualifier,after_value,after_unit,after_qualifier\n";

void AddFigureCells(const std::optional<v1::Figure>& figure, std::vector<std::string>* cells) {
  cells->push_back(figure && figure->has_value() ? absl::StrCat(figure->value()) : "");
  cells->push_back(figure && figure->has_value() ? std::string(UnitName(figure->unit())) : "");
  cells->push_back(figure ? std::string(QualifierName(figure->qualifier())) : "");
}

// One line for every figure that changed; one without a figure where none did.
void PrintCsv(const v1::ListRevisionsResponse& history, Session& session) {
  session.out() << kCsvHeader;
  const v1::StoredResult* before = nullptr;
  for (const v1::StoredResult& stored : history.revisions()) {
    std::vector<FigureChange> changes = FigureChangesBetween(before, stored);
    if (changes.empty()) changes.emplace_back();
    for (const FigureChange& change : changes) {
      std::vector<std::string> cells = {absl::StrCat(stored.result().revision()),
                                        OutcomeName(stored),
                                        TimeForPrograms(stored.receipt().accept_time()),
                                        absl::StrCat(stored.receipt().position()),
                                        stored.result().start_date(),
                                        stored.result().end_date(),
                                        StateText(stored.result()),
                                        stored.result().reason(),
                                        change.metric,
                                        absl::StrJoin(change.categories, "+")};
      AddFigureCells(change.before, &cells);
      AddFigureCells(change.after, &cells);
      session.out() << CsvLine(cells);
    }
    before = &stored;
  }
}

ExitCode RunHistory(const HistoryOptions& options, Session& session) {
  v1::ListRevisionsRequest request;
  request.set_operation(options.operation);
  request.set_force(options.force);
  request.set_result_id(options.result_id);
  const absl::StatusOr<v1::ListRevisionsResponse> history =
      session.client().ListAllRevisions(request, session.Deadline());
  if (!history.ok()) return session.Fail("read the history of the result", history.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*history);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    PrintCsv(*history, session);
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  session.out() << MakeTable(*history, *names).Render(session.out_terminal());
  return ExitCode::kDone;
}

}  // namespace

void AddHistoryCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command = app.add_subcommand("history", "What stood when of one result, and why it changed");
  command->footer(kFooter);
  const auto options = std::make_shared<HistoryOptions>();
  AddTextOption(*command, "OPERATION", &options->operation, "Id of an operation", "")->required();
  AddTextOption(*command, "FORCE", &options->force, "Id of a force", "")->required();
  AddTextOption(*command, "RESULT_ID", &options->result_id, "The force's own name for the result", "")->required();
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunHistory(*options, session); }; });
}

}  // namespace muster::cli
