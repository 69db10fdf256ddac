// What every command says alike of a result.
#ifndef MUSTER_CLIENTS_CLI_RESULT_TEXT_H_
#define MUSTER_CLIENTS_CLI_RESULT_TEXT_H_

#include <string>

#include "muster/v1/result.pb.h"

namespace muster::cli {

// "2021-10-15", "2021-10-11 to 2021-10-17".
std::string PeriodText(const v1::OperationResult& result);

// "final", "provisional", "nil, final", "retracted".
std::string StateText(const v1::OperationResult& result);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_RESULT_TEXT_H_
