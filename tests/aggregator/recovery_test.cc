// A start: the newest checkpoint that fits, and what the log says since.
#include "aggregator/recovery.h"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "aggregator/checkpointer.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RecoveryTest : public AggregatorTest {
 protected:
  absl::Status Checkpoint() {
    Checkpointer checkpointer(store(), cubes(), /*replace=*/false, std::chrono::hours(1), [](const absl::Status&) {});
    return checkpointer.WriteNow();
  }

  // A header that fits what is here.
  store::v1::CheckpointHeader Header(LogPosition position) {
    store::v1::CheckpointHeader header;
    header.set_position(position);
    header.set_accept_time_us(now_us_);
    header.set_catalogue_digest(catalogue().digest());
    header.set_rules_version(kCubeRulesVersion);
    return header;
  }

  // A checkpoint of another story: in kWeek, Kent executed 777 warrants.
  CheckpointPart WrongPart() {
    Cubes other(ShippedCatalogue(), [] { return int64_t{0}; });
    ForceCube cube(&catalogue());
    CubeChange change;
    const CheckedResults valid = Validate({Warrants("kent", "other", 1, 777)});
    change.added = Contribution{*valid[0].period, valid.ValuesOf(valid[0]), false, false};
    change.accept_time_us = 1;
    cube.Apply(change);
    return {kWeek, "kent", cube.ToCheckpoint()};
  }

  // What a start says, where the fixture's own would fail the test.
  absl::StatusOr<RecoveryReport> TryRecover() {
    Cubes fresh(ShippedCatalogue(), [] { return int64_t{0}; });
    return Recover(store(), &fresh);
  }

  std::vector<std::string> All() {
    return Rows(
        "group_by: GROUP_BY_OPERATION group_by: GROUP_BY_FORCE group_by: GROUP_BY_DATE "
        "group_by: GROUP_BY_CATEGORY");
  }
};

TEST_F(RecoveryTest, AnEmptyStoreStartsAtTheBeginning) {
  EXPECT_EQ(recovery_.checkpoint_position, 0);
  EXPECT_EQ(recovery_.position, 0);
  EXPECT_EQ(cubes().position(), 0);
  EXPECT_THAT(All(), IsEmpty());
}

TEST_F(RecoveryTest, WithoutACheckpointTheWholeLogIsReplayed) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("kent", "a", 2, 2), Warrants("essex", "b", 1, 3)});
  const std::vector<std::string> rows = All();
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 0);
  EXPECT_EQ(recovery_.position, 3);
  EXPECT_EQ(store().replayed_count(), 3);
  EXPECT_EQ(All(), rows);
  ExpectTheCubesEqualTheLog();
}

// Corrections and retractions on both sides of it, of what came before it and after.
TEST_F(RecoveryTest, ACheckpointAndWhatFollowsItMakeTheFoldOfTheLog) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("kent", "b", 1, 2), Warrants("essex", "c", 1, 3),
          ResultFromText("operation: 'county-lines-2021-10' force: 'kent' result_id: 'f' revision: 1 final: true "
                         "start_date: '2021-10-12' end_date: '2021-10-14' "
                         "figures { metric: 'arrests' value: 9 unit: UNIT_COUNT } "
                         "figures { metric: 'arrests' value: 4 unit: UNIT_COUNT categories: ['child', 'male'] } "
                         "figures { metric: 'drugs-weight' value: 5 unit: UNIT_KILOGRAM categories: ['heroin', 'lsd'] "
                         "qualifier: QUALIFIER_AT_MOST } figures { metric: 'cash-seized' }"),
          ResultFromText("operation: 'county-lines-2021-10' force: 'surrey' result_id: 'n' revision: 1 nil: true "
                         "start_date: '2021-10-12' end_date: '2021-10-14'"),
          Warrants("sussex", "r", 1, 50), Retraction("sussex", "r", 2)});
  ASSERT_THAT(Checkpoint(), IsOk());
  Submit({Warrants("kent", "a", 2, 10), Retraction("kent", "f", 2), Warrants("sussex", "r", 3, 60),
          Warrants("surrey", "n", 2, 1), Warrants("cumbria", "x", 1, 100)});
  const std::vector<std::string> rows = All();
  const int64_t last_accepted_us = cubes().FreezeAll().accept_time_us;

  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 7);
  EXPECT_EQ(recovery_.position, 12);
  EXPECT_EQ(store().replayed_count(), 5) << "no more than what follows the checkpoint";
  EXPECT_EQ(All(), rows);
  EXPECT_EQ(cubes().FreezeAll().accept_time_us, last_accepted_us);
  ExpectTheCubesEqualTheLog();
}

TEST_F(RecoveryTest, ACheckpointAtTheEndOfTheLogNeedsNoReplay) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "b", 1, 3)});
  ASSERT_THAT(Checkpoint(), IsOk());
  const std::vector<std::string> rows = All();
  now_us_ -= 3'600'000'000;  // Even if the clock was set back.
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 2);
  EXPECT_EQ(store().replayed_count(), 0);
  EXPECT_EQ(All(), rows);
  const int64_t accepted_us = cubes().FreezeAll().accept_time_us;
  EXPECT_GT(SubmitOne(Warrants("kent", "c", 1, 1)).accept_time_us, accepted_us) << "times never fall";
}

struct CheckpointCase {
  std::string name;
  std::function<void(store::v1::CheckpointHeader&)> spoil;
  LogPosition want_used;
  std::string want_row;
  friend void PrintTo(const CheckpointCase& row, std::ostream* out) { *out << row.name; }
};

class WhichCheckpointTest : public RecoveryTest, public testing::WithParamInterface<CheckpointCase> {};

TEST_P(WhichCheckpointTest, IsUsed) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  store::v1::CheckpointHeader header = Header(1);
  GetParam().spoil(header);
  ASSERT_THAT(store().WriteCheckpoint(header, {WrongPart()}, /*replace=*/true), IsOk());
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, GetParam().want_used);
  EXPECT_EQ(recovery_.position, 1);
  EXPECT_THAT(Rows("metrics: 'warrants-executed'"), ElementsAre(GetParam().want_row));
}

INSTANTIATE_TEST_SUITE_P(
    Headers, WhichCheckpointTest,
    testing::ValuesIn<CheckpointCase>({
        // The first row shows that the others could tell.
        {"OneThatFits", [](auto&) {}, 1, "warrants-executed: 777 from 1/1"},
        {"OneOfAnotherCatalogue", [](auto& header) { header.set_catalogue_digest("another"); }, 0,
         "warrants-executed: 1 from 1/1"},
        {"OneOfNoCatalogue", [](auto& header) { header.clear_catalogue_digest(); }, 0, "warrants-executed: 1 from 1/1"},
        {"OneOfEarlierRules", [](auto& header) { header.set_rules_version(kCubeRulesVersion - 1); }, 0,
         "warrants-executed: 1 from 1/1"},
        {"OneOfLaterRules", [](auto& header) { header.set_rules_version(kCubeRulesVersion + 1); }, 0,
         "warrants-executed: 1 from 1/1"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(RecoveryTest, ACheckpointAheadOfTheLogMeansThatResultsAreLost) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "b", 1, 3)});
  ASSERT_THAT(store().WriteCheckpoint(Header(2), {}, true), IsOk());
  EXPECT_THAT(TryRecover(), IsOk()) << "it ends where the log does";
  store().PretendCheckpointHeader(Header(3));
  EXPECT_THAT(TryRecover(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("Restore the store from a backup")));
  store::v1::CheckpointHeader other = Header(3);
  other.set_catalogue_digest("another");
  store().PretendCheckpointHeader(other);
  EXPECT_THAT(TryRecover(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("acknowledged results are gone")))
      << "whoever wrote it";
}

TEST_F(RecoveryTest, ACheckpointWithAPartThatDoesNotFitTheCatalogueIsLeftAside) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  const auto expect_left_aside = [this](const CheckpointPart& part, const std::string& why) {
    // After one that fits, so that something would be left of it.
    ASSERT_THAT(store().WriteCheckpoint(Header(1), {WrongPart(), part}, true), IsOk());
    Start();
    EXPECT_EQ(recovery_.checkpoint_position, 0);
    EXPECT_THAT(recovery_.damage, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(why)));
    EXPECT_THAT(Rows("metrics: 'warrants-executed'"), ElementsAre("warrants-executed: 1 from 1/1"));
  };
  CheckpointPart part = WrongPart();
  part.force = "nobody";
  expect_left_aside(part, "\"nobody\"");
  part = WrongPart();
  part.force = "norfolk";
  part.cube.mutable_blocks(0)->set_metric(catalogue().metric_count());
  expect_left_aside(part, "metric number");
}

TEST_F(RecoveryTest, ALogThatNamesWhatTheCatalogueLostIsRefused) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  StopApplier();
  AppendToLog(Warrants("gone", "a", 1, 1));
  EXPECT_THAT(TryRecover(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     testing::AllOf(HasSubstr("\"gone\""), HasSubstr("position 2"))));
}

TEST_F(RecoveryTest, AnOperationThatNamesWhatTheCatalogueLostIsRefused) {
  v1::Operation operation = cubes().operations()->Find(kWeek)->proto;
  operation.add_expected_forces("gone");
  store::v1::LogEntry entry;
  *entry.mutable_operation()->mutable_operation() = operation;
  StopApplier();
  AppendToLog(entry);
  EXPECT_THAT(TryRecover(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     testing::AllOf(HasSubstr(kWeek), HasSubstr("must not lose names"))));
}

TEST_F(RecoveryTest, OperationsStandAsTheNewestChangeLeftThemOnBothSidesOfACheckpoint) {
  const auto set = [this](const std::string& id, const std::string& title, bool closed) {
    v1::Operation operation = OperationFromText(
        "start_date: '2021-10-11' end_date: '2021-10-17' expected_forces: 'kent' expected_metrics: 'arrests'");
    operation.set_id(id);
    operation.set_title(title);
    operation.set_closed(closed);
    PutOperation(operation);
  };
  set("first", "One", false);
  set("second", "One", false);
  set("first", "Two", true);
  ASSERT_THAT(Checkpoint(), IsOk());
  set("second", "Two", true);
  set("second", "Three", false);
  for (const bool with_checkpoint : {true, false}) {
    if (!with_checkpoint) {
      store::v1::CheckpointHeader unfit = Header(0);
      unfit.clear_catalogue_digest();
      ASSERT_THAT(store().WriteCheckpoint(unfit, {}, true), IsOk());
    }
    Start();
    EXPECT_EQ(recovery_.checkpoint_position, with_checkpoint ? 3 : 0);
    const std::shared_ptr<const OperationDirectory> operations = cubes().operations();
    EXPECT_EQ(operations->Find("first")->proto.title(), "Two");
    EXPECT_TRUE(operations->Find("first")->proto.closed());
    EXPECT_EQ(operations->Find("first")->proto.change_position(), 3);
    EXPECT_EQ(operations->Find("second")->proto.title(), "Three");
    EXPECT_FALSE(operations->Find("second")->proto.closed());
    EXPECT_EQ(operations->Find("second")->proto.change_position(), 5);
    std::string title;
    cubes().Read([&title](const CubesView& view) {
      for (const OperationCubes& one : view.operations) {
        if (one.operation->proto.id() == "second") title = one.operation->proto.title();
      }
    });
    EXPECT_EQ(title, "Three") << "queries see it, too";
  }
}

TEST_F(RecoveryTest, ALogThatCannotBeReadIsNoStart) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  store().FailReads(absl::DataLossError("a table is damaged"));
  EXPECT_THAT(TryRecover(), StatusIs(absl::StatusCode::kDataLoss, "a table is damaged"));
}

}  // namespace
}  // namespace muster
