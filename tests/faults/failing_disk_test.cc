// A disk that fails at its first write, at its second, and so on; and so for syncs and reads. Whoever waits is told
// UNAVAILABLE, after a failed sync nothing is acknowledged any more, and on a good disk all is there again.
#include <cstdint>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/faults/faulty_disk.h"
#include "tests/faults/journal.h"
#include "tests/faults/memory_folder.h"
#include "tests/faults/reporter.h"
#include "tests/faults/running_muster.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::IsEmpty;

enum class Afterwards {
  kMended,     // The machine goes on, and so do the files as they are read.
  kPowerLost,  // What was not synced is gone too.
};

struct FailureCase {
  std::string name;
  DiskAction action;
  bool for_ever;
  Afterwards afterwards;
  friend void PrintTo(const FailureCase& row, std::ostream* out) { *out << row.name; }
};

// A store that has something in table files, in the write-ahead log and in a checkpoint, on a disk that fails at the
// `nth` action after a start from all that.
class FailingRun {
 public:
  FailingRun(const FailureCase& row, int64_t nth)
      : row_(row), disk_(folder_.Path("lost"), static_cast<uint32_t>(nth)), journal_(ShippedCatalogue()) {
    Run(nth);
  }

  // The file of which an action failed; empty if it did not come to that.
  const std::string& failure() const { return failure_; }
  const std::vector<std::string>& wrong() const { return wrong_; }

 private:
  void Run(int64_t nth) {
    options_.directory = folder_.Path("store");
    options_.environment = disk_.environment();
    {
      const auto muster = RunningMuster::Start(options_, ShippedCatalogue());
      if (!muster.ok()) return Say("does not start: ", muster.status());
      for (int i = 0; i < 8; ++i) {
        absl::Status status = (*muster)->Submit(reporter_.Next(), journal_);
        if (i == 3) status.Update((*muster)->checkpointer().WriteNow());
        if (i == 5) status.Update((*muster)->store().Flush());
        if (!status.ok()) Say("does not work on a good disk: ", status);
      }
    }

    disk_.FailAt(row_.action, nth, DiskError::kInputOutput, row_.for_ever);
    {
      const auto muster = RunningMuster::Start(options_, ShippedCatalogue());
      if (muster.ok()) {
        Use(**muster);
      } else {
        // Whoever starts it reads why; that it is not told to throw the store away is what counts.
        const absl::Status& status = muster.status();
        if (!disk_.HasFailed()) Say("start refused on a good disk: ", status);
        if (status.code() == absl::StatusCode::kDataLoss) Say("start refused wrongly: ", status);
      }
    }
    failure_ = disk_.FirstFailure();

    if (row_.afterwards == Afterwards::kMended) {
      disk_.Mend();
    } else {
      disk_.Restart();
    }
    const auto muster = RunningMuster::Start(options_, ShippedCatalogue());
    if (!muster.ok()) return Say("does not start on the mended disk: ", muster.status());
    for (const std::string& law : journal_.BrokenLaws((*muster)->store(), (*muster)->cubes())) Say(law);
    const absl::Status status = (*muster)->Submit(reporter_.Next(), journal_);
    if (!status.ok()) Say("takes nothing on the mended disk: ", status);
  }

  void Use(RunningMuster& muster) {
    bool met_failure = false;  // Results were sent after it.
    for (int i = 0; i < 12; ++i) {
      const bool had_failed = disk_.HasFailed();
      const int64_t before = journal_.acknowledged_count();
      const absl::Status status = muster.Submit(reporter_.Next(), journal_);
      if (!status.ok()) Refused("results", status);
      // RocksDB goes on without the file of options, which nobody reads. If it is told not to, it loses track of a
      // column family, and where the library is built with its assertions, as Debian's is, that ends the process.
      const bool counts = row_.action == DiskAction::kSync && !absl::StrContains(disk_.FirstFailure(), "/OPTIONS-");
      // A manifest is synced on threads in the background too, and RocksDB hears of it a moment after the disk: what is
      // acknowledged in between is synced in the write-ahead log. Once only.
      const bool is_told_later = absl::StrContains(disk_.FirstFailure(), "/MANIFEST-") && !met_failure;
      if (counts && had_failed && !is_told_later && journal_.acknowledged_count() > before) {
        Say("acknowledges after a failed sync of ", disk_.FirstFailure());
      }
      met_failure = met_failure || had_failed;
      absl::Status other;
      if (i % 4 == 1) other = muster.checkpointer().WriteNow();
      if (i % 4 == 3) other = muster.store().Flush();
      if (!other.ok()) Refused(i % 4 == 1 ? "checkpoint" : "flush", other);
    }
  }

  void Refused(absl::string_view what, const absl::Status& status) {
    if (!disk_.HasFailed()) Say(what, " refused on a good disk: ", status);
    if (status.code() != absl::StatusCode::kUnavailable) Say(what, " refused wrongly: ", status);
  }

  template <typename... Words>
  void Say(const Words&... words) {
    std::ostringstream line;
    (line << ... << words);
    wrong_.push_back(line.str());
  }

  const FailureCase& row_;
  const MemoryFolder folder_;
  FaultyDisk disk_;
  Journal journal_;
  Reporter reporter_{1, 0};
  StoreOptions options_;
  std::string failure_;
  std::vector<std::string> wrong_;
};

class FailingDiskTest : public testing::TestWithParam<FailureCase> {};

TEST_P(FailingDiskTest, StopsWhatItMustAndLosesNothing) {
  int64_t nth = 0;
  std::string failure;
  do {
    ++nth;
    const FailingRun run(GetParam(), nth);
    failure = run.failure();
    EXPECT_THAT(run.wrong(), IsEmpty()) << "at action " << nth << ", of " << failure;
  } while (!failure.empty());
  EXPECT_GT(nth, 20);
}

INSTANTIATE_TEST_SUITE_P(Actions, FailingDiskTest,
                         testing::ValuesIn<FailureCase>({
                             {"OneWrite", DiskAction::kWrite, false, Afterwards::kMended},
                             {"AllWritesThenPower", DiskAction::kWrite, true, Afterwards::kPowerLost},
                             {"OneSync", DiskAction::kSync, false, Afterwards::kMended},
                             {"OneSyncThenPower", DiskAction::kSync, false, Afterwards::kPowerLost},
                             {"AllSyncs", DiskAction::kSync, true, Afterwards::kMended},
                             {"AllSyncsThenPower", DiskAction::kSync, true, Afterwards::kPowerLost},
                             {"OneRead", DiskAction::kRead, false, Afterwards::kMended},
                             {"AllReads", DiskAction::kRead, true, Afterwards::kMended},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
