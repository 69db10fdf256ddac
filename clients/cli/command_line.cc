#include "clients/cli/command_line.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/commands.h"
#include "clients/cli/text.h"
#include "domain/catalogue.h"

namespace muster::cli {
namespace {

constexpr char kDescription[] =
    "Muster takes the results of police operations from many forces and serves regional and national totals.\n"
    "This program is its client: for submitting results, asking for totals, and keeping operations.";

constexpr char kFooter[] =
    "Examples:\n"
    "  muster submit week-1.csv\n"
    "  muster totals --operation county-lines-2023-02 --region south-east\n"
    "  muster coverage --operation county-lines-2023-02 --region south-east\n"
    "  muster totals --by force --metric arrests -o csv > arrests.csv\n"
    "  muster export totals --operation county-lines-2023-02 --output totals.xlsx\n"
    "\n"
    "`muster COMMAND --help` explains a command. In JSON, fields have the names of the proto files, and 64-bit\n"
    "integers are strings, as protobuf's JSON form has them. Progress and errors go to standard error. Colours are\n"
    "used on a terminal only, and never if NO_COLOR is set. For a server with TLS give --tls-certificate, --tls-key "
    "and\n"
    "--tls-ca, or set MUSTER_TLS_CERTIFICATE, MUSTER_TLS_KEY and MUSTER_TLS_CA once.\n"
    "\n"
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 some items refused; 4 server unreachable.";

// The deepest command that the line named.
const CLI::App& DeepestCommand(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  return *deepest;
}

// "muster result get".
std::string PathOf(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name();
  return absl::StrCat(PathOf(*command.get_parent()), " ", command.get_name());
}

// Every word that could have stood where an unexpected one stands.
std::vector<std::string> KnownWords(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* subcommand : command.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(subcommand->get_name());
  }
  for (const CLI::App* level = &command; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back(absl::StrCat("--", name));
    }
  }
  return words;
}

// About the first word that was not understood; empty if all were. `"totls" is not known here; did you mean "totals"?`
std::string UnknownWord(const CLI::App& app, const CLI::App& command) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return "";
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const std::vector<std::string> known = KnownWords(command);
  const std::vector<absl::string_view> views(known.begin(), known.end());
  const std::string nearest = NearestName(word, views);
  return absl::StrCat("\"", Printable(word), "\" is not known here",
                      nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?"));
}

void AddGlobalOptions(CLI::App& app, GlobalOptions* options, ClientTlsFiles* tls) {
  app.add_option("--server", options->server_address, "Address of the server")
      ->envname("MUSTER_SERVER")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--tls-certificate", tls->certificate_file, "TLS: your certificate, PEM")
      ->envname("MUSTER_TLS_CERTIFICATE")
      ->type_name("FILE");
  app.add_option("--tls-key", tls->key_file, "TLS: its key, PEM")->envname("MUSTER_TLS_KEY")->type_name("FILE");
  app.add_option("--tls-ca", tls->ca_file, "TLS: who issued the server's certificate, PEM")
      ->envname("MUSTER_TLS_CA")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--timeout",
         [options](const std::string& text) {
           absl::Duration timeout;
           if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() || timeout > absl::Hours(24)) {
             throw CLI::ValidationError("--timeout",
                                        absl::StrCat("is \"", text, "\"; must be like 30s or 5m, at most 24h"));
           }
           options->timeout = timeout;
         },
         "Longest that a call may take, attempts and waits between them included")
      ->type_name("DURATION")
      ->default_str("30s");
  const std::map<std::string, OutputFormat> formats = {
      {"table", OutputFormat::kTable}, {"csv", OutputFormat::kCsv}, {"json", OutputFormat::kJson}};
  app.add_option_function<std::string>(
         "-o,--output", [options, formats](const std::string& name) { options->output = formats.at(name); },
         "How to write the answer")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->default_str("table");
  app.add_flag_callback(
      "--json", [options] { options->output = OutputFormat::kJson; }, "The same as -o json");
}

// Commands that talk to no server, and so need no certificate.
constexpr std::array<absl::string_view, 3> kLocalCommands = {"restore", "certs", "completion"};

// Reads what TLS needs, if the command needs it; says what is wrong with it.
ExitCode ReadTls(const CLI::App& app, const ClientTlsFiles& files, ClientTls* tls, std::ostream& err) {
  const std::string command = app.get_subcommands().front()->get_name();
  if (files.empty() || std::find(kLocalCommands.begin(), kLocalCommands.end(), command) != kLocalCommands.end()) {
    return ExitCode::kDone;
  }
  if (files.certificate_file.empty() || files.key_file.empty() || files.ca_file.empty()) {
    err << "muster: TLS needs all three: --tls-certificate, --tls-key and --tls-ca (or MUSTER_TLS_CERTIFICATE, "
           "MUSTER_TLS_KEY and MUSTER_TLS_CA)\n";
    return ExitCode::kUsage;
  }
  absl::StatusOr<ClientTls> read = ReadClientTls(files, absl::Now());
  if (!read.ok()) {
    err << "muster: cannot use TLS: " << Printable(std::string(read.status().message())) << "\n";
    return ExitCode::kFailed;
  }
  *tls = *std::move(read);
  return ExitCode::kDone;
}

// What to say of a wrong command line.
void PrintUsageError(const CLI::App& app, const CLI::ParseError& error, std::ostream& err) {
  const CLI::App& command = DeepestCommand(app);
  // CLI11 may say that a command is required where one was misspelt.
  const bool may_be_misspelt = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                               dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  const std::string unknown = may_be_misspelt ? UnknownWord(app, command) : "";
  err << "muster: " << (unknown.empty() ? Printable(error.what()) : unknown) << "\n"
      << "`" << PathOf(command) << " --help` explains it.\n";
}

}  // namespace

ExitCode RunMuster(const std::vector<std::string>& arguments, Streams streams) {
  GlobalOptions options;
  ClientTlsFiles tls_files;
  Command chosen;

  CLI::App app(kDescription, "muster");
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  app.set_version_flag("--version", absl::StrCat("muster ", MUSTER_VERSION));
  app.require_subcommand(1);
  app.fallthrough();  // Options of all commands may come after the command too; commands inherit this.
  AddGlobalOptions(app, &options, &tls_files);
  AddSubmitCommand(app, &chosen);
  AddTotalsCommand(app, &chosen);
  AddExplainCommand(app, &chosen);
  AddDiffCommand(app, &chosen);
  AddCoverageCommand(app, &chosen);
  AddExportCommands(app, &chosen);
  AddResultCommands(app, &chosen);
  AddHistoryCommand(app, &chosen);
  AddOperationsCommands(app, &chosen);
  AddCatalogueCommand(app, &chosen);
  AddVerifyCommand(app, &chosen);
  AddBackupCommands(app, &chosen);
  AddAuditCommand(app, &chosen);
  AddTokensCommands(app, &chosen);
  AddCertsCommands(app, &chosen);
  AddDoctorCommand(app, &chosen);
  AddCompletionCommand(app, &chosen);

  try {
    // CLI11 takes arguments from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    streams.out << app.help();  // Of the command that the line names.
    return ExitCode::kDone;
  } catch (const CLI::CallForVersion& version) {
    streams.out << version.what() << "\n";
    return ExitCode::kDone;
  } catch (const CLI::ParseError& error) {
    PrintUsageError(app, error, streams.err);
    return ExitCode::kUsage;
  }

  if (const ExitCode read = ReadTls(app, tls_files, &options.tls, streams.err); read != ExitCode::kDone) return read;
  Session session(options, streams);
  const ExitCode code = chosen(session);
  streams.out.flush();
  if (!streams.out) {
    streams.err << "muster: the output could not be written\n";
    return code == ExitCode::kDone ? ExitCode::kFailed : code;
  }
  return code;
}

}  // namespace muster::cli
