// The real musterd as a process of its own, to stop it, kill it and start it again.
#ifndef MUSTER_TESTS_SERVICE_MUSTERD_PROCESS_H_
#define MUSTER_TESTS_SERVICE_MUSTERD_PROCESS_H_

#include <string>
#include <vector>

#include "tests/service/child_process.h"

namespace muster {

class MusterdProcess : public ChildProcess {
 public:
  // Runs `musterd ARGUMENTS...`, behind the words of a program that runs another if there are any. `log_file` takes
  // what it writes on standard error.
  MusterdProcess(const std::vector<std::string>& arguments, std::string log_file,
                 const std::vector<std::string>& run_by = {});

  // Waits until it says where it listens; returns the address, or "" if it ends, or is silent, before.
  std::string WaitUntilListening();
};

// The arguments of a server on a store, on a free port.
std::vector<std::string> ServeStore(const std::string& store);

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_MUSTERD_PROCESS_H_
