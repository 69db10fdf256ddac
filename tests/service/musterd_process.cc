#include "tests/service/musterd_process.h"

#include <utility>

namespace muster {
namespace {

constexpr char kMusterd[] = MUSTER_BINARY_DIR "/musterd";

std::vector<std::string> MusterdWords(const std::vector<std::string>& arguments, std::vector<std::string> words) {
  // Whatever this machine has in /etc is not read, unless a later --config says so.
  words.insert(words.end(), {"env", "MUSTERD_CONFIG=/dev/null", kMusterd});
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

MusterdProcess::MusterdProcess(const std::vector<std::string>& arguments, std::string log_file,
                               const std::vector<std::string>& run_by)
    : ChildProcess(MusterdWords(arguments, run_by), std::move(log_file)) {}

std::string MusterdProcess::WaitUntilListening() {
  const std::string prefix = "listening on ";
  const std::string line = ReadLine().value_or("");
  return line.rfind(prefix, 0) == 0 ? line.substr(prefix.size()) : "";
}

std::vector<std::string> ServeStore(const std::string& store) { return {"--store", store, "--listen", "127.0.0.1:0"}; }

}  // namespace muster
