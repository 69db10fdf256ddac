// What the program tells the shell. Scripts depend on these: they never change their meaning.
#ifndef MUSTER_CLIENTS_CLI_EXIT_CODE_H_
#define MUSTER_CLIENTS_CLI_EXIT_CODE_H_

namespace muster::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,       // The server or a file said no; standard error says why.
  kUsage = 2,        // The command line makes no sense; nothing was tried.
  kSomeRefused = 3,  // Some results were refused; the others were taken.
  kUnreachable = 4,  // No server answered.
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_EXIT_CODE_H_
