// `muster doctor`.
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/examination.h"
#include "clients/cli/text.h"
#include "google/protobuf/struct.pb.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Looks from this machine: whether the server's name is known and somebody listens there, what protects the\n"
    "connection, whether the server takes results, its version, its clock beside this one, and its catalogue. Below "
    "what\n"
    "failed stands how to mend it. On the server's machine, `musterd --check` looks from the other side.\n"
    "\n"
    "Exit codes: 0 nothing failed; 1 something did; 4 no server was reached.\n"
    "\n"
    "Example:\n"
    "  muster doctor --server muster.example.police.uk:7450";

Colour ColourOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return Colour::kGreen;
    case Verdict::kNote:
      return Colour::kYellow;
    case Verdict::kFailed:
      return Colour::kRed;
  }
  return Colour::kNone;
}

// `text` with spaces behind it, so that what follows stands below what follows elsewhere.
std::string Padded(const std::string& text, size_t columns) {
  return absl::StrCat(text, std::string(columns > text.size() ? columns - text.size() : 0, ' '));
}

void PrintLines(const std::vector<Finding>& findings, Session& session) {
  constexpr size_t kVerdictColumns = 8;
  constexpr size_t kSubjectColumns = 11;
  for (const Finding& finding : findings) {
    const std::string verdict = Padded(std::string(VerdictWord(finding.verdict)), kVerdictColumns);
    session.out() << Coloured(verdict, ColourOf(finding.verdict), session.out_terminal())
                  << Padded(finding.subject, kSubjectColumns) << finding.found << "\n";
    if (!finding.mend.empty()) {
      session.out() << std::string(kVerdictColumns + kSubjectColumns, ' ') << finding.mend << "\n";
    }
  }
}

void PrintCsv(const std::vector<Finding>& findings, Session& session) {
  session.out() << "subject,verdict,found,mend\n";
  for (const Finding& finding : findings) {
    const std::vector<std::string> cells = {finding.subject, std::string(VerdictWord(finding.verdict)), finding.found,
                                            finding.mend};
    session.out() << CsvLine(cells);
  }
}

void PrintJson(const std::vector<Finding>& findings, Session& session) {
  google::protobuf::Struct answer;
  google::protobuf::ListValue* const list = (*answer.mutable_fields())["findings"].mutable_list_value();
  for (const Finding& finding : findings) {
    auto& fields = *list->add_values()->mutable_struct_value()->mutable_fields();
    fields["subject"].set_string_value(finding.subject);
    fields["verdict"].set_string_value(std::string(VerdictWord(finding.verdict)));
    fields["found"].set_string_value(finding.found);
    fields["mend"].set_string_value(finding.mend);
  }
  session.PrintJson(answer);
}

ExitCode RunDoctor(Session& session) {
  const Examination examination = Examine(session);
  switch (session.output()) {
    case OutputFormat::kTable:
      PrintLines(examination.findings, session);
      break;
    case OutputFormat::kCsv:
      PrintCsv(examination.findings, session);
      break;
    case OutputFormat::kJson:
      PrintJson(examination.findings, session);
      break;
  }
  return examination.exit_code;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command =
      app.add_subcommand("doctor", "Find out what is wrong between this machine and the server, and how to mend it");
  command->footer(kFooter);
  command->callback([chosen] { *chosen = RunDoctor; });
}

}  // namespace muster::cli
