// `muster audit`.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "nlohmann/json.hpp"

namespace muster::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFooter[] =
    "Needs no server: it reads files, on the machine where they are. PATH is an audit file, or the folder of them all "
    "(\"audit\"\n"
    "in the folder of the store), which is read from the oldest line on.\n"
    "\n"
    "Examples:\n"
    "  muster audit /var/lib/muster/store/audit --decision refused --since 2026-11-01\n"
    "  muster audit audit.jsonl --caller force/kent --call SubmitResults -o json";

struct AuditOptions {
  std::string path;
  std::vector<std::string> callers;
  std::vector<std::string> calls;
  std::vector<std::string> decisions;
  std::string since;
  std::string until;
};

// As times in the file are written, which sort as text; nullopt if it is no time.
std::optional<std::string> BoundOf(std::string text, bool is_end) {
  constexpr size_t kDayBytes = 10;
  if (!is_end && text.size() == kDayBytes) text += "T00:00";  // A day alone means its end.
  const std::optional<google::protobuf::Timestamp> time = ParseTime(text);
  if (!time) return std::nullopt;
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ",
                          absl::FromUnixSeconds(time->seconds()) + absl::Nanoseconds(time->nanos()),
                          absl::UTCTimeZone());
}

// "force/*" stands for all that begin so.
bool IsOneOf(const std::string& text, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return absl::EndsWith(pattern, "*") ? absl::StartsWith(text, pattern.substr(0, pattern.size() - 1))
                                               : text == pattern;
         });
}

// "SubmitResults" will do for "IngestService.SubmitResults".
bool IsOneOfCalls(const std::string& call, const std::vector<std::string>& patterns) {
  return IsOneOf(call, patterns) || IsOneOf(call.substr(call.rfind('.') + 1), patterns);
}

std::string TextOf(const Json& line, const char* name) {
  const auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

// "3 accepted, 1 rejected".
std::string ResultsOf(const Json& line) {
  const auto results = line.find("results");
  if (results == line.end() || !results->is_object()) return "";
  std::vector<std::string> counts;
  for (const auto& [outcome, count] : results->items()) counts.push_back(absl::StrCat(count.dump(), " ", outcome));
  return absl::StrJoin(counts, ", ");
}

// The files of a folder from the oldest on, or the one file. The error says which cannot be read.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, "audit") && absl::EndsWith(name, ".jsonl")) files.push_back(entry.path().string());
  }
  if (error) return absl::PermissionDeniedError(absl::StrCat(path, ": ", error.message()));
  std::sort(files.begin(), files.end());  // "audit-TIME.jsonl", by time; then "audit.jsonl".
  return files;
}

ExitCode RunAudit(const AuditOptions& options, Session& session) {
  std::optional<std::string> since = "";
  std::optional<std::string> until = "9";  // Later than any year.
  if (!options.since.empty()) since = BoundOf(options.since, false);
  if (!options.until.empty()) until = BoundOf(options.until, true);
  if (!since || !until) {
    session.err() << "muster: --" << (since ? "until" : "since")
                  << " must be a day like 2026-11-26, or a time like 2026-11-26T17:00\n";
    return ExitCode::kUsage;
  }
  const absl::StatusOr<std::vector<std::string>> files = FilesOf(options.path);
  if (!files.ok()) return session.Fail("read the audit", files.status());
  Table table({{.title = "Time"},
               {.title = "Caller"},
               {.title = "Call"},
               {.title = "Object"},
               {.title = "Decision", .may_be_cut = false},
               {.title = "Reason", .hide_if_empty = true},
               {.title = "Results", .hide_if_empty = true},
               {.title = "Token", .hide_if_empty = true, .dispensable = true},
               {.title = "Request", .dispensable = true},
               {.title = "Serial", .hide_if_empty = true, .dispensable = true}});
  if (session.output() == OutputFormat::kCsv) {
    session.out() << "time,caller,call,object,decision,reason,results,token,request_id,serial\n";
  }
  int64_t unreadable = 0;
  for (const std::string& file : *files) {
    std::ifstream in(file, std::ios::binary);
    std::error_code error;
    if (!in || std::filesystem::is_directory(file, error)) {
      return session.Fail("read the audit", absl::NotFoundError(absl::StrCat(Printable(file), ": cannot be read")));
    }
    for (std::string text; std::getline(in, text);) {
      if (text.empty()) continue;
      const Json line = Json::parse(text, nullptr, false);
      if (!line.is_object()) {
        ++unreadable;
        continue;
      }
      const std::string time = TextOf(line, "time");
      const std::string caller = TextOf(line, "caller");
      const std::string call = TextOf(line, "call");
      const std::string decision = TextOf(line, "decision");
      if (time < *since || time > *until || !IsOneOf(caller, options.callers) || !IsOneOfCalls(call, options.calls) ||
          !IsOneOf(decision, options.decisions)) {
        continue;
      }
      if (session.output() == OutputFormat::kJson) {
        session.out() << text << "\n";
        continue;
      }
      const std::vector<std::string> cells = {time,
                                              caller,
                                              call,
                                              TextOf(line, "object"),
                                              decision,
                                              TextOf(line, "reason"),
                                              ResultsOf(line),
                                              TextOf(line, "token"),
                                              TextOf(line, "request_id"),
                                              TextOf(line, "serial")};
      if (session.output() == OutputFormat::kCsv) {
        session.out() << CsvLine(cells);
        continue;
      }
      std::vector<Cell> row;
      row.reserve(cells.size());
      for (const std::string& cell : cells) row.emplace_back(Printable(cell));
      constexpr size_t kDecision = 4;
      row[kDecision].colour = decision == "allowed" ? Colour::kNone : Colour::kRed;
      table.AddRow(std::move(row));
    }
  }
  if (session.output() == OutputFormat::kTable) {
    session.out() << (table.empty() ? "No line of the audit is so.\n" : table.Render(session.out_terminal()));
  }
  if (unreadable > 0) {
    session.err() << "muster: " << Counted(unreadable, "line")
                  << " cannot be read: a server that was killed may leave half a line\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void AddAuditCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command = app.add_subcommand("audit", "Say who did what, and who was refused, from audit files");
  command->footer(kFooter);
  const auto options = std::make_shared<AuditOptions>();
  AddTextOption(*command, "PATH", &options->path, "Audit file, or folder of them", "")->required();
  AddListOption(*command, "--caller", &options->callers, "Only of these callers: force/kent; \"force/*\" is all forces",
                "CALLER");
  AddListOption(*command, "--call", &options->calls, "Only these calls: SubmitResults; \"CatalogueService.*\"", "CALL");
  AddListOption(*command, "--decision", &options->decisions, "Only what was decided so", "DECISION")
      ->check(CLI::IsMember({"allowed", "refused", "failed"}));
  AddTextOption(*command, "--since", &options->since, "Not before this day or time", "TIME");
  AddTextOption(*command, "--until", &options->until, "Not after this day or time", "TIME");
  command->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunAudit(*options, session); }; });
}

}  // namespace muster::cli
