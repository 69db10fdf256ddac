// A part of a checkpoint as somebody else may have written it, structure-aware: it is refused, or is a cube that is
// written as it was read, and that questions are answered from.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "aggregator/coverage.h"
#include "aggregator/cubes.h"
#include "aggregator/force_cube.h"
#include "aggregator/group_builder.h"
#include "aggregator/totals.h"
#include "aggregator/totals_query.h"
#include "domain/check.h"
#include "muster/store/v1/checkpoint.pb.h"
#include "tests/fuzz/fuzzed_server.h"
#include "tests/fuzz/memory_store.h"
#include "tests/fuzz/message_mutator.h"

namespace muster::fuzz {
namespace {

void Ask(const Cubes& cubes) {
  v1::TotalsQuery question;
  question.add_group_by(v1::GROUP_BY_FORCE);
  question.add_group_by(v1::GROUP_BY_CATEGORY);
  for (const v1::Metric& metric : cubes.catalogue().proto().metrics()) {
    if (metric.additivity() != v1::ADDITIVITY_NOT_ADDITIVE) question.add_metrics(metric.id());
  }
  FieldProblems problems;
  const std::optional<TotalsQuery> query =
      ParseTotalsQuery(question, "query", cubes.catalogue(), *cubes.operations(), &problems);
  MUSTER_CHECK(query.has_value());
  v1::QueryTotalsResponse answer;
  const absl::Status status = ComputeTotals(cubes, *query, &answer);
  MUSTER_CHECK(status.ok() || absl::IsOutOfRange(status));
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT(google-build-using-namespace)
  store::v1::CheckpointForceCube part;
  if (!fuzz::ParseText(data, size, &part)) return 0;
  const Catalogue& catalogue = *fuzz::SharedCatalogue();
  absl::StatusOr<ForceCube> cube = ForceCube::FromCheckpoint(&catalogue, part);
  if (!cube.ok()) {
    MUSTER_CHECK(absl::IsDataLoss(cube.status()));
    return 0;
  }
  const absl::StatusOr<ForceCube> again = ForceCube::FromCheckpoint(&catalogue, cube->ToCheckpoint());
  MUSTER_CHECK(again.ok() && again->Equals(*cube) && again->DifferenceFrom(*cube).empty());
  MUSTER_CHECK(again->CellCount() == cube->CellCount());

  Cubes cubes(fuzz::SharedCatalogue(), [] { return int64_t{0}; });
  cubes.RestoreCube(catalogue.proto().operations(0).id(), 0, *std::move(cube));
  fuzz::Ask(cubes);
  const MemoryStore store;
  const GroupBuilder builder(store, cubes);  // The writer starts from these cubes.
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  muster::store::v1::CheckpointForceCube part;
  return muster::fuzz::MutateText(muster::fuzz::ApiWords, data, size, max_size, seed, &part);
}
