// The options that say which totals a command is about.
#ifndef MUSTER_CLIENTS_CLI_TOTALS_OPTIONS_H_
#define MUSTER_CLIENTS_CLI_TOTALS_OPTIONS_H_

#include <string>
#include <vector>

#include "muster/v1/totals_service.pb.h"

namespace CLI {
class App;
}  // namespace CLI

namespace muster::cli {

struct TotalsOptions {
  v1::TotalsQuery query;
  std::vector<std::string> operations, regions, forces, metrics, categories, breakdowns, group_by;
};

// `options` is not owned; it is set while the command line is parsed, and must be there until then.
void AddTotalsOptions(CLI::App& command, TotalsOptions* options);
// Parts of them: what the totals are of, but for days; the days; which rows there are.
void AddTotalsFilters(CLI::App& command, TotalsOptions* options);
void AddDayFilters(CLI::App& command, TotalsOptions* options);
void AddGroupings(CLI::App& command, TotalsOptions* options);

// The option that says as of when.
void AddMomentOption(CLI::App& command, TotalsOptions* options);

// The option that names an operation to stand beside.
void AddComparisonOption(CLI::App& command, TotalsOptions* options);

v1::TotalsQuery ToQuery(const TotalsOptions& options);

bool GroupsBy(const v1::TotalsQuery& query, v1::GroupBy group_by);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_TOTALS_OPTIONS_H_
