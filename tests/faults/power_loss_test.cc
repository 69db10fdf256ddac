// The power goes off at a random write or sync: of results that come in, of checkpoints, flushes and compactions, of a
// start. What was acknowledged is there afterwards, and nothing else counts. 200 seeds; MUSTER_SOAK=25 for 5,000.
#include <atomic>
#include <cmath>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/random_seed.h"
#include "tests/faults/faulty_disk.h"
#include "tests/faults/journal.h"
#include "tests/faults/memory_folder.h"
#include "tests/faults/reporter.h"
#include "tests/faults/running_muster.h"
#include "tests/faults/soak.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::IsEmpty;

constexpr int kSeeds = 200;
constexpr int kSeedsOfTest = 20;
constexpr int kReporters = 4;
constexpr int kMaxLives = 3;

// A store that lives until the power goes off, several times, and those who report to it all the while.
class DoomedStore {
 public:
  explicit DoomedStore(uint32_t seed) : disk_(folder_.Path("lost"), seed), journal_(ShippedCatalogue()) {
    std::seed_seq seeds{seed, 1U};
    random_.seed(seeds);
    for (int i = 0; i < kReporters; ++i) reporters_.emplace_back(seed, i);
    options_.directory = folder_.Path("store");
    options_.environment = disk_.environment();
  }

  // Runs until the power goes off at a write or sync, one of the first `actions`; and leaves what is then on disk.
  // Returns what went wrong before.
  std::vector<std::string> Live(int64_t actions) {
    // Early ones are as likely as late ones, in proportion: a start takes a hundred, a group of results two.
    const double exponent = std::uniform_real_distribution<double>(0, std::log(static_cast<double>(actions)))(random_);
    disk_.CutPowerAt(static_cast<int64_t>(std::exp(exponent)));
    std::vector<std::string> wrong;
    {
      const auto muster = RunningMuster::Start(options_, ShippedCatalogue());
      if (muster.ok()) {
        RunUntilOff(**muster);
      } else if (!disk_.IsOff()) {
        wrong.push_back(absl::StrCat("does not start: ", muster.status().ToString()));
      }
      if (wrong.empty() && !disk_.IsOff()) wrong.emplace_back("gave up while the power was on");
    }
    disk_.Restart();
    return wrong;
  }

  // Starts for the last time, and returns which laws are broken.
  std::vector<std::string> BrokenLaws() {
    const auto muster = RunningMuster::Start(options_, ShippedCatalogue());
    if (!muster.ok()) return {absl::StrCat("does not start: ", muster.status().ToString())};
    std::vector<std::string> broken = journal_.BrokenLaws((*muster)->store(), (*muster)->cubes());
    // It goes on: what is sent again is counted once, and what is new is taken.
    if (const absl::Status sent = (*muster)->Submit(reporters_.front().Next(), journal_); !sent.ok()) {
      broken.push_back(absl::StrCat("takes nothing: ", sent.ToString()));
    }
    for (const std::string& law : journal_.BrokenLaws((*muster)->store(), (*muster)->cubes())) {
      broken.push_back(absl::StrCat("afterwards: ", law));
    }
    return broken;
  }

  FaultyDisk& disk() { return disk_; }
  const Journal& journal() const { return journal_; }
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

 private:
  void RunUntilOff(RunningMuster& muster) {
    std::vector<std::thread> threads;
    threads.reserve(reporters_.size());
    for (Reporter& reporter : reporters_) {
      const bool keeps_the_store = &reporter == &reporters_.front();
      threads.emplace_back([&, keeps_the_store] {
        bool goes_on = true;
        while (goes_on) {
          goes_on = muster.Submit(reporter.Next(), journal_).ok();
          if (reporter.OneIn(30)) goes_on = goes_on && muster.CreateOperation(reporter.NextOperation(), journal_).ok();
          // Beside what the others report, and one after the other, as a store wants it.
          if (!keeps_the_store) continue;
          if (reporter.OneIn(6)) goes_on = goes_on && muster.checkpointer().WriteNow().ok();
          if (reporter.OneIn(6)) goes_on = goes_on && muster.store().Flush().ok();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  const MemoryFolder folder_;
  FaultyDisk disk_;
  Journal journal_;
  std::mt19937 random_;
  std::vector<Reporter> reporters_;
  StoreOptions options_;
};

class PowerLossTest : public testing::TestWithParam<int> {};

TEST_P(PowerLossTest, LosesNothingThatWasAcknowledgedAndCountsNothingTwice) {
  const uint32_t seed = RandomSeed();
  int64_t acknowledged = 0;
  for (int round = 0; round < SoakRounds(kSeedsOfTest); ++round) {
    const uint32_t own_seed = seed + static_cast<uint32_t>(GetParam() * 1'000'000 + round);
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", round ", round));
    DoomedStore store(own_seed);
    for (int life = 0, lives = 1 + store.Below(kMaxLives); life < lives; ++life) {
      ASSERT_THAT(store.Live(1'000), IsEmpty()) << "life " << life;
    }
    ASSERT_THAT(store.BrokenLaws(), IsEmpty());
    acknowledged += store.journal().acknowledged_count();
  }
  EXPECT_GT(acknowledged, 100);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerLossTest, testing::Range(0, kSeeds / kSeedsOfTest),
                         [](const auto& row) { return absl::StrCat("From", row.param * kSeedsOfTest); });

// Each row is a disk that says that it has synced and has not. If nothing is lost then, the test above proves nothing.
struct LieCase {
  std::string name;
  void (*lie)(FaultyDisk&);
  friend void PrintTo(const LieCase& row, std::ostream* out) { *out << row.name; }
};

class PowerLossControl : public testing::TestWithParam<LieCase> {};

TEST_P(PowerLossControl, ADiskThatLiesLosesWhatWasAcknowledged) {
  const uint32_t seed = RandomSeed();
  int lost = 0;
  int refused = 0;
  // Not every power cut meets what a lie left open.
  constexpr int kMostRounds = 300;
  for (int round = 0; round < kMostRounds && lost == 0; ++round) {
    DoomedStore store(seed + static_cast<uint32_t>(round));
    // The store itself is on disk when the lies begin.
    {
      const auto start = store.Live(400);
      ASSERT_THAT(start, IsEmpty());
    }
    GetParam().lie(store.disk());
    ASSERT_THAT(store.Live(400), IsEmpty());
    const std::string broken = absl::StrJoin(store.BrokenLaws(), "\n");
    lost += broken.find("was acknowledged and is lost") != std::string::npos ? 1 : 0;
    refused += broken.find("does not start") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(lost, 0) << refused << " times the store refused to open";
}

INSTANTIATE_TEST_SUITE_P(Lies, PowerLossControl,
                         testing::ValuesIn<LieCase>({
                             {"OfTheWriteAheadLog", [](FaultyDisk& disk) { disk.LieAboutSyncsOf(".log"); }},
                             {"OfFolders", [](FaultyDisk& disk) { disk.LieAboutSyncsOfFolders(); }},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
