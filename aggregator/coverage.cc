#include "aggregator/coverage.h"

#include <algorithm>
#include <tuple>

#include "absl/time/time.h"
#include "domain/timestamp.h"

namespace muster {
namespace {

const ForceCube* CubeOf(const OperationCubes& operation, ForceIndex force) {
  return operation.forces[static_cast<size_t>(force)].get();
}

v1::CoverageState StateOf(const ForceCube* cube) {
  if (cube == nullptr) return v1::COVERAGE_STATE_MISSING;
  if (cube->result_count() == 0) {
    return cube->retracted_count() > 0 ? v1::COVERAGE_STATE_RETRACTED : v1::COVERAGE_STATE_MISSING;
  }
  if (cube->nil_count() == cube->result_count()) return v1::COVERAGE_STATE_NIL;
  return cube->final_count() == cube->result_count() ? v1::COVERAGE_STATE_FINAL : v1::COVERAGE_STATE_PROVISIONAL;
}

void SetCoverage(const OperationCubes& operation, ForceIndex force, RegionIndex region, bool expected,
                 const Catalogue& catalogue, int64_t as_of_time_us, v1::ForceCoverage* to) {
  const ForceCube* const cube = CubeOf(operation, force);
  v1::ForceCoverage& coverage = *to;
  coverage.set_operation(operation.operation->proto.id());
  coverage.set_force(catalogue.force(force).id());
  if (region != kNoRegion) coverage.set_region(catalogue.region(region).id());
  coverage.set_expected(expected);
  coverage.set_state(StateOf(cube));
  if (cube == nullptr || cube->result_count() == 0) {
    for (const ForceIndex consortium : catalogue.ConsortiaOf(force)) {
      const ForceCube* const joint = CubeOf(operation, consortium);
      if (joint == nullptr || joint->result_count() == 0) continue;
      coverage.set_state(v1::COVERAGE_STATE_COVERED);
      coverage.set_covered_by(catalogue.force(consortium).id());
      break;
    }
  }
  int64_t first_heard_us = 0;
  if (cube != nullptr) {
    coverage.set_result_count(cube->result_count());
    if (cube->last_heard_us() != 0) *coverage.mutable_last_heard_time() = TimestampOf(cube->last_heard_us());
    first_heard_us = cube->first_heard_us();
  }
  if (operation.operation->due_time) {
    const absl::Time due = *operation.operation->due_time;
    if (first_heard_us != 0) {
      coverage.set_late(absl::FromUnixMicros(first_heard_us) > due);
    } else {
      coverage.set_late(coverage.state() == v1::COVERAGE_STATE_MISSING && absl::FromUnixMicros(as_of_time_us) > due);
    }
  }
}

}  // namespace

std::vector<const OperationCubes*> OperationsInOrder(const CubesView& view, const Scope& scope) {
  std::vector<const OperationCubes*> operations;
  for (const OperationCubes& cubes : view.operations) {
    if (scope.TakesOperation(cubes.operation->proto.id())) operations.push_back(&cubes);
  }
  std::sort(operations.begin(), operations.end(), [](const OperationCubes* a, const OperationCubes* b) {
    return std::forward_as_tuple(a->operation->window.first, a->operation->proto.id()) <
           std::forward_as_tuple(b->operation->window.first, b->operation->proto.id());
  });
  return operations;
}

void ComputeCoverage(const CubesView& view, const Catalogue& catalogue, const Scope& scope, v1::Coverage* coverage) {
  for (const OperationCubes* const operation : OperationsInOrder(view, scope)) {
    const absl::CivilDay day = scope.regions_as_of.value_or(operation->operation->window.last);
    const std::vector<ForceIndex>& expected_forces = operation->operation->expected_forces;
    for (ForceIndex force = 0; force < catalogue.force_count(); ++force) {
      if (!scope.TakesForceOf(force, operation->operation->window.last, catalogue)) continue;
      const RegionIndex region = catalogue.RegionOn(force, day);
      if (!scope.TakesRegion(region)) continue;
      const bool expected = std::binary_search(expected_forces.begin(), expected_forces.end(), force);
      if (!expected && CubeOf(*operation, force) == nullptr) continue;
      v1::ForceCoverage unlisted;
      const bool listed = scope.Shows(force, operation->operation->window.last, catalogue);
      v1::ForceCoverage& one = listed ? *coverage->add_forces() : unlisted;
      SetCoverage(*operation, force, region, expected, catalogue, view.as_of_time_us, &one);
      if (!expected) continue;
      coverage->set_expected_count(coverage->expected_count() + 1);
      if (one.state() == v1::COVERAGE_STATE_MISSING || one.state() == v1::COVERAGE_STATE_RETRACTED) {
        if (listed) coverage->add_missing_forces(one.force());
      } else {
        coverage->set_reported_count(coverage->reported_count() + 1);
        if (one.state() != v1::COVERAGE_STATE_PROVISIONAL) coverage->set_final_count(coverage->final_count() + 1);
      }
    }
  }
}

}  // namespace muster
