// How a message looks in the log: for machines one JSON object, for people a line that steers no terminal.
#include "service/logging.h"

#include <chrono>
#include <ostream>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "spdlog/details/log_msg.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// 26 November 2026, 10:00:00.25 UTC.
constexpr std::chrono::microseconds kTime{1'795'687'200'250'000};

std::string Formatted(LogFormat format, const std::string& text) {
  const spdlog::details::log_msg message(spdlog::log_clock::time_point(kTime), spdlog::source_loc{}, "musterd",
                                         spdlog::level::warn, text);
  spdlog::memory_buf_t line;
  MakeLogFormatter(format)->format(message, line);
  return {line.data(), line.size()};
}

struct AwkwardText {
  std::string name;
  std::string text;
  std::string in_json;  // What a reader of the JSON gets.
  std::string in_text;  // What stands in the line.
  friend void PrintTo(const AwkwardText& row, std::ostream* out) { *out << row.name; }
};

class LogTextTest : public testing::TestWithParam<AwkwardText> {};

TEST_P(LogTextTest, IsOneObjectOnOneLine) {
  const std::string line = Formatted(LogFormat::kJson, GetParam().text);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const nlohmann::json object = nlohmann::json::parse(line);
  EXPECT_EQ(object.size(), 3);
  EXPECT_EQ(object.at("time"), "2026-11-26T10:00:00.250000Z");
  EXPECT_EQ(object.at("level"), "warning");
  EXPECT_EQ(object.at("message"), GetParam().in_json);
}

TEST_P(LogTextTest, IsOneLineForPeople) {
  EXPECT_EQ(Formatted(LogFormat::kText, GetParam().text),
            "2026-11-26 10:00:00.250Z warning " + GetParam().in_text + "\n");
}

INSTANTIATE_TEST_SUITE_P(Texts, LogTextTest,
                         testing::ValuesIn<AwkwardText>({
                             {"Plain", "stopping", "stopping", "stopping"},
                             {"QuotationMarks", R"(cannot listen on "x\y")", R"(cannot listen on "x\y")",
                              R"(cannot listen on "x\y")"},
                             {"NewLine", "one\ntwo", "one\ntwo", R"(one\ntwo)"},
                             {"EscapeSequence", "\x1b[31mred", "\x1b[31mred", R"(\u001b[31mred)"},
                             {"Delete", "a\x7f", "a\x7f", R"(a\u007f)"},
                             {"Utf8", "café", "café", "café"},
                             {"NotUtf8", "caf\xe9", "caf\xef\xbf\xbd", "caf\xef\xbf\xbd"},
                             {"ZeroByte", std::string("a\0b", 3), std::string("a\0b", 3), R"(a\u0000b)"},
                             {"LooksLikeJson", R"(","level":"info)", R"(","level":"info)", R"(","level":"info)"},
                             {"Empty", "", "", ""},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(LogFieldsTest, GoWithEveryMessageOfTheirThreadWhileTheyAreThere) {
  const LogFields outer({{"request_id", "r1"}, {"traceparent", ""}});
  {
    const LogFields inner({{"code", "a\"b\n"}});
    const nlohmann::json object = nlohmann::json::parse(Formatted(LogFormat::kJson, "m"));
    EXPECT_EQ(object.at("request_id"), "r1");
    EXPECT_EQ(object.at("code"), "a\"b\n");
    EXPECT_FALSE(object.contains("traceparent")) << "what has no value is left out";
    EXPECT_THAT(Formatted(LogFormat::kText, "m"), EndsWith(" m request_id=r1 code=a\"b\\n\n"));
    std::thread other([] { EXPECT_THAT(Formatted(LogFormat::kText, "m"), EndsWith(" m\n")); });
    other.join();
  }
  EXPECT_THAT(Formatted(LogFormat::kText, "m"), EndsWith(" m request_id=r1\n"));
}

int64_t CountOf(std::string_view level) {
  for (const LogCount& count : LogCounts()) {
    if (count.level == level) return count.messages;
  }
  return -1;
}

TEST(StartLoggingTest, WritesOnStandardErrorAndCountsWhatItWrites) {
  testing::internal::CaptureStderr();
  StartLogging(LogFormat::kAuto, spdlog::level::warn);
  const int64_t infos = CountOf("info");
  const int64_t warnings = CountOf("warning");
  const int64_t errors = CountOf("error");
  spdlog::info("not from this level on");
  spdlog::warn("careful");
  spdlog::error("{}", "wrong");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, HasSubstr(R"("level":"warning","message":"careful"})")) << "standard error is no terminal here";
  EXPECT_THAT(written, HasSubstr(R"("level":"error","message":"wrong"})"));
  EXPECT_EQ(CountOf("info"), infos);
  EXPECT_EQ(CountOf("warning"), warnings + 1);
  EXPECT_EQ(CountOf("error"), errors + 1);
}

}  // namespace
}  // namespace muster
