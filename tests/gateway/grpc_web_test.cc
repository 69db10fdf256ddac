#include "clients/gateway/grpc_web.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "clients/gateway/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using std::chrono::nanoseconds;

std::string Bytes(std::string_view text) { return std::string(text); }

TEST(GrpcWebForm, OfContentTypes) {
  struct Row {
    const char* name;
    const char* type;
    std::optional<GrpcWebForm> form;
  };
  const Row rows[] = {
      {"plain", "application/grpc-web", GrpcWebForm::kBinary},
      {"with proto", "application/grpc-web+proto", GrpcWebForm::kBinary},
      {"capitals", "Application/GRPC-Web+Proto", GrpcWebForm::kBinary},
      {"parameters", "application/grpc-web+proto; charset=utf-8", GrpcWebForm::kBinary},
      {"text", "application/grpc-web-text", GrpcWebForm::kText},
      {"text with proto", "application/grpc-web-text+proto", GrpcWebForm::kText},
      {"gRPC itself", "application/grpc", std::nullopt},
      {"JSON inside", "application/grpc-web+json", std::nullopt},
      {"one letter more", "application/grpc-webs", std::nullopt},
      {"what a form of another page may send", "text/plain", std::nullopt},
      {"none", "", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(GrpcWebFormOf(row.type), row.form) << row.name;
}

TEST(GrpcWebBody, OneMessage) {
  EXPECT_EQ(*MessageOfBody(Bytes({"\0\0\0\0\3abc", 8}), GrpcWebForm::kBinary), "abc");
  EXPECT_EQ(*MessageOfBody(Bytes({"\0\0\0\0\0", 5}), GrpcWebForm::kBinary), "");
  EXPECT_EQ(*MessageOfBody(absl::Base64Escape(absl::string_view("\0\0\0\0\3abc", 8)), GrpcWebForm::kText), "abc");
}

TEST(GrpcWebBody, WhatIsNone) {
  struct Row {
    const char* name;
    std::string body;
    GrpcWebForm form;
    absl::StatusCode code;
  };
  const Row rows[] = {
      {"nothing", "", GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"half a frame header", Bytes({"\0\0\0\0", 4}), GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"one byte short", Bytes({"\0\0\0\0\4abc", 8}), GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"one byte over", Bytes({"\0\0\0\0\2abc", 8}), GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"two messages", Bytes({"\0\0\0\0\1a\0\0\0\0\1b", 12}), GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"a size of 4 GiB", Bytes({"\0\xFF\xFF\xFF\xFF", 5}), GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"compressed", Bytes({"\1\0\0\0\1a", 6}), GrpcWebForm::kBinary, absl::StatusCode::kUnimplemented},
      {"trailers", Bytes({"\x80\0\0\0\1a", 6}), GrpcWebForm::kBinary, absl::StatusCode::kInvalidArgument},
      {"no base64", "A$==", GrpcWebForm::kText, absl::StatusCode::kInvalidArgument},
  };
  for (const Row& row : rows) EXPECT_EQ(MessageOfBody(row.body, row.form).status().code(), row.code) << row.name;
}

TEST(GrpcWebFrames, AMessageComesBackAsItWas) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{65'536}, kMaxMessageBytes}) {
    const std::string message(size, '\xC3');
    for (const GrpcWebForm form : {GrpcWebForm::kBinary, GrpcWebForm::kText}) {
      const absl::StatusOr<std::string> read = MessageOfBody(MessageFrame(message, form), form);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_TRUE(*read == message) << size;
    }
  }
}

TEST(GrpcWebFrames, TrailersSayHowItEnded) {
  const std::string frame = TrailersFrame(
      5, "no 100% \xC2\xA3", {{"grpc-status-details-bin", std::string("\0\xFF", 2)}, {"x-request-id", "7"}},
      GrpcWebForm::kBinary);
  EXPECT_EQ(frame[0], '\x80');
  EXPECT_EQ(frame.substr(5),
            "grpc-status:5\r\n"
            "grpc-message:no 100%25 %C2%A3\r\n"
            "grpc-status-details-bin:AP8\r\n"
            "x-request-id:7\r\n");
  EXPECT_EQ(static_cast<size_t>(static_cast<unsigned char>(frame[4])), frame.size() - 5);
}

TEST(GrpcWebFrames, NoTrailerMakesALineOfItsOwn) {
  const std::string frame = TrailersFrame(0, "a\r\ngrpc-status:0",
                                          {{"x-a", "1\r\ngrpc-status:0"},
                                           {"x b", "1"},
                                           {"x-c:", "1"},
                                           {"", "1"},
                                           {"grpc-status", "0"},
                                           {"grpc-message", "fine"},
                                           {"x-kept", "1"}},
                                          GrpcWebForm::kBinary);
  EXPECT_EQ(frame.substr(5), "grpc-status:0\r\ngrpc-message:a%0D%0Agrpc-status:0\r\nx-kept:1\r\n");
}

TEST(GrpcTimeout, EveryUnitAndWhatIsNone) {
  const nanoseconds longest = std::chrono::hours(24);
  EXPECT_EQ(ParseGrpcTimeout("1H", longest), std::chrono::hours(1));
  EXPECT_EQ(ParseGrpcTimeout("2M", longest), std::chrono::minutes(2));
  EXPECT_EQ(ParseGrpcTimeout("3S", longest), std::chrono::seconds(3));
  EXPECT_EQ(ParseGrpcTimeout("1500m", longest), std::chrono::milliseconds(1'500));
  EXPECT_EQ(ParseGrpcTimeout("5u", longest), std::chrono::microseconds(5));
  EXPECT_EQ(ParseGrpcTimeout("6n", longest), nanoseconds(6));
  EXPECT_EQ(ParseGrpcTimeout("0m", longest), nanoseconds(0));
  EXPECT_EQ(ParseGrpcTimeout("99999999H", longest), longest);
  for (const char* text : {"", "m", "5", "5s", "-5m", "+5m", "1.5S", " 5m", "123456789m", "5 m"}) {
    EXPECT_EQ(ParseGrpcTimeout(text, longest), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace muster::gateway
