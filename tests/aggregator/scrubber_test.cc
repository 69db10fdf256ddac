// What is derived from the log is watched, and made again: the scrub of the cubes, and damaged checkpoints.
#include "aggregator/scrubber.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/applier.h"
#include "aggregator/checkpointer.h"
#include "aggregator/recovery.h"
#include "aggregator/verification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/raw_family.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kWeek[] = "county-lines-2021-10";

std::shared_ptr<const Catalogue> ReadShippedCatalogue() {
  std::vector<CatalogueFile> files;
  for (const char* const name : {"breakdowns", "forces", "metrics", "operations", "regions"}) {
    const std::string path = absl::StrCat(MUSTER_SOURCE_DIR, "/catalogue/", name, ".textproto");
    std::ifstream in(path, std::ios::binary);
    files.push_back({path, std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::vector<CatalogueFault> faults;
  return Catalogue::Read(files, &faults);
}

v1::OperationResult Warrants(const std::string& force, const std::string& id, int64_t revision, int64_t count) {
  v1::OperationResult result;
  result.set_operation(kWeek);
  result.set_force(force);
  result.set_result_id(id);
  result.set_revision(revision);
  result.set_start_date("2021-10-15");
  result.set_end_date("2021-10-15");
  v1::Figure& figure = *result.add_figures();
  figure.set_metric("warrants-executed");
  figure.set_value(count);
  figure.set_unit(v1::UNIT_COUNT);
  return result;
}

v1::OperationResult Retraction(const std::string& force, const std::string& id, int64_t revision) {
  v1::OperationResult result = Warrants(force, id, revision, 0);
  result.clear_figures();
  result.set_retracted(true);
  result.set_reason("counted twice");
  return result;
}

class DerivedTest : public testing::Test {
 protected:
  DerivedTest() : catalogue_(ReadShippedCatalogue()) {
    folder_ = absl::StrCat(testing::TempDir(), "/muster-scrub-XXXXXX");
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    Start();
  }
  ~DerivedTest() override {
    Close();
    std::filesystem::remove_all(folder_);
  }

  std::string StorePath() const { return absl::StrCat(folder_, "/store"); }

  void Close() {
    applier_.reset();
    cubes_.reset();
    store_.reset();
  }
  void Start() {
    Close();
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open({.directory = StorePath()});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    cubes_ = std::make_unique<Cubes>(catalogue_, [] { return int64_t{1'634'500'000'000'000}; });
    const absl::StatusOr<RecoveryReport> report = Recover(*store_, cubes_.get());
    ASSERT_TRUE(report.ok()) << report.status();
    recovery_ = *report;
    applier_ = std::make_unique<Applier>(*store_, *cubes_, ApplierLimits(), [](const absl::Status&) {});
  }
  void Submit(const std::vector<v1::OperationResult>& results) {
    CheckedResults checked;
    for (const v1::OperationResult& result : results) {
      for (const FieldProblem& problem : checked.Add(result, *catalogue_, *cubes_->operations())) {
        ADD_FAILURE() << problem.field << ": " << problem.description;
      }
    }
    std::promise<absl::Status> done;
    ASSERT_TRUE(
        applier_
            ->Submit(std::move(checked), false,
                     [&done](const absl::StatusOr<Decisions>& decisions) { done.set_value(decisions.status()); })
            .ok());
    ASSERT_TRUE(done.get_future().get().ok());
  }

  // Goes once over everything, without rest.
  std::vector<ScrubMismatch> ScrubOneRound() {
    std::vector<ScrubMismatch> found;
    {
      ScrubberLimits limits{.pause_factor = 0, .min_pause = std::chrono::milliseconds(0)};
      const auto begin = std::chrono::steady_clock::now();
      Scrubber scrubber(
          *store_, *cubes_, limits, [&](const ScrubMismatch& mismatch) { found.push_back(mismatch); },
          [](const absl::Status& status) { ADD_FAILURE() << status; });
      auto age = scrubber.age();  // Read before the time that it is held against.
      EXPECT_LE(age, std::chrono::steady_clock::now() - begin);
      while (scrubber.round_count() == 0) std::this_thread::yield();
      age = scrubber.age();
      EXPECT_LT(age, std::chrono::steady_clock::now() - begin) << "since the end of the round";
      scrubber.Stop();
      EXPECT_EQ(scrubber.mismatch_count(), static_cast<int64_t>(found.size()));
    }
    return found;
  }
  int64_t Mismatches() {
    const absl::StatusOr<VerificationReport> report = VerifyCubes(*store_, *cubes_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->mismatch_count : -1;
  }
  absl::Status Checkpoint() {
    Checkpointer checkpointer(*store_, *cubes_, recovery_.checkpoint_position == 0, std::chrono::hours(1),
                              [](const absl::Status&) {});
    return checkpointer.WriteNow();
  }
  ForceIndex Force(absl::string_view id) const { return *catalogue_->FindForce(id); }

  std::shared_ptr<const Catalogue> catalogue_;
  RecoveryReport recovery_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Cubes> cubes_;
  std::unique_ptr<Applier> applier_;

 private:
  std::string folder_;
};

// --- Scrub ---

using ScrubberTest = DerivedTest;

TEST_F(ScrubberTest, WhatTheWriterMadeIsRight) {
  EXPECT_THAT(ScrubOneRound(), IsEmpty()) << "of nothing";
  std::vector<v1::OperationResult> many;
  many.reserve(700);
  for (int i = 0; i < 700; ++i) many.push_back(Warrants("kent", absl::StrCat("r", i), 1, i));
  Submit(many);
  Submit({Warrants("kent", "r3", 2, 99), Retraction("kent", "r4", 2), Warrants("essex", "a", 1, 1),
          Retraction("surrey", "never", 1)});
  Submit({Warrants("kent", "r4", 3, 5), Retraction("essex", "a", 2)});
  v1::OperationResult nil = Warrants("sussex", "n", 1, 0);
  nil.clear_figures();
  nil.set_nil(true);
  nil.set_final(true);
  Submit({nil});
  EXPECT_THAT(ScrubOneRound(), IsEmpty());
  EXPECT_EQ(Mismatches(), 0);
}

// One row spoils one thing of Kent's cube.
struct PlantedCase {
  std::string name;
  std::function<void(store::v1::CheckpointForceCube&)> spoil;
  std::string want;  // In what is said of it; empty: nothing is found.
  friend void PrintTo(const PlantedCase& row, std::ostream* out) { *out << row.name; }
};

class PlantedTest : public ScrubberTest, public testing::WithParamInterface<PlantedCase> {};

TEST_P(PlantedTest, IsFoundAndNamedWithinARound) {
  Submit({Warrants("kent", "a", 1, 7), Warrants("kent", "b", 1, 5), Warrants("essex", "a", 1, 3)});
  store::v1::CheckpointForceCube cube;
  for (const FrozenForceCube& one : cubes_->FreezeAll().cubes) {
    if (one.force == Force("kent")) cube = one.cube->ToCheckpoint();
  }
  GetParam().spoil(cube);
  absl::StatusOr<ForceCube> wrong = ForceCube::FromCheckpoint(catalogue_.get(), cube);
  ASSERT_TRUE(wrong.ok()) << wrong.status();
  cubes_->RestoreCube(kWeek, Force("kent"), *std::move(wrong));

  const std::vector<ScrubMismatch> found = ScrubOneRound();
  if (GetParam().want.empty()) {
    EXPECT_THAT(found, IsEmpty());
    return;
  }
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].operation, kWeek);
  EXPECT_EQ(found[0].force, "kent");
  EXPECT_EQ(found[0].position, 3);
  EXPECT_THAT(found[0].description, HasSubstr(GetParam().want));
  EXPECT_EQ(Mismatches(), 1) << "a verification says the same";
}

INSTANTIATE_TEST_SUITE_P(
    Cells, PlantedTest,
    testing::ValuesIn<PlantedCase>({
        {"Nothing", [](auto&) {}, ""},
        {"AnotherSum", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->mutable_sum()->set_low(13); },
         "warrants-executed over all periods: a sum of 13"},
        {"AMissingBlock", [](auto& cube) { cube.clear_blocks(); }, "warrants-executed over all periods: no total"},
        {"MoreRetractions", [](auto& cube) { cube.set_retracted_count(1); }, "1 retracted"},
        {"AnotherFinalCount", [](auto& cube) { cube.set_final_count(1); }, "1 final"},
        {"HeardLater", [](auto& cube) { cube.set_last_heard_us(cube.last_heard_us() + 1); }, "when they were heard"},
        // The one thing that it cannot see.
        {"FirstHeardEarlier", [](auto& cube) { cube.set_first_heard_us(1); }, ""},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(ScrubberTest, ACubeThatIsGoneIsFound) {
  Submit({Warrants("kent", "a", 1, 7)});
  cubes_->RestoreCube(kWeek, Force("kent"), ForceCube(catalogue_.get()));
  EXPECT_EQ(ScrubOneRound().size(), 1U);
}

// Every page is followed by revisions of results on it, of results of later pages, and by new ones.
TEST_F(ScrubberTest, RevisionsThatComeInBetweenThePagesDoNotBlurTheFold) {
  std::vector<v1::OperationResult> many;
  many.reserve(900);
  for (int i = 0; i < 900; ++i) many.push_back(Warrants("kent", absl::StrCat("r", i), 1, i + 1));
  Submit(many);
  Submit({Warrants("kent", "r10", 2, 1'000), Retraction("kent", "r20", 2)});
  const FrozenCube served = cubes_->FreezeOne(cubes_->NumberOf(kWeek), Force("kent"));
  int64_t revision = 2;
  int pages = 0;
  const absl::StatusOr<ForceCube> folded = FoldNewest(*store_, *catalogue_, kWeek, "kent", served.position, [&] {
    ++pages;
    ++revision;
    Submit({Warrants("kent", "r0", revision, 5), Warrants("kent", "r899", revision, 6),
            Retraction("kent", "r898", revision), Warrants("kent", "r10", revision, 7),
            Warrants("kent", absl::StrCat("new", revision), 1, 8)});
    // Twice, so that what was replaced was itself behind the position.
    ++revision;
    Submit({Warrants("kent", "r0", revision, 5), Warrants("kent", "r500", revision, 6)});
    return true;
  });
  ASSERT_TRUE(folded.ok()) << folded.status();
  EXPECT_GE(pages, 3);
  EXPECT_EQ(served.cube->DifferenceFrom(*folded), "");
  EXPECT_EQ(Mismatches(), 0);
  EXPECT_THAT(ScrubOneRound(), IsEmpty());
}

TEST_F(ScrubberTest, AFoldStopsWhenItIsTold) {
  Submit({Warrants("kent", "a", 1, 7)});
  EXPECT_TRUE(absl::IsCancelled(
      FoldNewest(*store_, *catalogue_, kWeek, "kent", store_->last_position(), [] { return false; }).status()));
}

TEST_F(ScrubberTest, ItStopsWhileItRests) {
  Scrubber scrubber(
      *store_, *cubes_, ScrubberLimits{.pause_factor = 99, .min_pause = std::chrono::hours(1)},
      [](const ScrubMismatch&) {}, [](const absl::Status&) {});
  scrubber.Stop();
  EXPECT_EQ(scrubber.round_count(), 0);
}

TEST_F(ScrubberTest, ItFindsNothingWhileResultsComeIn) {
  std::atomic<bool> done = false;
  std::thread sender([&] {
    // Not for ever: what was revised since the cube was frozen leads back over all its revisions, and where the scrub
    // is slowed down more than the writer, as under a sanitizer, it would never be through.
    constexpr int64_t kMostRevisions = 100;
    for (int64_t revision = 1; !done && revision <= kMostRevisions; ++revision) {
      std::vector<v1::OperationResult> results;
      results.reserve(300);
      for (int i = 0; i < 300; ++i) results.push_back(Warrants("kent", absl::StrCat("r", i), revision, i + revision));
      Submit(results);
    }
  });
  for (int round = 0; round < 5; ++round) EXPECT_THAT(ScrubOneRound(), IsEmpty());
  done = true;
  sender.join();
  EXPECT_EQ(Mismatches(), 0);
}

// --- Checkpoints are derived ---

// What becomes of the column family `checkpoint` behind the store's back.
struct CheckpointDamage {
  std::string name;
  std::function<void(RawFamily& family)> damage;
  bool want_told;
  friend void PrintTo(const CheckpointDamage& row, std::ostream* out) { *out << row.name; }
};

class CheckpointDamageTest : public DerivedTest, public testing::WithParamInterface<CheckpointDamage> {
 protected:
  void DamageTheCheckpoint() {
    RawFamily family(StorePath(), "checkpoint");
    GetParam().damage(family);
  }
};

TEST_P(CheckpointDamageTest, ThePartsAreMadeAgainFromTheLogAndWritten) {
  Submit({Warrants("kent", "a", 1, 7), Warrants("essex", "a", 1, 3)});
  ASSERT_TRUE(Checkpoint().ok());
  Submit({Warrants("kent", "a", 2, 8)});
  const std::string before = cubes_->FreezeAll().cubes[0].cube->ToCheckpoint().SerializeAsString();
  Close();
  DamageTheCheckpoint();
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 0);
  EXPECT_EQ(recovery_.position, 3);
  EXPECT_EQ(!recovery_.damage.ok(), GetParam().want_told) << recovery_.damage;
  EXPECT_EQ(Mismatches(), 0);
  EXPECT_EQ(cubes_->FreezeAll().cubes[0].cube->ToCheckpoint().SerializeAsString(), before);

  ASSERT_TRUE(Checkpoint().ok());
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 3) << "it was written again";
  EXPECT_TRUE(recovery_.damage.ok()) << recovery_.damage;
  EXPECT_EQ(Mismatches(), 0);
}

INSTANTIATE_TEST_SUITE_P(Family, CheckpointDamageTest,
                         testing::ValuesIn<CheckpointDamage>({
                             {"Dropped", [](auto& family) { family.Drop(); }, false},
                             {"HeaderIsGarbage", [](auto& family) { family.Put("H", "garbage"); }, true},
                             {"PartIsGarbage", [](auto& family) { family.Put(family.FirstKey("P"), "x"); }, true},
                             {"PartIsMissing", [](auto& family) { family.Delete(family.FirstKey("P")); }, true},
                             {"StrangeKey", [](auto& family) { family.Put("zzz", "x"); }, true},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_F(DerivedTest, AWrongCheckpointThatIsWholeIsLeftAsideOnRequest) {
  Submit({Warrants("kent", "a", 1, 7)});
  cubes_->RestoreCube(kWeek, Force("kent"), ForceCube(catalogue_.get()));
  ASSERT_TRUE(Checkpoint().ok());
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 1);
  EXPECT_EQ(Mismatches(), 1) << "nothing tells at a start";
  Cubes rebuilt(catalogue_, [] { return int64_t{0}; });
  const absl::StatusOr<RecoveryReport> report = Recover(*store_, &rebuilt, /*use_checkpoint=*/false);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->checkpoint_position, 0);
  const absl::StatusOr<VerificationReport> verified = VerifyCubes(*store_, rebuilt);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->mismatch_count, 0);
}

}  // namespace
}  // namespace muster
