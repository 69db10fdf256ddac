// The command line as a whole: options of all commands, the commands, and what becomes of a wrong one.
#ifndef MUSTER_CLIENTS_CLI_COMMAND_LINE_H_
#define MUSTER_CLIENTS_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "clients/cli/exit_code.h"
#include "clients/cli/session.h"

namespace muster::cli {

// Parses `arguments` (without the program's name) and runs the command that they name. Reads standard input only for
// a command that says so.
ExitCode RunMuster(const std::vector<std::string>& arguments, Streams streams);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_COMMAND_LINE_H_
