// The commands. Each function adds one, with its options and help, to a command line; parsing sets what is to be run.
#ifndef MUSTER_CLIENTS_CLI_COMMANDS_H_
#define MUSTER_CLIENTS_CLI_COMMANDS_H_

#include <functional>

#include "clients/cli/exit_code.h"
#include "clients/cli/session.h"

namespace CLI {
class App;
}  // namespace CLI

namespace muster::cli {

// What a parsed command line asks for. Empty until then.
using Command = std::function<ExitCode(Session&)>;

// `chosen` is not owned; it is set while the command line is parsed, if the command is the one that it names.
void AddSubmitCommand(CLI::App& app, Command* chosen);
void AddTotalsCommand(CLI::App& app, Command* chosen);
void AddExplainCommand(CLI::App& app, Command* chosen);
void AddDiffCommand(CLI::App& app, Command* chosen);
void AddCoverageCommand(CLI::App& app, Command* chosen);
void AddExportCommands(CLI::App& app, Command* chosen);
void AddResultCommands(CLI::App& app, Command* chosen);
void AddHistoryCommand(CLI::App& app, Command* chosen);
void AddOperationsCommands(CLI::App& app, Command* chosen);
void AddCatalogueCommand(CLI::App& app, Command* chosen);
void AddVerifyCommand(CLI::App& app, Command* chosen);
void AddBackupCommands(CLI::App& app, Command* chosen);
void AddAuditCommand(CLI::App& app, Command* chosen);
void AddTokensCommands(CLI::App& app, Command* chosen);
void AddCertsCommands(CLI::App& app, Command* chosen);
void AddDoctorCommand(CLI::App& app, Command* chosen);
// Writes the completion of `app` as a whole, so it must be added last.
void AddCompletionCommand(CLI::App& app, Command* chosen);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_COMMANDS_H_
