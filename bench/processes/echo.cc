#include "bench/processes/echo.h"

#include <fstream>
#include <stdexcept>

#include "bench/processes/bound_process.h"

namespace muster::bench {

Echo::Echo(const std::string& parent, const std::string& answer) : folder_(parent) {
  const std::string file = folder_.path() + "/answer";
  std::ofstream out(file, std::ios::binary);
  out << answer;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + file);
  process_ = StartBound({MUSTER_BINARY_DIR "/muster_bench_echo", file}, folder_.path() + "/log");
  address_ = WaitUntilListening(*process_);
}

}  // namespace muster::bench
