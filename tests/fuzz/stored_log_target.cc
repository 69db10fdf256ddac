// A chunk of the log as somebody else may have written it, structure-aware: a start from it says what is wrong with it,
// or comes to totals that are the fold of it.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "aggregator/cubes.h"
#include "aggregator/group_builder.h"
#include "aggregator/recovery.h"
#include "aggregator/verification.h"
#include "domain/check.h"
#include "muster/store/v1/log.pb.h"
#include "storage/keys.h"
#include "tests/fuzz/fuzzed_server.h"
#include "tests/fuzz/memory_store.h"
#include "tests/fuzz/message_mutator.h"

namespace muster::fuzz {
namespace {

// What the store sees when it makes its index: ids that a key holds, and each entry in the place of the newest.
bool WouldOpen(const MemoryStore& store) {
  std::map<std::tuple<std::string, std::string, std::string>, LogPosition> newest;
  return store
      .Replay(1,
              [&](const LoggedEntry& entry) -> absl::Status {
                if (!entry.entry.has_result()) return absl::OkStatus();
                const ResultKey key = KeyOf(entry.entry.result().result());
                if (!IsKeyPart(key.operation) || !IsKeyPart(key.force) || !IsKeyPart(key.result_id)) {
                  return absl::DataLossError("no key");
                }
                LogPosition& before =
                    newest[{std::string(key.operation), std::string(key.force), std::string(key.result_id)}];
                if (before != entry.entry.result().replaced_position()) return absl::DataLossError("not the newest");
                before = entry.position;
                return absl::OkStatus();
              })
      .ok();
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT(google-build-using-namespace)
  store::v1::LogChunk chunk;
  if (!fuzz::ParseText(data, size, &chunk) || chunk.entries().empty()) return 0;
  MemoryStore store;
  store.AddChunk(chunk.SerializeAsString(), chunk.entries_size());
  if (!fuzz::WouldOpen(store)) return 0;
  Cubes cubes(fuzz::SharedCatalogue(), [] { return int64_t{0}; });
  const absl::StatusOr<RecoveryReport> recovered = Recover(store, &cubes);
  if (!recovered.ok()) {
    MUSTER_CHECK(!recovered.status().message().empty());
    return 0;
  }
  MUSTER_CHECK(cubes.position() == store.last_position());
  const absl::StatusOr<VerificationReport> report = VerifyCubes(store, cubes);
  MUSTER_CHECK(report.ok() && report->mismatch_count == 0);
  const GroupBuilder builder(store, cubes);  // The writer starts from these cubes.
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  muster::store::v1::LogChunk chunk;
  return muster::fuzz::MutateText(muster::fuzz::ApiWords, data, size, max_size, seed, &chunk);
}
