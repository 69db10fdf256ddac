#include "bench/processes/bound_process.h"

#include <stdexcept>
#include <utility>

namespace muster::bench {

std::unique_ptr<ChildProcess> StartBound(std::vector<std::string> words, const std::string& log_file) {
  std::vector<std::string> bound = {"setpriv", "--pdeathsig", "KILL", "--"};
  for (std::string& word : words) bound.push_back(std::move(word));
  return std::make_unique<ChildProcess>(std::move(bound), log_file);
}

std::string WaitUntilListening(ChildProcess& process) {
  const std::string prefix = "listening on ";
  const std::string line = process.ReadLine().value_or("");
  if (line.rfind(prefix, 0) != 0) throw std::runtime_error("a server did not start: " + process.Log());
  return line.substr(prefix.size());
}

}  // namespace muster::bench
