// `musterd --check` against set-ups that are well, and against broken ones.
#include "service/startup_check.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "service/limits.h"
#include "storage/store.h"
#include "tests/service/musterd_process.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

// How it must come out about a subject, and a part of what is found.
testing::Matcher<Finding> Finds(const std::string& subject, Verdict verdict, const std::string& found) {
  return AllOf(Field(&Finding::subject, subject), Field(&Finding::verdict, verdict),
               Field(&Finding::found, HasSubstr(found)));
}

class StartupCheckTest : public testing::Test {
 protected:
  StartupCheckTest() {
    read_.configuration.store_directory = folder_.Path("store");
    read_.configuration.listen_address = "127.0.0.1:0";
  }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  void MakeStore() const { ASSERT_TRUE(Store::Open({.directory = Path("store")}).ok()); }
  // Names of all that is in the folder of the test, and in the store.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(""))) {
      files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  TemporaryFolder folder_;
  ReadConfiguration read_;
};

TEST_F(StartupCheckTest, FindsThatAFirstStartWouldSucceedAndMakesNothing) {
  const std::vector<Finding> findings = CheckStart(read_);
  EXPECT_THAT(findings, Contains(Finds("configuration", Verdict::kOk, "no file")));
  EXPECT_THAT(findings, Contains(Finds("catalogue", Verdict::kOk, "the shipped one: ")));
  EXPECT_THAT(findings, Contains(Finds("policy", Verdict::kOk, "the built-in one")));
  EXPECT_THAT(findings, Contains(Finds("address", Verdict::kOk, "127.0.0.1:0")));
  EXPECT_THAT(findings, Contains(Finds("store", Verdict::kOk, "none yet")));
  EXPECT_THAT(findings, Contains(Finds("disk", Verdict::kOk, "MiB free")));
  EXPECT_THAT(findings,
              Contains(AllOf(Field(&Finding::subject, "disk"), Field(&Finding::found, HasSubstr("syncs took")))));
  EXPECT_FALSE(AnyFailed(findings)) << ToText(findings);
  EXPECT_THAT(ToText(findings), EndsWith("\nmusterd would start.\n"));
  EXPECT_THAT(Files(), ElementsAre());
}

TEST_F(StartupCheckTest, FindsAStoreAndLeavesItAsItIs) {
  MakeStore();
  const std::vector<std::string> before = Files();
  const std::vector<Finding> findings = CheckStart(read_);
  EXPECT_THAT(findings, Contains(Finds("store", Verdict::kOk, "holds a store of this program's format")));
  EXPECT_FALSE(AnyFailed(findings)) << ToText(findings);
  EXPECT_EQ(Files(), before);
  EXPECT_TRUE(Store::Open({.directory = Path("store")}).ok()) << "the lock was given back";
}

TEST_F(StartupCheckTest, ARootIsToldThatTheServiceIsAnother) {
  const std::vector<Finding> findings = CheckStart(read_);
  const auto note = Finds("user", Verdict::kNote, "root");
  if (geteuid() == 0) {
    EXPECT_THAT(findings, Contains(note));
  } else {
    EXPECT_THAT(findings, Not(Contains(note)));
  }
}

// One thing that is broken, and what must be found and advised.
struct BrokenSetUp {
  std::string name;
  std::function<void(const TemporaryFolder&, ReadConfiguration&)> break_it;
  std::string subject;
  std::string found;
  std::string mend;  // A part of the finding's advice, or of `found` where that says how.
  friend void PrintTo(const BrokenSetUp& row, std::ostream* out) { *out << row.name; }
};

class BrokenSetUpTest : public StartupCheckTest, public testing::WithParamInterface<BrokenSetUp> {};

TEST_P(BrokenSetUpTest, IsFoundWithHowToMendItAndNothingElseIs) {
  GetParam().break_it(folder_, read_);
  std::vector<Finding> failed;
  for (const Finding& finding : CheckStart(read_)) {
    if (finding.verdict == Verdict::kFailed) failed.push_back(finding);
  }
  ASSERT_THAT(failed, ElementsAre(Finds(GetParam().subject, Verdict::kFailed, GetParam().found))) << ToText(failed);
  EXPECT_THAT(failed[0].found + failed[0].mend, HasSubstr(GetParam().mend));
}

INSTANTIATE_TEST_SUITE_P(
    One, BrokenSetUpTest,
    testing::ValuesIn<BrokenSetUp>({
        {"Configuration",
         [](const auto&, auto& read) { read.problems = {"m.toml:1:1: no setting is called \"stor\""}; },
         "configuration", "stor", ""},
        {"CatalogueFolder", [](const auto&, auto& read) { read.configuration.catalogue_directory = "/none"; },
         "catalogue", "\"/none\"", "No such file"},
        {"CatalogueFile",
         [](const auto& folder, auto& read) {
           read.configuration.catalogue_directory = folder.Path("catalogue");
           std::filesystem::copy(MUSTER_SOURCE_DIR "/catalogue", folder.Path("catalogue"));
           std::ofstream(folder.Path("catalogue/zzz.textproto")) << "forces {";
         },
         "catalogue", "zzz.textproto:", ""},
        {"Policy",
         [](const auto& folder, auto& read) {
           read.configuration.policy_file = folder.Path("policy");
           std::ofstream(folder.Path("policy")) << "rules { callers: 'force/kant' }";
         },
         "policy", "policy:1: \"kant\" is no known force", "did you mean \"kent\""},
        {"Tokens",
         [](const auto& folder, auto& read) {
           read.configuration.token_file = folder.Path("tokens");
           std::ofstream(folder.Path("tokens")) << "token {}";
         },
         "tokens", "line 1", ""},
        {"AddressOfTheNetwork", [](const auto&, auto& read) { read.configuration.listen_address = "0.0.0.0:0"; },
         "address", "0.0.0.0:0", "without TLS"},
        {"StoreIsAFile", [](const auto& folder, auto&) { std::ofstream(folder.Path("store")) << "text"; }, "store",
         "is a file", "folder of its own"},
        {"StoreOfOtherThings",
         [](const auto& folder, auto&) {
           std::filesystem::create_directory(folder.Path("store"));
           std::ofstream(folder.Path("store/holiday.jpg")) << "picture";
         },
         "store", "holiday.jpg", "Give a new or empty folder"},
        {"StoreBelowNoFolder",
         [](const auto& folder, auto& read) { read.configuration.store_directory = folder.Path("none/store"); },
         "store", "/none\", which is to hold the store, is not there", "install -d -o muster"},
        {"StoreLostItsBeginning",
         [](const auto& folder, auto&) {
           ASSERT_TRUE(Store::Open({.directory = folder.Path("store")}).ok());
           std::filesystem::remove(folder.Path("store/CURRENT"));
           std::ofstream(folder.Path("store/000123.sst")) << "table";
         },
         "store", "CURRENT is missing", "backup"},
        {"StoreInMemory", [](const auto&, auto& read) { read.configuration.store_directory = "/dev/shm/muster-none"; },
         "disk", "is in memory", "on a disk"},
        {"StoreWhereNothingCanBeWritten",
         [](const auto&, auto& read) { read.configuration.store_directory = "/proc/muster"; }, "disk",
         "MiB are kept free", ""},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(StartupCheckTest, AStoreInUseIsNotLookedInto) {
  const auto store = Store::Open({.directory = Path("store")});
  ASSERT_TRUE(store.ok());
  EXPECT_THAT(CheckStart(read_),
              Contains(Finds("store", Verdict::kFailed, "in use by another process; stop that one")));
}

TEST_F(StartupCheckTest, AnAddressThatIsTakenIsFound) {
  MusterdProcess other(ServeStore(Path("other")), Path("log"));
  read_.configuration.listen_address = other.WaitUntilListening();
  EXPECT_THAT(CheckStart(read_), Contains(AllOf(Finds("address", Verdict::kFailed, "Address already in use"),
                                                Field(&Finding::mend, HasSubstr("ss -ltnp")))));
}

TEST_F(StartupCheckTest, FewOpenFilesAreNoted) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = kEnoughOpenFiles - 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_THAT(CheckStart(read_), Contains(Finds("files", Verdict::kNote, "1023 may be open")));
  few.rlim_cur = kEnoughOpenFiles;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_THAT(CheckStart(read_), Contains(Finds("files", Verdict::kOk, "1024 may be open")));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(StartupCheckTest, TextHasALineForEachFindingItsAdviceBelowAndASum) {
  EXPECT_EQ(ToText({{"configuration", Verdict::kOk, "m.toml", ""},
                    {"user", Verdict::kNote, "is root", "Be another"},
                    {"store", Verdict::kFailed, "is a file", ""},
                    {"disk", Verdict::kFailed, "is full", "Make room"}}),
            "ok      configuration  m.toml\n"
            "note    user           is root\n"
            "                       Be another\n"
            "failed  store          is a file\n"
            "failed  disk           is full\n"
            "                       Make room\n"
            "musterd would not start as it should: 2 of 4 failed.\n");
}

TEST_F(StartupCheckTest, TheProgramSaysItOnStandardOutputAndByItsExitCode) {
  MusterdProcess well({"--check", "--store", Path("store"), "--listen", "127.0.0.1:0"}, Path("log"));
  EXPECT_EQ(well.WaitUntilEnded(), 0);
  EXPECT_THAT(well.RestOfOutput(), EndsWith("musterd would start.\n"));
  EXPECT_FALSE(std::filesystem::exists(Path("store")));

  std::ofstream(Path("m.toml")) << "stor = \"/s\"\nlisten = 7450\n";
  MusterdProcess broken({"--check", "--config", Path("m.toml"), "--lisen", "127.0.0.1:0"}, Path("log"));
  EXPECT_EQ(broken.WaitUntilEnded(), 1);
  const std::string said = broken.RestOfOutput();
  for (const std::string part : {"m.toml:1:1: no setting is called \"stor\"; did you mean \"store\"?",
                                 "m.toml:2:10: listen is 7450", "no flag is called \"--lisen\"", "4 of 4 failed"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
}

}  // namespace
}  // namespace muster
