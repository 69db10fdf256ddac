// The configuration file and the manual page that ship know every setting, and the file is right.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/configuration.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kFile[] = MUSTER_SOURCE_DIR "/deploy/musterd.toml";
constexpr char kPage[] = MUSTER_SOURCE_DIR "/deploy/man/musterd.toml.5.in";

std::string ReadText(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The name of a setting within its table, and the table: {"trust-domain", "tls"}.
std::pair<std::string, std::string> NameAndTable(const std::string& key) {
  const size_t dot = key.rfind('.');
  if (dot == std::string::npos) return {key, ""};
  return {key.substr(dot + 1), key.substr(0, dot)};
}

TEST(ShippedConfigurationTest, IsRight) {
  const ReadConfiguration read = ReadConfigurationFrom({.file = kFile, .flags = {}, .variables = {}});
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.configuration.store_directory, "/var/lib/muster/store");
}

TEST(ShippedConfigurationTest, NamesEverySetting) {
  const std::string file = ReadText(kFile);
  Configuration configuration;
  for (const Setting& setting : SettingsOf(configuration)) {
    const auto [name, table] = NameAndTable(setting.key);
    EXPECT_THAT(file, AnyOf(HasSubstr(absl::StrCat("\n", name, " = ")), HasSubstr(absl::StrCat("\n# ", name, " = "))));
    if (!table.empty()) {
      EXPECT_THAT(file,
                  AnyOf(HasSubstr(absl::StrCat("\n[", table, "]")), HasSubstr(absl::StrCat("\n# [", table, "]"))));
    }
  }
}

// What is commented out is right too: whoever takes the sign away gets no error.
TEST(ShippedConfigurationTest, WhatIsCommentedOutIsRightToo) {
  std::string text;
  std::ifstream in(kFile);
  for (std::string line; std::getline(in, line);) {
    const bool is_setting = line.rfind("# ", 0) == 0 && (line.find(" = ") != std::string::npos || line[2] == '[');
    absl::StrAppend(&text, is_setting ? line.substr(2) : line, "\n");
  }
  const TemporaryFolder folder;
  std::ofstream(folder.Path("all.toml")) << text;
  const ReadConfiguration read = ReadConfigurationFrom({.file = folder.Path("all.toml"), .flags = {}, .variables = {}});
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_NE(read.configuration.catalogue_directory, "");
}

TEST(ShippedConfigurationTest, ThePageExplainsEverySettingWithItsVariableAndItsFlag) {
  const std::string page = absl::StrReplaceAll(ReadText(kPage), {{"\\-", "-"}});
  Configuration configuration;
  for (const Setting& setting : SettingsOf(configuration)) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat(".BR ", setting.key, " \" = ")));
    EXPECT_THAT(page, HasSubstr(absl::StrCat("(", VariableOf(setting), ", ", FlagOf(setting), ")")));
  }
}

}  // namespace
}  // namespace muster
