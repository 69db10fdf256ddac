#include "bench/processes/echo.h"

#include <fstream>
#include <stdexcept>
#include <vector>

#include "bench/processes/bound_process.h"

namespace muster::bench {

Echo::Echo(const std::string& parent, const std::string& answer, Writes writes) : folder_(parent) {
  const std::string file = folder_.path() + "/answer";
  std::ofstream out(file, std::ios::binary);
  out << answer;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + file);
  std::vector<std::string> command = {MUSTER_BINARY_DIR "/muster_bench_echo", file};
  if (writes == Writes::kSynced) command.push_back(folder_.path() + "/written");
  process_ = StartBound(command, folder_.path() + "/log");
  address_ = WaitUntilListening(*process_);
}

}  // namespace muster::bench
