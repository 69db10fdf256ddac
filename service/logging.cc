#include "service/logging.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "nlohmann/json.hpp"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

// Of the message that is being logged: a logger formats on the thread that logs.
std::vector<LogFields::Field>& FieldsOfThread() {
  thread_local std::vector<LogFields::Field> fields;
  return fields;
}

std::array<std::atomic<int64_t>, spdlog::level::n_levels>& Counters() {
  static std::array<std::atomic<int64_t>, spdlog::level::n_levels> counters{};
  return counters;
}

std::string_view ViewOf(spdlog::string_view_t text) { return {text.data(), text.size()}; }

// Text of somebody's as valid JSON, whatever its bytes are.
std::string AsJson(const nlohmann::ordered_json& value) {
  return value.dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/false,
                    nlohmann::ordered_json::error_handler_t::replace);
}

// The same without the quotation marks that stand around it: a line stays a line, and no byte steers a terminal.
std::string AsPlainText(std::string_view text) {
  nlohmann::ordered_json value = std::string(text);
  // JSON lets DEL through.
  std::string quoted = AsJson(value);
  std::string plain;
  plain.reserve(quoted.size());
  for (size_t index = 1; index + 1 < quoted.size(); ++index) {
    const char character = quoted[index];
    if (character == '\\' && (quoted[index + 1] == '"' || quoted[index + 1] == '\\')) {
      plain.push_back(quoted[++index]);  // A quotation mark is none of an end here.
    } else if (character == '\x7f') {
      plain += "\\u007f";
    } else {
      plain.push_back(character);
    }
  }
  return plain;
}

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    nlohmann::ordered_json object;
    object["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromChrono(message.time), absl::UTCTimeZone());
    object["level"] = ViewOf(spdlog::level::to_string_view(message.level));
    object["message"] = ViewOf(message.payload);
    for (const LogFields::Field& field : FieldsOfThread()) object[std::string(field.first)] = field.second;
    const std::string text = AsJson(object);
    line.append(text.data(), text.data() + text.size());
    line.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

// The message with its fields, as text.
class MessageAndFields final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& line) override {
    const auto append = [&line](std::string_view text) { line.append(text.data(), text.data() + text.size()); };
    append(AsPlainText(ViewOf(message.payload)));
    for (const LogFields::Field& field : FieldsOfThread()) {
      append(" ");
      append(field.first);
      append("=");
      append(AsPlainText(field.second));
    }
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override { return std::make_unique<MessageAndFields>(); }
};

// Counts what the loggers beside it write.
class CountingSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    Counters()[static_cast<size_t>(message.level)].fetch_add(1, std::memory_order_relaxed);
  }
  void flush() override {}
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}
};

// What a stranger on the network can bring about is no error of ours, whatever a library calls it.
void LogOfGrpc(gpr_log_func_args* message) {
  const auto level = message->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::warn
                     : message->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::info
                                                                  : spdlog::level::debug;
  const std::string_view file = message->file;
  spdlog::log(level, "gRPC: {}:{}: {}", file.substr(file.rfind('/') + 1), message->line, message->message);
}

// Of messages that cannot be read, for the most part, which their senders are told.
void LogOfProtobuf(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  const std::string_view path = file;
  spdlog::log(level == google::protobuf::LOGLEVEL_FATAL ? spdlog::level::critical : spdlog::level::debug,
              "protobuf: {}:{}: {}", path.substr(path.rfind('/') + 1), line, message);
}

}  // namespace

void StartLogging(LogFormat format, spdlog::level::level_enum level) {
  const auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  sink->set_formatter(MakeLogFormatter(format));
  const std::array<spdlog::sink_ptr, 2> sinks = {sink, std::make_shared<CountingSink>()};
  const auto logger = std::make_shared<spdlog::logger>("musterd", sinks.begin(), sinks.end());
  logger->set_level(level);
  spdlog::set_default_logger(logger);
  gpr_set_log_function(LogOfGrpc);
  google::protobuf::SetLogHandler(LogOfProtobuf);
}

std::unique_ptr<spdlog::formatter> MakeLogFormatter(LogFormat format) {
  const bool text = format == LogFormat::kText || (format == LogFormat::kAuto && isatty(fileno(stderr)) == 1);
  if (!text) return std::make_unique<JsonFormatter>();
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<MessageAndFields>('*').set_pattern("%Y-%m-%d %H:%M:%S.%eZ %^%l%$ %*");
  return formatter;
}

LogFields::LogFields(std::initializer_list<Field> fields) {
  for (const Field& field : fields) {
    if (field.second.empty()) continue;
    FieldsOfThread().push_back(field);
    ++count_;
  }
}

LogFields::~LogFields() {
  std::vector<Field>& fields = FieldsOfThread();
  fields.resize(fields.size() - count_);
}

std::vector<LogCount> LogCounts() {
  std::vector<LogCount> counts;
  for (const auto level : {spdlog::level::info, spdlog::level::warn, spdlog::level::err, spdlog::level::critical}) {
    counts.push_back({ViewOf(spdlog::level::to_string_view(level)),
                      Counters()[static_cast<size_t>(level)].load(std::memory_order_relaxed)});
  }
  return counts;
}

}  // namespace muster
