// Bytes that change on disk while nobody looks: a bit that flips, a file that is cut, 4 KiB of zeroes, at random places
// of table files, the write-ahead log and the manifest. Either it is found and named, with the way to mend it, or it
// hit bytes that nothing depends on: no answer is wrong. 34 places of each kind; MUSTER_SOAK times as many.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aggregator/totals.h"
#include "aggregator/totals_query.h"
#include "aggregator/verification.h"
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
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kPlaces = 34;  // Of each kind of file and damage.
constexpr uint64_t kZeroedBytes = 4'096;

enum class Damage { kFlippedBit, kCut, kZeroes };
// How the store was left: a third of its results in the write-ahead log, or nothing.
enum class Left { kKilled, kStopped };

struct RotCase {
  std::string name;
  std::string files;  // What their names hold.
  Damage damage;
  Left left = Left::kKilled;
  friend void PrintTo(const RotCase& row, std::ostream* out) { *out << row.name; }
};

// All that can be asked of a store, and what could not be answered.
struct Answers {
  std::vector<absl::Status> refusals;
  std::optional<LogPosition> position;  // With the totals.
  std::vector<std::string> totals;
  std::map<LogPosition, LoggedEntry> log;     // What could be replayed.
  std::map<std::string, std::string> newest;  // By key, with the entry that it points to.
  int64_t mismatch_count = 0;
};

std::string KeyName(const ResultKey& key) { return absl::StrCat(key.operation, "/", key.force, "/", key.result_id); }

std::string InWords(const LoggedEntry& entry) {
  return absl::StrCat(entry.position, ": ", entry.entry.ShortDebugString());
}

std::vector<std::string> Totals(const Cubes& cubes) {
  v1::TotalsQuery query;
  query.add_group_by(v1::GROUP_BY_OPERATION);
  query.add_group_by(v1::GROUP_BY_FORCE);
  query.add_group_by(v1::GROUP_BY_CATEGORY);
  FieldProblems problems;
  const auto parsed = ParseTotalsQuery(query, "query", cubes.catalogue(), *cubes.operations(), &problems);
  v1::QueryTotalsResponse answer;
  if (const absl::Status answered = ComputeTotals(cubes, *parsed, &answer); !answered.ok()) {
    return {answered.ToString()};
  }
  std::vector<std::string> lines;
  for (const v1::TotalsRow& row : answer.rows()) lines.push_back(row.ShortDebugString());
  return lines;
}

Answers AskEverything(const std::string& folder, FaultyDisk& disk, const std::vector<ResultKey>& keys) {
  Answers answers;
  const auto note = [&answers](const absl::Status& status) {
    if (!status.ok()) answers.refusals.push_back(status);
    return status.ok();
  };
  StoreOptions options;
  options.directory = folder;
  options.environment = disk.environment();
  const auto muster = RunningMuster::Start(options, ShippedCatalogue());
  if (!note(muster.status())) return answers;
  const Store& store = (*muster)->store();
  answers.position = (*muster)->cubes().position();
  answers.totals = Totals((*muster)->cubes());
  note(store.Replay(1, [&](const LoggedEntry& entry) {
    answers.log[entry.position] = entry;
    return absl::OkStatus();
  }));
  for (const ResultKey& key : keys) {
    const auto newest = store.ReadNewest({key});
    if (!note(newest.status())) continue;
    std::string& answer = answers.newest[KeyName(key)];
    answer = newest->front().has_value() ? InWords(*newest->front()) : "nothing";
  }
  const absl::StatusOr<VerificationReport> report = VerifyCubes(store, (*muster)->cubes());
  if (note(report.status())) answers.mismatch_count = report->mismatch_count;
  // A store that went on must be able to go on.
  note((*muster)->store().Flush());
  return answers;
}

class RotTest : public testing::TestWithParam<RotCase> {
 protected:
  // A store with a few compacted table files and a checkpoint.
  RotTest() : journal_(ShippedCatalogue()) {
    StoreOptions options;
    options.directory = folder_.Path("whole");
    options.environment = disk_.environment();
    const auto muster = RunningMuster::Start(options, ShippedCatalogue());
    EXPECT_TRUE(muster.ok()) << muster.status();
    Reporter reporter(1, 0);
    for (int i = 0; i < 240; ++i) {
      const std::vector<v1::OperationResult> results = reporter.Next();
      for (const v1::OperationResult& result : results) sent_.emplace(KeyName(KeyOf(result)), result);
      absl::Status status = (*muster)->Submit(results, journal_);
      if (i % 50 == 10) status.Update((*muster)->CreateOperation(reporter.NextOperation(), journal_));
      if (i % 70 == 69) status.Update((*muster)->checkpointer().WriteNow());
      if (i < 170 && i % 40 == 30) status.Update((*muster)->store().Flush());
      EXPECT_EQ(status, absl::OkStatus());
    }
    EXPECT_THAT(journal_.BrokenLaws((*muster)->store(), (*muster)->cubes()), IsEmpty());
    if (GetParam().left == Left::kStopped) {
      EXPECT_EQ((*muster)->checkpointer().WriteNow(), absl::OkStatus());
      EXPECT_EQ((*muster)->store().Flush(), absl::OkStatus());
    }
    for (const auto& [name, result] : sent_) keys_.push_back(KeyOf(result));
  }

  // A fresh copy, and what it answers after `spoil`.
  Answers AnswersOfCopy(const std::function<void(const std::string& folder)>& spoil) {
    FaultyDisk disk(folder_.Path("lost-copy"), 1);
    const std::string copy = folder_.Path("copy");
    fs::remove_all(copy);
    fs::copy(folder_.Path("whole"), copy);
    spoil(copy);
    return AskEverything(copy, disk, keys_);
  }

  const MemoryFolder folder_;
  FaultyDisk disk_{folder_.Path("lost"), 1};
  Journal journal_;
  std::map<std::string, v1::OperationResult> sent_;  // One of each key, by its name.
  std::vector<ResultKey> keys_;                      // Views of sent_.
};

// Paths of the files of one kind that are not empty.
std::vector<std::string> FilesOfKind(const std::string& folder, const std::string& kind) {
  std::vector<std::string> paths;
  for (const auto& [name, size] : FilesOf(folder)) {
    if (size > 0 && absl::StrContains(name, kind)) paths.push_back(absl::StrCat(folder, "/", name));
  }
  return paths;
}

// Says what was done.
std::string Spoil(const std::string& folder, const RotCase& row, std::mt19937& random) {
  const std::vector<std::string> paths = FilesOfKind(folder, row.files);
  EXPECT_FALSE(paths.empty());
  std::vector<double> sizes;
  sizes.reserve(paths.size());
  for (const std::string& path : paths) sizes.push_back(static_cast<double>(fs::file_size(path)));
  const std::string& path = paths[std::discrete_distribution<size_t>(sizes.begin(), sizes.end())(random)];
  std::string bytes = ReadFile(path);
  const uint64_t offset = std::uniform_int_distribution<uint64_t>(0, bytes.size() - 1)(random);
  const std::string size = absl::StrCat(" of ", bytes.size());
  switch (row.damage) {
    case Damage::kFlippedBit:
      bytes[offset] = static_cast<char>(bytes[offset] ^ (1 << std::uniform_int_distribution<int>(0, 7)(random)));
      break;
    case Damage::kCut:
      bytes.resize(offset);
      break;
    case Damage::kZeroes:
      for (uint64_t i = offset; i < std::min<uint64_t>(bytes.size(), offset + kZeroedBytes); ++i) bytes[i] = '\0';
      break;
  }
  WriteFile(path, bytes);
  return absl::StrCat(path, " at ", offset, size);
}

enum class Outcome { kFound, kHarmless, kEndLost };

// What the damage led to. Fails the test where an answer is wrong, or a refusal does not say what to do.
Outcome OutcomeOf(const Answers& whole, const Answers& answers, const std::string& folder) {
  for (const absl::Status& refusal : answers.refusals) {
    EXPECT_EQ(refusal.code(), absl::StatusCode::kDataLoss) << refusal;
    EXPECT_THAT(std::string(refusal.message()),
                AllOf(HasSubstr(folder), AnyOf(HasSubstr("backup"), HasSubstr("derived"))));
  }
  for (const auto& [position, entry] : answers.log) EXPECT_EQ(InWords(entry), InWords(whole.log.at(position)));
  if (!answers.position.has_value()) return Outcome::kFound;

  // All is as it was when the log ended there.
  const LogPosition end = *answers.position;
  EXPECT_LE(end, whole.position);
  EXPECT_EQ(answers.mismatch_count, 0);
  std::map<std::string, std::string> newest;
  for (const auto& [position, entry] : whole.log) {
    const v1::OperationResult& result = entry.entry.result().result();
    if (position <= end) newest[KeyName(KeyOf(result))] = InWords(entry);
  }
  for (const auto& [key, answer] : answers.newest) EXPECT_EQ(answer, newest.count(key) > 0 ? newest[key] : "nothing");
  if (answers.refusals.empty()) {
    EXPECT_EQ(static_cast<LogPosition>(answers.log.size()), end);
  }
  if (end == whole.position) {
    EXPECT_EQ(answers.totals, whole.totals);
    return answers.refusals.empty() ? Outcome::kHarmless : Outcome::kFound;
  }
  return answers.refusals.empty() ? Outcome::kEndLost : Outcome::kFound;
}

class RotAtRandomPlacesTest : public RotTest {
 protected:
  // How often it came to what.
  std::map<Outcome, int> SpoilMany() {
    const uint32_t seed = RandomSeed();
    const Answers whole = AnswersOfCopy([](const std::string& /*folder*/) {});
    EXPECT_THAT(whole.refusals, IsEmpty());
    EXPECT_GT(whole.totals.size(), 10);
    std::map<Outcome, int> outcomes;
    for (int place = 0; place < SoakRounds(kPlaces); ++place) {
      std::seed_seq seeds{seed, static_cast<uint32_t>(place)};
      std::mt19937 random(seeds);
      std::string where;
      const Answers answers =
          AnswersOfCopy([&](const std::string& folder) { where = Spoil(folder, GetParam(), random); });
      SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ": ", where));
      ++outcomes[OutcomeOf(whole, answers, folder_.path())];
    }
    return outcomes;
  }
};

TEST_P(RotAtRandomPlacesTest, IsFoundAndNamedOrDoesNoHarm) {
  std::map<Outcome, int> outcomes = SpoilMany();
  std::cout << outcomes[Outcome::kFound] << " found, " << outcomes[Outcome::kHarmless] << " harmless, "
            << outcomes[Outcome::kEndLost] << " with a lost end\n";
  EXPECT_GT(outcomes[Outcome::kFound], 0);
  // Where the write-ahead log or the manifest ends too early, or seems to, RocksDB takes that for a write that a power
  // cut broke off. The mark of the position that is kept outside of the database shows it.
  EXPECT_EQ(outcomes[Outcome::kEndLost], 0);
}

INSTANTIATE_TEST_SUITE_P(Damages, RotAtRandomPlacesTest,
                         testing::ValuesIn<RotCase>({
                             {"FlippedBitInATable", ".sst", Damage::kFlippedBit},
                             {"CutTable", ".sst", Damage::kCut},
                             {"ZeroesInATable", ".sst", Damage::kZeroes},
                             {"FlippedBitInTheWriteAheadLog", ".log", Damage::kFlippedBit},
                             {"CutWriteAheadLog", ".log", Damage::kCut},
                             {"ZeroesInTheWriteAheadLog", ".log", Damage::kZeroes},
                             {"FlippedBitInTheManifest", "MANIFEST", Damage::kFlippedBit},
                             {"CutManifest", "MANIFEST", Damage::kCut},
                             {"ZeroesInTheManifest", "MANIFEST", Damage::kZeroes},
                             {"FlippedBitInATableAfterAStop", ".sst", Damage::kFlippedBit, Left::kStopped},
                             {"FlippedBitInTheManifestAfterAStop", "MANIFEST", Damage::kFlippedBit, Left::kStopped},
                         }),
                         [](const auto& row) { return row.param.name; });

// Table files are added to the manifest one column family after the other: one that lost its end may know a longer log
// than index.
INSTANTIATE_TEST_SUITE_P(LostTables, RotAtRandomPlacesTest,
                         testing::ValuesIn<RotCase>({
                             {"CutManifestAfterAStop", "MANIFEST", Damage::kCut, Left::kStopped},
                             {"ZeroesInTheManifestAfterAStop", "MANIFEST", Damage::kZeroes, Left::kStopped},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
