// Totals of one operation beside those of another, as people and spreadsheets see them.
#ifndef MUSTER_CLIENTS_CLI_COMPARISON_TEXT_H_
#define MUSTER_CLIENTS_CLI_COMPARISON_TEXT_H_

#include <string>

#include "clients/cli/names.h"
#include "clients/cli/table.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::cli {

// "+12 (+8%)", "about -£3,000", "no change"; empty where one of the two was not stated or has no sum, for then there is
// nothing to compare. About, unless both are exact.
std::string ChangeText(const v1::TotalsRow& row, v1::Dimension dimension);

// The rows of an answer to a query with a baseline.
Table ComparisonTable(const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response, const Names& names);

// The titles of CSV files, and one line of them; each with its line feed.
extern const char kComparisonCsvHeader[];
std::string ComparisonCsvLine(const v1::TotalsRow& row, const Names& names);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_COMPARISON_TEXT_H_
