// `muster operations`: list, show, create, update, close, reopen.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/names.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace muster::cli {
namespace {

constexpr char kCreateFooter[] =
    "Creating the same operation again changes nothing. DAY is like 2021-10-15; TIME is a day, which means its end, "
    "or\n"
    "like 2021-10-15T17:00 in London, or with a zone: 2021-10-15T16:00:00Z.\n"
    "\n"
    "Example:\n"
    "  muster operations create --id county-lines-2026-11 --title \"County Lines week, November 2026\" \\\n"
    "      --from 2026-11-23 --to 2026-11-29 --due 2026-12-04T17:00 --expect-metric arrests,cash-seized";

constexpr char kUpdateFooter[] =
    "Only what is given changes; the window stays as it is.\n"
    "\n"
    "Examples:\n"
    "  muster operations update county-lines-2026-11 --due 2026-12-11\n"
    "  muster operations update county-lines-2026-11 --clear due,forces";

// What may be set of an operation.
struct OperationOptions {
  std::string id, title, from, to, due;
  std::vector<std::string> forces, metrics, clear;
};

std::string StateText(const v1::Operation& operation) { return operation.closed() ? "closed" : "open"; }

std::string DueForPeople(const v1::Operation& operation) {
  return operation.has_due_time() ? TimeForPeople(operation.due_time()) : "";
}

void PrintOperation(const v1::Operation& operation, const Names& names, Session& session) {
  const auto named = [](const auto& ids, const auto& name_of) {
    std::vector<std::string> all;
    for (const std::string& id : ids) all.push_back(name_of(id));
    return absl::StrJoin(all, ", ");
  };
  const std::string forces = named(operation.expected_forces(), [&](const std::string& id) { return names.Force(id); });
  const std::string metrics =
      named(operation.expected_metrics(), [&](const std::string& id) { return names.Metric(id); });
  Table table({{.title = "Operation", .may_be_cut = false}, {.title = Printable(operation.id()), .wraps = true}});
  table.AddRow({"Title", operation.title()});
  table.AddRow({"Window", absl::StrCat(operation.start_date(), " to ", operation.end_date())});
  table.AddRow({"Due", operation.has_due_time() ? DueForPeople(operation) : std::string("no due time")});
  table.AddRow({"State", StateText(operation)});
  table.AddRow({"Expected forces", forces.empty() ? std::string("all territorial forces") : forces});
  table.AddRow({"Zero in a nil result", metrics.empty() ? std::string("no metric") : metrics});
  session.out() << table.Render(session.out_terminal());
}

void PrintCsv(const std::vector<v1::Operation>& operations, std::ostream& out) {
  out << "id,title,start_date,end_date,due_time,expected_forces,expected_metrics,closed,change_position\n";
  for (const v1::Operation& operation : operations) {
    const std::vector<std::string> cells = {
        operation.id(),
        operation.title(),
        operation.start_date(),
        operation.end_date(),
        operation.has_due_time() ? TimeForPrograms(operation.due_time()) : "",
        absl::StrJoin(operation.expected_forces(), "+"),
        absl::StrJoin(operation.expected_metrics(), "+"),
        operation.closed() ? "true" : "false",
        absl::StrCat(operation.change_position()),
    };
    out << CsvLine(cells);
  }
}

// Prints the answer of a call about one operation, or why it failed.
template <typename Response>
ExitCode PrintAnswer(const absl::StatusOr<Response>& response, absl::string_view what, Session& session) {
  if (!response.ok()) return session.Fail(what, response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    PrintCsv({response->operation()}, session.out());
    return ExitCode::kDone;
  }
  const absl::StatusOr<Names> names = FetchNames(session);
  if (!names.ok()) return session.Fail("read the catalogue", names.status());
  PrintOperation(response->operation(), *names, session);
  return ExitCode::kDone;
}

ExitCode RunList(Session& session) {
  const absl::StatusOr<v1::ListOperationsResponse> response = session.client().ListAllOperations(session.Deadline());
  if (!response.ok()) return session.Fail("list the operations", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    PrintCsv({response->operations().begin(), response->operations().end()}, session.out());
    return ExitCode::kDone;
  }
  Table table({{.title = "Operation", .cut_last = true},
               {.title = "Title"},
               {.title = "From", .may_be_cut = false},
               {.title = "To", .may_be_cut = false},
               {.title = "Due", .may_be_cut = false, .hide_if_empty = true, .dispensable = true},
               {.title = "State"}});
  for (const v1::Operation& operation : response->operations()) {
    table.AddRow({operation.id(), operation.title(), operation.start_date(), operation.end_date(),
                  DueForPeople(operation), StateText(operation)});
  }
  session.out() << (table.empty() ? "No operations.\n" : table.Render(session.out_terminal()));
  return ExitCode::kDone;
}

ExitCode RunCreate(const OperationOptions& options, const std::optional<google::protobuf::Timestamp>& due,
                   Session& session) {
  v1::CreateOperationRequest request;
  v1::Operation& operation = *request.mutable_operation();
  operation.set_id(options.id);
  operation.set_title(options.title);
  operation.set_start_date(options.from);
  operation.set_end_date(options.to);
  if (due.has_value()) *operation.mutable_due_time() = *due;
  for (const std::string& force : options.forces) operation.add_expected_forces(force);
  for (const std::string& metric : options.metrics) operation.add_expected_metrics(metric);
  return PrintAnswer(session.client().CreateOperation(request, session.Deadline()), "create the operation", session);
}

ExitCode RunUpdate(const OperationOptions& options, const std::optional<google::protobuf::Timestamp>& due,
                   Session& session) {
  v1::UpdateOperationRequest request;
  v1::Operation& operation = *request.mutable_operation();
  google::protobuf::FieldMask& mask = *request.mutable_update_mask();
  operation.set_id(options.id);
  if (!options.title.empty()) {
    operation.set_title(options.title);
    mask.add_paths("title");
  }
  if (due.has_value()) {
    *operation.mutable_due_time() = *due;
    mask.add_paths("due_time");
  }
  if (!options.forces.empty()) {
    for (const std::string& force : options.forces) operation.add_expected_forces(force);
    mask.add_paths("expected_forces");
  }
  if (!options.metrics.empty()) {
    for (const std::string& metric : options.metrics) operation.add_expected_metrics(metric);
    mask.add_paths("expected_metrics");
  }
  // In the mask and not in the operation: emptied.
  for (const std::string& name : options.clear) {
    mask.add_paths(name == "due" ? "due_time" : name == "forces" ? "expected_forces" : "expected_metrics");
  }
  return PrintAnswer(session.client().UpdateOperation(request, session.Deadline()), "update the operation", session);
}

void AddListAndShow(CLI::App& group, Command* chosen) {
  CLI::App* const list = group.add_subcommand("list", "All operations, by start day");
  list->footer("Example:\n  muster operations list -o csv");
  list->callback([chosen] { *chosen = RunList; });

  CLI::App* const show = group.add_subcommand("show", "One operation: window, due time, what is expected");
  show->footer("Example:\n  muster operations show county-lines-2023-02");
  const auto id = std::make_shared<std::string>();
  AddTextOption(*show, "OPERATION", id.get(), "Id of an operation", "")->required();
  show->callback([chosen, id] {
    *chosen = [id](Session& session) {
      v1::GetOperationRequest request;
      request.set_operation(*id);
      return PrintAnswer(session.client().GetOperation(request, session.Deadline()), "show the operation", session);
    };
  });
}

void AddCloseAndReopen(CLI::App& group, Command* chosen) {
  const auto id = std::make_shared<std::string>();
  CLI::App* const close = group.add_subcommand("close", "Take no further results for an operation");
  close->footer("Example:\n  muster operations close county-lines-2023-02");
  CLI::App* const reopen = group.add_subcommand("reopen", "Take results for a closed operation again");
  reopen->footer("Example:\n  muster operations reopen county-lines-2023-02");
  for (CLI::App* const command : {close, reopen}) {
    AddTextOption(*command, "OPERATION", id.get(), "Id of an operation", "")->required();
  }
  close->callback([chosen, id] {
    *chosen = [id](Session& session) {
      v1::CloseOperationRequest request;
      request.set_operation(*id);
      return PrintAnswer(session.client().CloseOperation(request, session.Deadline()), "close the operation", session);
    };
  });
  reopen->callback([chosen, id] {
    *chosen = [id](Session& session) {
      v1::ReopenOperationRequest request;
      request.set_operation(*id);
      return PrintAnswer(session.client().ReopenOperation(request, session.Deadline()), "reopen the operation",
                         session);
    };
  });
}

// Options of create and update alike. Returns the due time once the command line is parsed.
std::shared_ptr<std::optional<google::protobuf::Timestamp>> AddDetails(CLI::App& command, OperationOptions* options) {
  auto due = std::make_shared<std::optional<google::protobuf::Timestamp>>();
  command
      .add_option_function<std::string>(
          "--due",
          [due](const std::string& text) {
            *due = ParseTime(text);
            if (!due->has_value()) {
              throw CLI::ValidationError(
                  "--due",
                  absl::StrCat("is \"", text, "\"; must be like 2021-10-15, 2021-10-15T17:00 or 2021-10-15T16:00:00Z"));
            }
          },
          "Results that are accepted later are marked late")
      ->type_name("TIME");
  AddListOption(command, "--expect-force", &options->forces,
                "A force that is expected to report; none named: all territorial forces", "ID");
  AddListOption(command, "--expect-metric", &options->metrics, "A metric that a nil result states as zero", "ID");
  return due;
}

}  // namespace

void AddOperationsCommands(CLI::App& app, Command* chosen) {
  CLI::App* const group = app.add_subcommand("operations", "The operations that results belong to");
  group->footer("");
  group->require_subcommand(1);
  AddListAndShow(*group, chosen);

  CLI::App* const create = group->add_subcommand("create", "Make an operation");
  create->footer(kCreateFooter);
  const auto made = std::make_shared<OperationOptions>();
  AddTextOption(*create, "--id", &made->id, "Lower-case words joined by hyphens", "ID")->required();
  AddTextOption(*create, "--title", &made->title, "For people", "TEXT")->required();
  AddTextOption(*create, "--from", &made->from, "First day of the window", "DAY")->required();
  AddTextOption(*create, "--to", &made->to, "Last day of the window", "DAY")->required();
  const auto made_due = AddDetails(*create, made.get());
  create->callback([chosen, made, made_due] {
    *chosen = [made, made_due](Session& session) { return RunCreate(*made, *made_due, session); };
  });

  CLI::App* const update = group->add_subcommand("update", "Change title, due time, or what is expected");
  update->footer(kUpdateFooter);
  const auto changed = std::make_shared<OperationOptions>();
  AddTextOption(*update, "OPERATION", &changed->id, "Id of an operation", "")->required();
  CLI::Option* const title = AddTextOption(*update, "--title", &changed->title, "For people", "TEXT");
  const auto changed_due = AddDetails(*update, changed.get());
  CLI::Option* const clear = AddListOption(*update, "--clear", &changed->clear,
                                           "Set back: due (none), forces (all territorial), metrics (none)", "FIELD");
  clear->check(CLI::IsMember({"due", "forces", "metrics"}));
  update->callback([chosen, changed, changed_due, title, clear] {
    const bool changes = title->count() > 0 || clear->count() > 0 || changed_due->has_value() ||
                         !changed->forces.empty() || !changed->metrics.empty();
    if (!changes) {
      throw CLI::RequiredError("One of --title, --due, --expect-force, --expect-metric or --clear");
    }
    *chosen = [changed, changed_due](Session& session) { return RunUpdate(*changed, *changed_due, session); };
  });

  AddCloseAndReopen(*group, chosen);
}

}  // namespace muster::cli
