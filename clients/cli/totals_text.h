// Totals as people and spreadsheets see them.
#ifndef MUSTER_CLIENTS_CLI_TOTALS_TEXT_H_
#define MUSTER_CLIENTS_CLI_TOTALS_TEXT_H_

#include <ostream>
#include <string>
#include <vector>

#include "clients/cli/charts.h"
#include "clients/cli/names.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::cli {

// What a row is of: the columns on the left of tables, and their cells.
std::vector<Column> RowNameColumns(const v1::TotalsQuery& query);
std::vector<Cell> RowNameCells(const v1::TotalsQuery& query, const v1::TotalsRow& row, const Names& names);

// What a table of totals shows beside them; nothing where it is for no terminal.
struct TotalsCharts {
  bool has_bars = false;                  // A bar for each row, beside the largest of its metric.
  const DailyCourses* courses = nullptr;  // Not owned.
  Terminal terminal;
};

Table TotalsTable(const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response, const Names& names,
                  const TotalsCharts& charts = {});

// What row a row is, for people: "South East, Kent, 2021-10-15, Drug wraps (Heroin)".
std::string RowText(const v1::TotalsRow& row, const Names& names);
// A total for people, with its caveats; "nothing" if there is none.
std::string TotalText(const v1::Total* total, v1::Dimension dimension);

// The titles of CSV files with totals, and one line of them; each with its line feed.
extern const char kTotalsCsvHeader[];
std::string TotalsCsvLine(const v1::TotalsRow& row, const Names& names);

// Says what goes with the rows: who is in them, what they stand for, and what the dates of the query cut.
void PrintTotalsContext(const v1::QueryTotalsResponse& response, const Names& names, const Terminal& terminal,
                        std::ostream& out);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_TOTALS_TEXT_H_
