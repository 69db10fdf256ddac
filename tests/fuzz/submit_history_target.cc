// Histories of a server, structure-aware: calls in groups, changes of operations, questions, checkpoints and restarts.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzzed_server.h"
#include "tests/fuzz/message_mutator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  muster::fuzz::History history;
  if (!muster::fuzz::ParseText(data, size, &history)) return 0;
  muster::fuzz::FuzzedServer server;
  for (const muster::fuzz::Step& step : history.steps()) server.Take(step);
  server.CheckLaws();
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  muster::fuzz::History history;
  return muster::fuzz::MutateText(muster::fuzz::ApiWords, data, size, max_size, seed, &history);
}
