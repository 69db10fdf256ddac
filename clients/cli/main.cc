// The binary muster.
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "clients/cli/command_line.h"

int main(int argc, char** argv) {
  // A reader that has seen enough (`| head`) is no reason to die without a word.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  muster::cli::Streams streams = {std::cout, std::cerr, muster::cli::TerminalOf(1), muster::cli::TerminalOf(2)};
  return static_cast<int>(muster::cli::RunMuster(arguments, streams));
}
