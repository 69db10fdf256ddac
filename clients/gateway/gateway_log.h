// The log of the gateway: as that of musterd, one JSON object a line for machines, or a readable line for people.
#ifndef MUSTER_CLIENTS_GATEWAY_GATEWAY_LOG_H_
#define MUSTER_CLIENTS_GATEWAY_GATEWAY_LOG_H_

#include <string>

#include "spdlog/common.h"

namespace muster::gateway {

enum class LogFormat {
  kAuto,  // Text on a terminal, JSON everywhere else.
  kText,
  kJson,
};

// On standard error; takes the messages of gRPC in, too. Before anything is logged.
void StartLog(LogFormat format, spdlog::level::level_enum level);

// One answer, at level debug. Of the path what stands before "?" alone; never a token.
void LogAnswer(const std::string& method, const std::string& path, int status);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_GATEWAY_LOG_H_
