// What one revision of a result changed of the one before.
#ifndef MUSTER_CLIENTS_CLI_FIGURE_CHANGES_H_
#define MUSTER_CLIENTS_CLI_FIGURE_CHANGES_H_

#include <optional>
#include <string>
#include <vector>

#include "muster/v1/ingest_service.pb.h"

namespace muster::cli {

// One figure, before and after; at least one of the two is there.
struct FigureChange {
  std::string metric;
  std::vector<std::string> categories;  // Ids, ascending.
  std::optional<v1::Figure> before;
  std::optional<v1::Figure> after;
};

// The figures that differ between two revisions, by metric and categories. `before` is nullptr for the first revision,
// of which every figure is new. A nil result states the zeros of its metrics, and a retracted one nothing. Two figures
// that say the same in other units ("1 kg", "1,000 g") do not differ.
std::vector<FigureChange> FigureChangesBetween(const v1::StoredResult* before, const v1::StoredResult& after);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_FIGURE_CHANGES_H_
