// Settings from a file, the environment and the command line: which one counts, and what is said of what is wrong.
#include "service/settings.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// One setting of each kind, in and outside tables.
struct Values {
  std::string store = "default";
  std::string trust_domain;
  std::string log_format = "text";
  int64_t audit_files = 7;
  bool strict = false;
};

std::vector<Setting> SettingsOf(Values& values) {
  return {
      {"store", "DIR", "", Text{&values.store}},
      {"tls.trust-domain", "", "", Text{&values.trust_domain}},
      {"log.format", "", "", Choice{&values.log_format, {"text", "json"}}},
      {"audit.files", "", "", Number{&values.audit_files, 1, 100}},
      {"strict", "", "", Switch{&values.strict}},
  };
}

using Variables = std::vector<std::pair<std::string, std::string>>;
using Flags = std::map<std::string, std::string>;

SettingSources File(const std::string& text) { return {.file_name = "m.toml", .file_text = text}; }

std::vector<std::string> Read(Values& values, const SettingSources& sources) {
  return ReadSettings(SettingsOf(values), sources).problems;
}

TEST(SettingNamesTest, FollowFromTheKey) {
  Values values;
  const Setting setting = SettingsOf(values)[1];
  EXPECT_EQ(FlagOf(setting), "--tls-trust-domain");
  EXPECT_EQ(VariableOf(setting), "MUSTERD_TLS_TRUST_DOMAIN");
}

TEST(SettingNamesTest, ValuesAreCalledWhatTheyMayBe) {
  Values values;
  std::vector<std::string> names;
  for (const Setting& setting : SettingsOf(values)) names.push_back(ValueNameOf(setting));
  EXPECT_THAT(names, ElementsAre("DIR", "TEXT", "text|json", "NUMBER", "true|false"));
}

TEST(SettingNamesTest, TheDefaultIsWhatTheTargetHolds) {
  Values values;
  std::vector<std::string> texts;
  for (const Setting& setting : SettingsOf(values)) texts.push_back(ValueOf(setting));
  EXPECT_THAT(texts, ElementsAre("default", "", "text", "7", "false"));
}

TEST(ReadSettingsTest, WithoutSourcesTheDefaultsStay) {
  Values values;
  EXPECT_THAT(Read(values, {}), IsEmpty());
  EXPECT_EQ(values.store, "default");
  EXPECT_EQ(values.audit_files, 7);
}

TEST(ReadSettingsTest, AFileGivesValuesOfEveryKind) {
  Values values;
  EXPECT_THAT(Read(values, File("store = \"/s\"\n"
                                "strict = true\n"
                                "tls.trust-domain = \"police.uk\"\n"
                                "[log]\n"
                                "format = \"json\"\n"
                                "[audit]\n"
                                "files = 100\n")),
              IsEmpty());
  EXPECT_EQ(values.store, "/s");
  EXPECT_EQ(values.trust_domain, "police.uk");
  EXPECT_EQ(values.log_format, "json");
  EXPECT_EQ(values.audit_files, 100);
  EXPECT_TRUE(values.strict);
}

TEST(ReadSettingsTest, VariablesAndFlagsGiveValuesOfEveryKind) {
  Values values;
  EXPECT_THAT(Read(values, {.variables = {{"MUSTERD_AUDIT_FILES", "1"}, {"MUSTERD_STRICT", "true"}, {"HOME", "/root"}},
                            .flags = {{"log.format", "json"}, {"tls.trust-domain", "police.uk"}}}),
              IsEmpty());
  EXPECT_EQ(values.audit_files, 1);
  EXPECT_TRUE(values.strict);
  EXPECT_EQ(values.log_format, "json");
  EXPECT_EQ(values.trust_domain, "police.uk");
}

// Which of the sources give the store, and whose value counts.
struct PrecedenceCase {
  std::string name;
  bool file = false;
  bool variable = false;
  bool flag = false;
  std::string want;
  friend void PrintTo(const PrecedenceCase& row, std::ostream* out) { *out << row.name; }
};

class PrecedenceTest : public testing::TestWithParam<PrecedenceCase> {};

TEST_P(PrecedenceTest, TheLaterSourceCounts) {
  SettingSources sources;
  if (GetParam().file) sources = File("store = \"of the file\"");
  if (GetParam().variable) sources.variables = {{"MUSTERD_STORE", "of the environment"}};
  if (GetParam().flag) sources.flags = {{"store", "of the command line"}};
  Values values;
  EXPECT_THAT(Read(values, sources), IsEmpty());
  EXPECT_EQ(values.store, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Sources, PrecedenceTest,
                         testing::ValuesIn<PrecedenceCase>({
                             {"None", false, false, false, "default"},
                             {"File", true, false, false, "of the file"},
                             {"Variable", false, true, false, "of the environment"},
                             {"VariableAboveFile", true, true, false, "of the environment"},
                             {"Flag", false, false, true, "of the command line"},
                             {"FlagAboveFile", true, false, true, "of the command line"},
                             {"FlagAboveVariable", false, true, true, "of the command line"},
                             {"FlagAboveAll", true, true, true, "of the command line"},
                         }),
                         [](const auto& row) { return row.param.name; });

// One thing wrong, and the sentence about it.
struct WrongSetting {
  std::string name;
  SettingSources sources;
  std::string want;
  friend void PrintTo(const WrongSetting& row, std::ostream* out) { *out << row.name; }
};

class WrongSettingTest : public testing::TestWithParam<WrongSetting> {};

TEST_P(WrongSettingTest, IsNamedWithItsPlaceAndWhatIsExpected) {
  Values values;
  EXPECT_THAT(Read(values, GetParam().sources), ElementsAre(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    OfFiles, WrongSettingTest,
    testing::ValuesIn<WrongSetting>({
        {"NoToml", File("store = \"/s\"\nlog = = 1\n"),
         "m.toml:2:7: is no TOML: Error while parsing value: could not determine value type"},
        {"KeyTwice", File("store = \"/s\"\nstore = \"/t\"\n"),
         "m.toml:2:9: is no TOML: Error while parsing key-value pair: cannot redefine existing string 'store'"},
        {"TableWithoutAName", File("[@]\n"),
         "m.toml:1:2: is no TOML: Error while parsing key: expected bare key starting character or string delimiter, "
         "saw '@'"},
        {"KeyBeyondAscii", File("log = \"é\" é"),
         "m.toml:1:11: is no TOML: Error while parsing key-value pair: expected a comment or whitespace, saw 'é'"},
        {"ControlCharacters", File("\"a\\nb\\u001b\" = 1"), "m.toml:1:1: no setting is called \"a?b?\""},
        {"UnknownKey", File("\n  stor = \"/s\"\n"),
         "m.toml:2:3: no setting is called \"stor\"; did you mean \"store\"?"},
        {"UnknownKeyLikeNone", File("workers = 4"), "m.toml:1:1: no setting is called \"workers\""},
        {"UnknownKeyInATable", File("[log]\nformt = \"json\""),
         "m.toml:2:1: no setting is called \"log.formt\"; did you mean \"log.format\"?"},
        {"UnknownTable", File("[logs]\nformat = \"json\""),
         "m.toml:1:2: no setting is called \"logs\"; did you mean \"log\"?"},
        {"KeyOutsideItsTable", File("trust-domain = \"police.uk\""),
         "m.toml:1:1: no setting is called \"trust-domain\"; did you mean \"tls.trust-domain\"?"},
        {"KeyInAnotherTable", File("[log]\nstore = \"/s\""),
         "m.toml:2:1: no setting is called \"log.store\"; did you mean \"store\"?"},
        {"UnderscoreForHyphen", File("[tls]\ntrust_domain = \"police.uk\""),
         "m.toml:2:1: no setting is called \"tls.trust_domain\"; did you mean \"tls.trust-domain\"?"},
        {"CapitalLetter", File("Store = \"/s\""),
         "m.toml:1:1: no setting is called \"Store\"; did you mean \"store\"?"},
        {"NumberForText", File("store = 7"), "m.toml:1:9: store is 7; must be text in quotation marks"},
        {"ListForText", File("store = [\"/s\"]"), "m.toml:1:9: store is a list; must be text in quotation marks"},
        {"DayForText", File("store = 2026-11-26"),
         "m.toml:1:9: store is a date or time; must be text in quotation marks"},
        {"TableForText", File("[store]\npath = \"/s\""),
         "m.toml:1:1: store is a table; must be text in quotation marks"},
        {"TextForTable", File("log = \"json\""), "m.toml:1:7: log must be a table: [log]"},
        {"UnknownWord", File("[log]\nformat = \"xml\""),
         "m.toml:2:10: log.format is \"xml\"; must be one of \"text\", \"json\""},
        {"TruthForWord", File("[log]\nformat = true"),
         "m.toml:2:10: log.format is true; must be one of \"text\", \"json\""},
        {"TextForNumber", File("[audit]\nfiles = \"7\""),
         "m.toml:2:9: audit.files is \"7\"; must be a whole number from 1 to 100"},
        {"FractionForNumber", File("[audit]\nfiles = 7.0"),
         "m.toml:2:9: audit.files is a number with a fraction; must be a whole number from 1 to 100"},
        {"NumberBelow", File("[audit]\nfiles = 0"),
         "m.toml:2:9: audit.files is 0; must be a whole number from 1 to 100"},
        {"NumberAbove", File("[audit]\nfiles = 101"),
         "m.toml:2:9: audit.files is 101; must be a whole number from 1 to 100"},
        {"NumberForTruth", File("strict = 1"), "m.toml:1:10: strict is 1; must be true or false"},
        {"TextForTruth", File("strict = \"true\""), "m.toml:1:10: strict is \"true\"; must be true or false"},
    }),
    [](const auto& row) { return row.param.name; });

SettingSources Variable(const std::string& name, const std::string& value) { return {.variables = {{name, value}}}; }
SettingSources Flag(const std::string& key, const std::string& value) { return {.flags = {{key, value}}}; }

INSTANTIATE_TEST_SUITE_P(
    OfVariablesAndFlags, WrongSettingTest,
    testing::ValuesIn<WrongSetting>({
        {"UnknownVariable", Variable("MUSTERD_STOR", "/s"),
         "in the environment, no setting is called \"MUSTERD_STOR\"; did you mean \"MUSTERD_STORE\"?"},
        {"UnknownVariableOfATable", Variable("MUSTERD_LOG_FORMATS", "json"),
         "in the environment, no setting is called \"MUSTERD_LOG_FORMATS\"; did you mean \"MUSTERD_LOG_FORMAT\"?"},
        {"UnknownVariableLikeNone", Variable("MUSTERD_PORT", "7450"),
         "in the environment, no setting is called \"MUSTERD_PORT\""},
        {"WordOfAVariable", Variable("MUSTERD_LOG_FORMAT", "JSON"),
         "in the environment, MUSTERD_LOG_FORMAT is \"JSON\"; must be one of text, json"},
        {"NumberOfAVariable", Variable("MUSTERD_AUDIT_FILES", "7 files"),
         "in the environment, MUSTERD_AUDIT_FILES is \"7 files\"; must be a whole number from 1 to 100"},
        {"TruthOfAVariable", Variable("MUSTERD_STRICT", "yes"),
         "in the environment, MUSTERD_STRICT is \"yes\"; must be true or false"},
        {"WordOfAFlag", Flag("log.format", "xml"), "--log-format is \"xml\"; must be one of text, json"},
        {"NumberOfAFlag", Flag("audit.files", "101"), "--audit-files is \"101\"; must be a whole number from 1 to 100"},
        {"TruthOfAFlag", Flag("strict", ""), "--strict is \"\"; must be true or false"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(ReadSettingsTest, AnEmptyVariableIsAsNone) {
  Values values;
  EXPECT_THAT(Read(values, {.variables = {{"MUSTERD_STORE", ""}, {"MUSTERD_STOR", ""}}}), IsEmpty());
  EXPECT_EQ(values.store, "default");
}

TEST(ReadSettingsTest, VariablesOfOthersAreNobodysBusiness) {
  Values values;
  EXPECT_THAT(Read(values, {.variables = {{"MUSTER_SERVER", "a"}, {"MUSTERD", "b"}, {"musterd_stor", "c"}}}),
              IsEmpty());
}

TEST(ReadSettingsTest, EverythingThatIsWrongIsSaidAtOnceFromTopToBottom) {
  Values values;
  SettingSources sources = File("strict = 1\nstore = 7\n[log]\nformat = \"xml\"\n[audit]\nflies = 3\n");
  sources.variables = {{"MUSTERD_STRICT", "no"}};
  sources.flags = {{"audit.files", "0"}};
  EXPECT_THAT(Read(values, sources),
              ElementsAre("m.toml:1:10: strict is 1; must be true or false",
                          "m.toml:2:9: store is 7; must be text in quotation marks",
                          "m.toml:4:10: log.format is \"xml\"; must be one of \"text\", \"json\"",
                          "m.toml:6:1: no setting is called \"audit.flies\"; did you mean \"audit.files\"?",
                          "in the environment, MUSTERD_STRICT is \"no\"; must be true or false",
                          "--audit-files is \"0\"; must be a whole number from 1 to 100"));
}

TEST(ReadSettingsTest, AValueThatIsWrongIsSaidEvenWhereALaterSourceGivesAnother) {
  Values values;
  SettingSources sources = File("store = 7");
  sources.flags = {{"store", "/s"}};
  EXPECT_THAT(Read(values, sources), ElementsAre("m.toml:1:9: store is 7; must be text in quotation marks"));
}

}  // namespace
}  // namespace muster
