// Milestones as the store keeps them.
#include <limits>
#include <string>
#include <vector>

#include "storage/keys.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

using testing::_;
using testing::HasSubstr;

class MilestoneTest : public StoreTest {
 protected:
  MilestoneTest() {
    Open();
    AppendResults(10);
  }

  static store::v1::Milestone MilestoneAt(LogPosition position) {
    store::v1::Milestone milestone;
    milestone.set_position(position);
    milestone.set_rules_version(7);
    return milestone;
  }
  static MilestoneOperationPart Operation(const std::string& id, const std::string& title) {
    MilestoneOperationPart part{.operation = id, .record = {}};
    part.record.mutable_state()->set_title(title);
    return part;
  }
  static CheckpointPart Cube(const std::string& operation, const std::string& force, int64_t results) {
    CheckpointPart part{operation, force, {}};
    part.cube.set_result_count(results);
    return part;
  }
  // Its position; 0 if there is none.
  LogPosition Find(LogPosition at_or_before) {
    const auto found = store().FindMilestone(at_or_before);
    EXPECT_THAT(found, IsOk());
    return found.ok() && found->has_value() ? (*found)->position() : 0;
  }
};

TEST_F(MilestoneTest, TheNewestAtOrBeforeIsFound) {
  EXPECT_EQ(Find(10), 0);
  ASSERT_THAT(store().WriteMilestone(MilestoneAt(3), {Operation("op", "a")}, {Cube("op", "kent", 1)}), IsOk());
  ASSERT_THAT(store().WriteMilestone(MilestoneAt(7), {}, {}), IsOk());
  ASSERT_THAT(store().WriteMilestone(MilestoneAt(5), {}, {}), IsOk());  // Between two.
  for (const auto& [at, want] :
       std::vector<std::pair<LogPosition, LogPosition>>{{-1, 0},
                                                        {0, 0},
                                                        {1, 0},
                                                        {2, 0},
                                                        {3, 3},
                                                        {4, 3},
                                                        {5, 5},
                                                        {6, 5},
                                                        {7, 7},
                                                        {8, 7},
                                                        {std::numeric_limits<LogPosition>::max(), 7}}) {
    EXPECT_EQ(Find(at), want) << at;
  }
  EXPECT_EQ((*store().FindMilestone(5))->rules_version(), 7);
}

TEST_F(MilestoneTest, RecordsAreFoundByTheirExactPlaceAndSurviveAStop) {
  ASSERT_THAT(store().WriteMilestone(MilestoneAt(3), {Operation("op", "a"), Operation("op2", "b")},
                                     {Cube("op", "kent", 1), Cube("op", "kents", 2), Cube("op2", "kent", 3)}),
              IsOk());
  Open();
  EXPECT_EQ(Find(10), 3);
  EXPECT_EQ(store().ReadMilestoneOperation(3, "op")->state().title(), "a");
  EXPECT_EQ(store().ReadMilestoneOperation(3, "op2")->state().title(), "b");
  EXPECT_EQ(store().ReadMilestoneCube(3, "op", "kent")->result_count(), 1);
  EXPECT_EQ(store().ReadMilestoneCube(3, "op", "kents")->result_count(), 2);
  EXPECT_EQ(store().ReadMilestoneCube(3, "op2", "kent")->result_count(), 3);
  const auto is_missing = StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is missing"));
  EXPECT_THAT(store().ReadMilestoneOperation(2, "op"), is_missing);
  EXPECT_THAT(store().ReadMilestoneOperation(3, "o"), is_missing);
  EXPECT_THAT(store().ReadMilestoneCube(4, "op", "kent"), is_missing);
  EXPECT_THAT(store().ReadMilestoneCube(3, "op", "ken"), is_missing);
  EXPECT_GT(store().MilestoneBytes(), 0u);
}

TEST_F(MilestoneTest, OneThatIsNotOfTheLogIsRefused) {
  for (const LogPosition position : {-1, 0, 11}) {
    EXPECT_THAT(store().WriteMilestone(MilestoneAt(position), {}, {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not of this log")));
  }
  EXPECT_THAT(store().WriteMilestone(MilestoneAt(1), {Operation("", "a")}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(store().WriteMilestone(MilestoneAt(1), {}, {Cube("op", std::string("a\0b", 3), 1)}),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_EQ(Find(10), 0);
  EXPECT_THAT(store().WriteMilestone(MilestoneAt(10), {}, {}), IsOk());
}

TEST_F(MilestoneTest, DroppedOnesAreGoneAndNewOnesAreKept) {
  ASSERT_THAT(store().WriteMilestone(MilestoneAt(3), {Operation("op", "a")}, {}), IsOk());
  ASSERT_THAT(store().DropMilestones(), IsOk());
  EXPECT_EQ(Find(10), 0);
  EXPECT_THAT(store().ReadMilestoneOperation(3, "op"), StatusIs(absl::StatusCode::kDataLoss, _));
  ASSERT_THAT(store().WriteMilestone(MilestoneAt(4), {}, {}), IsOk());
  Open();
  EXPECT_EQ(Find(10), 4);
}

TEST_F(MilestoneTest, AStoreOfBeforeThereWereAnyOpens) {
  Close();
  RawDatabase(StorePath()).Drop("milestone");
  Open();
  EXPECT_EQ(Find(10), 0);
  EXPECT_THAT(store().WriteMilestone(MilestoneAt(3), {}, {}), IsOk());
}

TEST_F(MilestoneTest, OneOfALaterLogKeepsTheStoreClosed) {
  Close();
  {
    RawDatabase raw(StorePath());
    raw.Put("milestone", EncodeMilestoneKey(11), MilestoneAt(11).SerializeAsString());
  }
  EXPECT_THAT(Store::Open({.directory = StorePath()}).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("a milestone was kept at 11")));
}

TEST_F(MilestoneTest, OneThatCannotBeReadKeepsNoStoreClosed) {
  Close();
  {
    RawDatabase raw(StorePath());
    raw.Put("milestone", EncodeMilestoneKey(11), "garbage");
  }
  Open();
  EXPECT_THAT(store().FindMilestone(11), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("--rebuild-totals")));
  EXPECT_EQ(Find(10), 0);
  Close();
  {
    RawDatabase raw(StorePath());
    raw.Put("milestone", EncodeMilestoneKey(9), MilestoneAt(8).SerializeAsString());
    raw.Put("milestone", "x", "");
  }
  Open();
  EXPECT_THAT(store().FindMilestone(9), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is of another")));
  EXPECT_THAT(store().FindMilestone(std::numeric_limits<LogPosition>::max()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no key of")));
}

}  // namespace
}  // namespace muster
