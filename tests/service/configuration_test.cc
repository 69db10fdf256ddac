// The configuration of musterd: which file is read, and what is wrong with it as a whole.
#include "service/configuration.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "service/limits.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() { sources_.default_file = folder_.Path("default.toml"); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.Path(name)) << text;
    return folder_.Path(name);
  }
  ReadConfiguration Read() const { return ReadConfigurationFrom(sources_); }

  TemporaryFolder folder_;
  ConfigurationSources sources_;
};

TEST_F(ConfigurationTest, NeedsNoFile) {
  sources_.flags = {{"store", "/s"}};
  const ReadConfiguration read = Read();
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.file, "");
  EXPECT_EQ(read.configuration.store_directory, "/s");
  EXPECT_EQ(read.configuration.listen_address, "127.0.0.1:7450");
}

TEST_F(ConfigurationTest, ReadsTheDefaultFileIfItIsThere) {
  Write("default.toml", "store = \"/of/default\"\nlisten = \"[::1]:1\"\ncatalogue = \"/c\"\n");
  const ReadConfiguration read = Read();
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.file, sources_.default_file);
  EXPECT_EQ(read.configuration.store_directory, "/of/default");
  EXPECT_EQ(read.configuration.listen_address, "[::1]:1");
  EXPECT_EQ(read.configuration.catalogue_directory, "/c");
}

TEST_F(ConfigurationTest, ReadsTlsWholeOrSaysWhatIsMissing) {
  Write("default.toml",
        "store = \"/s\"\ntrust-domain = \"muster.example\"\n"
        "[tls]\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\nca = \"/ca.pem\"\ncrl = \"/crl.pem\"\n");
  const ReadConfiguration read = Read();
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.configuration.tls.trust_domain, "muster.example");
  EXPECT_EQ(read.configuration.tls.certificate_file, "/c.pem");
  EXPECT_EQ(read.configuration.tls.key_file, "/k.pem");
  EXPECT_EQ(read.configuration.tls.ca_file, "/ca.pem");
  EXPECT_EQ(read.configuration.tls.crl_file, "/crl.pem");

  Write("default.toml", "store = \"/s\"\n[tls]\ncertificate = \"/c.pem\"\n");
  EXPECT_THAT(Read().problems, ElementsAre(HasSubstr("missing: --tls-key, --tls-ca, --trust-domain")));
  sources_.flags = {{"tls.key", "/k.pem"}, {"tls.ca", "/ca.pem"}, {"trust-domain", "Muster"}};
  EXPECT_THAT(Read().problems, ElementsAre(HasSubstr("--trust-domain is \"Muster\"")));
  sources_.flags["trust-domain"] = "muster";
  EXPECT_THAT(Read().problems, IsEmpty());
}

TEST_F(ConfigurationTest, ANamedFileStandsInPlaceOfTheDefaultOne) {
  Write("default.toml", "store = \"/of/default\"");
  sources_.variables = {{"MUSTERD_CONFIG", Write("variable.toml", "store = \"/of/variable\"")}};
  EXPECT_EQ(Read().configuration.store_directory, "/of/variable");
  sources_.file = Write("flag.toml", "store = \"/of/flag\"");
  const ReadConfiguration read = Read();
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.file, folder_.Path("flag.toml"));
  EXPECT_EQ(read.configuration.store_directory, "/of/flag");
}

TEST_F(ConfigurationTest, ANamedFileMustBeThere) {
  sources_.file = folder_.Path("none.toml");
  EXPECT_THAT(Read().problems, ElementsAre(AllOf(HasSubstr("none.toml"), HasSubstr("No such file"))));
}

TEST_F(ConfigurationTest, AFolderIsNoFile) {
  sources_.file = folder_.Path("folder");
  std::filesystem::create_directory(*sources_.file);
  EXPECT_THAT(Read().problems, ElementsAre(AllOf(HasSubstr("folder"), HasSubstr("it is a folder"))));
}

TEST_F(ConfigurationTest, AnEmptyFileSaysNothing) {
  sources_.file = "/dev/null";
  sources_.flags = {{"store", "/s"}};
  EXPECT_THAT(Read().problems, IsEmpty());
}

TEST_F(ConfigurationTest, AFileHasABound) {
  sources_.flags = {{"store", "/s"}};
  sources_.file = Write("bound.toml", std::string(kMaxConfigurationBytes, '\n'));
  EXPECT_THAT(Read().problems, IsEmpty());
  sources_.file = Write("beyond.toml", std::string(kMaxConfigurationBytes + 1, '\n'));
  EXPECT_THAT(Read().problems, ElementsAre(HasSubstr("longer than")));
}

TEST_F(ConfigurationTest, AMissingStoreIsSaidBesideWhatElseIsWrong) {
  sources_.file = Write("m.toml", "listen = 7450");
  EXPECT_THAT(Read().problems, ElementsAre(HasSubstr("m.toml:1:10: listen is 7450"),
                                           AllOf(HasSubstr("no folder is given for the store"), HasSubstr("m.toml"),
                                                 HasSubstr("--store DIR"), HasSubstr("MUSTERD_STORE"))));
}

TEST_F(ConfigurationTest, OfAFileThatIsNoTomlNothingMoreIsSaid) {
  sources_.file = Write("m.toml", "store = \n");
  EXPECT_THAT(Read().problems, ElementsAre(HasSubstr("m.toml:1:")));
}

TEST_F(ConfigurationTest, NoTwoSettingsHaveOneFlagOrVariable) {
  Configuration configuration;
  std::set<std::string> flags;
  std::set<std::string> variables = {kConfigurationFileVariable};
  for (const Setting& setting : SettingsOf(configuration)) {
    EXPECT_TRUE(flags.insert(FlagOf(setting)).second) << setting.key;
    EXPECT_TRUE(variables.insert(VariableOf(setting)).second) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
  }
}

TEST(EnvironmentVariablesTest, AreThoseOfTheProcess) {
  EXPECT_THAT(EnvironmentVariables(), testing::Contains(testing::Pair("PATH", testing::Not(""))));
}

}  // namespace
}  // namespace muster
