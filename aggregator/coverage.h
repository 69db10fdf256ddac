// Who was expected to report, and who did.
#ifndef MUSTER_AGGREGATOR_COVERAGE_H_
#define MUSTER_AGGREGATOR_COVERAGE_H_

#include <vector>

#include "aggregator/cubes.h"
#include "aggregator/totals_query.h"
#include "domain/catalogue.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// The operations of a view that a scope takes, by start date, then id: the order in which answers list them.
std::vector<const OperationCubes*> OperationsInOrder(const CubesView& view, const Scope& scope);

// The coverage of the operations, regions and forces of `scope`. A force is in the region that it is in on the last day
// of the operation, or on `regions_as_of`. Names whom the scope shows only; without `only_shown` it counts the others
// too. `coverage` must be empty.
void ComputeCoverage(const CubesView& view, const Catalogue& catalogue, const Scope& scope, v1::Coverage* coverage);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_COVERAGE_H_
