// CSV, by the names that commands use.
#ifndef MUSTER_CLIENTS_CLI_CSV_TEXT_H_
#define MUSTER_CLIENTS_CLI_CSV_TEXT_H_

#include "clients/export/csv_text.h"

namespace muster::cli {

using exports::CsvLine;
using exports::CsvRow;
using exports::CsvRows;
using exports::ReadCsv;

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_CSV_TEXT_H_
