// Times, by the names that commands use.
#ifndef MUSTER_CLIENTS_CLI_TIMES_H_
#define MUSTER_CLIENTS_CLI_TIMES_H_

#include "clients/export/times.h"

namespace muster::cli {

using exports::ParseTime;
using exports::TimeForPeople;
using exports::TimeForPrograms;

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_TIMES_H_
