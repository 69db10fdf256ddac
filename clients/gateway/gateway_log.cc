#include "clients/gateway/gateway_log.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "grpc/support/log.h"
#include "nlohmann/json.hpp"
#include "spdlog/formatter.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace muster::gateway {
namespace {

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const auto level = spdlog::level::to_string_view(message.level);
    nlohmann::ordered_json object;
    object["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromChrono(message.time), absl::UTCTimeZone());
    object["level"] = std::string_view(level.data(), level.size());
    object["message"] = std::string_view(message.payload.data(), message.payload.size());
    const std::string text = object.dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/false,
                                         nlohmann::ordered_json::error_handler_t::replace);
    line.append(text.data(), text.data() + text.size());
    line.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

// What a stranger can bring about is no error of ours, whatever a library calls it.
void LogOfGrpc(gpr_log_func_args* message) {
  const auto level = message->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::warn
                     : message->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::info
                                                                  : spdlog::level::debug;
  const std::string_view file = message->file;
  spdlog::log(level, "gRPC: {}:{}: {}", file.substr(file.rfind('/') + 1), message->line, message->message);
}

}  // namespace

void StartLog(LogFormat format, spdlog::level::level_enum level) {
  const auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  const bool text = format == LogFormat::kText || (format == LogFormat::kAuto && isatty(fileno(stderr)) == 1);
  if (text) {
    sink->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%Y-%m-%d %H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc));
  } else {
    sink->set_formatter(std::make_unique<JsonFormatter>());
  }
  const auto logger = std::make_shared<spdlog::logger>("muster-gateway", sink);
  logger->set_level(level);
  spdlog::set_default_logger(logger);
  gpr_set_log_function(LogOfGrpc);
}

void LogAnswer(const std::string& method, const std::string& path, int status) {
  // As JSON, so that no byte of a stranger's steers a terminal.
  spdlog::debug("{} {} {}", status, method,
                nlohmann::json(path).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

}  // namespace muster::gateway
