#include "bench/processes/musterd.h"

#include <csignal>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/processes/bound_process.h"
#include "bench/stopwatch.h"

namespace muster::bench {
namespace {

constexpr char kProgram[] = MUSTER_BINARY_DIR "/musterd";

}  // namespace

Musterd::Musterd(std::string folder) : folder_(std::move(folder)) { Start(); }

Musterd::~Musterd() = default;

double Musterd::Start() {
  const Stopwatch stopwatch;
  process_ = StartBound({kProgram, "--config", "/dev/null", "--store", store(), "--listen", "127.0.0.1:0"},
                        folder_ + "/musterd.log");
  address_ = WaitUntilListening(*process_);
  return stopwatch.Seconds();
}

void Musterd::Stop() {
  process_->Signal(SIGTERM);
  if (process_->WaitUntilEnded() != 0) throw std::runtime_error("musterd did not stop well: " + process_->Log());
}

void Musterd::Kill() {
  process_->Signal(SIGKILL);
  if (!process_->WaitUntilEnded()) throw std::runtime_error("musterd could not be killed");
}

}  // namespace muster::bench
