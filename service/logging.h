// How the log looks: one JSON object a line for machines, or a readable line for people.
#ifndef MUSTER_SERVICE_LOGGING_H_
#define MUSTER_SERVICE_LOGGING_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spdlog/common.h"
#include "spdlog/formatter.h"

namespace muster {

enum class LogFormat {
  kAuto,  // Text on a terminal, JSON everywhere else.
  kText,
  kJson,
};

// Sets up the log of the process, on standard error, and takes the messages of gRPC and protobuf into it. Before
// anything is logged.
void StartLogging(LogFormat format, spdlog::level::level_enum level);

// JSON: {"time":"2026-11-26T10:00:00.000000Z","level":"info","message":"…"}, and then the fields of the thread that
// logs (LogFields). Text: time, level, message, and the fields as name=value. Either is one line whatever the message
// holds, and valid UTF-8.
std::unique_ptr<spdlog::formatter> MakeLogFormatter(LogFormat format);

// Fields that go with every message that this thread logs while the object is there; those of an outer one stay.
// Values are ids and names, never what a result holds: logs are read by more people than results are.
class LogFields {
 public:
  using Field = std::pair<std::string_view, std::string>;
  // A field without a value is left out. The names must outlive the object.
  LogFields(std::initializer_list<Field> fields);
  ~LogFields();
  LogFields(const LogFields&) = delete;
  LogFields& operator=(const LogFields&) = delete;

 private:
  size_t count_ = 0;
};

// How many messages were logged since StartLogging, by level: "info", "warning", "error", "critical".
struct LogCount {
  std::string_view level;
  int64_t messages = 0;
};
std::vector<LogCount> LogCounts();

}  // namespace muster

#endif  // MUSTER_SERVICE_LOGGING_H_
