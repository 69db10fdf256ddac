// Who is in a total, in a sentence. It goes with every total.
#ifndef MUSTER_CLIENTS_CLI_COVERAGE_TEXT_H_
#define MUSTER_CLIENTS_CLI_COVERAGE_TEXT_H_

#include <string>
#include <vector>

#include "clients/cli/names.h"
#include "clients/cli/terminal.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::cli {

// "3 of 4 forces: Thames Valley, Hampshire, Sussex; missing: Surrey". One line for each operation, unless there are
// many: then one line in all. Missing forces are red on a terminal with colours.
std::vector<std::string> CoverageLines(const v1::Coverage& coverage, const Names& names, const Terminal& terminal);

// "final", "covered by Southern Wales", "missing".
std::string StateText(const v1::ForceCoverage& force, const Names& names);
Colour StateColour(v1::CoverageState state);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_COVERAGE_TEXT_H_
