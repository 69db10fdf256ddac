// The binary muster.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "clients/cli/command_line.h"

int main(int argc, char** argv) {
  // What gRPC logs of a connection that fails, muster says in its own words. Whoever sets it wants to see more.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  muster::cli::Streams streams = {std::cout, std::cerr, muster::cli::TerminalOf(1), muster::cli::TerminalOf(2)};
  return static_cast<int>(muster::cli::RunMuster(arguments, streams));
}
