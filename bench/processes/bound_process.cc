#include "bench/processes/bound_process.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace muster::bench {

namespace {

std::unique_ptr<ChildProcess> Start(std::vector<std::string> options, std::vector<std::string> words,
                                    const std::string& log_file) {
  std::vector<std::string> bound = {"setpriv", "--pdeathsig", "KILL"};
  std::move(options.begin(), options.end(), std::back_inserter(bound));
  bound.emplace_back("--");
  std::move(words.begin(), words.end(), std::back_inserter(bound));
  return std::make_unique<ChildProcess>(std::move(bound), log_file);
}

}  // namespace

std::unique_ptr<ChildProcess> StartBound(std::vector<std::string> words, const std::string& log_file) {
  return Start({}, std::move(words), log_file);
}

std::unique_ptr<ChildProcess> StartBoundAs(const std::string& user, std::vector<std::string> words,
                                           const std::string& log_file) {
  return Start({"--reuid", user, "--regid", user, "--init-groups"}, std::move(words), log_file);
}

std::string WaitUntilListening(ChildProcess& process) {
  const std::string prefix = "listening on ";
  const std::string line = process.ReadLine().value_or("");
  if (line.rfind(prefix, 0) != 0) throw std::runtime_error("a server did not start: " + process.Log());
  return line.substr(prefix.size());
}

}  // namespace muster::bench
