// The policy file as it changes.
#include "service/rights_keeper.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "service/limits.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kSubmits[] = "rules { callers: 'force/*' submit_for: 'own' }";
constexpr char kReads[] = "rules { callers: 'force/*' read_results_of: 'own' }";

class RightsKeeperTest : public testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(file_, std::ios::trunc) << text; }

  // Looks at the file when it is told to only.
  absl::Status Start() {
    absl::StatusOr<std::unique_ptr<RightsKeeper>> keeper =
        RightsKeeper::Start(file_, ShippedCatalogue(), std::chrono::hours(24),
                            [this](const FileChange& change) { told_.push_back(change.taken); });
    if (!keeper.ok()) return keeper.status();
    keeper_ = *std::move(keeper);
    return absl::OkStatus();
  }

  bool MaySubmit() const { return keeper_->Current()->Of(CallerOf("force/kent"))->MayCall(Call::kSubmitResults).ok(); }

  TemporaryFolder folder_;
  const std::string file_ = folder_.Path("policy.textproto");
  std::vector<bool> told_;  // Whether each change was taken.
  std::unique_ptr<RightsKeeper> keeper_;
};

TEST_F(RightsKeeperTest, TakesAGoodChange) {
  Write(kSubmits);
  ASSERT_TRUE(Start().ok());
  EXPECT_TRUE(MaySubmit());
  const std::shared_ptr<const Rights> held = keeper_->Current();
  Write(kReads);
  keeper_->CheckFile();
  EXPECT_FALSE(MaySubmit());
  EXPECT_TRUE(held->Of(CallerOf("force/kent"))->MayCall(Call::kSubmitResults).ok());  // For calls under way.
  EXPECT_THAT(told_, ElementsAre(true, true));
}

TEST_F(RightsKeeperTest, KeepsTheLastGoodOneUntilABadOneIsMended) {
  Write(kSubmits);
  ASSERT_TRUE(Start().ok());
  Write("rules { callers: 'force/kant' }");
  keeper_->CheckFile();
  keeper_->CheckFile();
  EXPECT_TRUE(MaySubmit());
  EXPECT_THAT(told_, ElementsAre(true, false));
  Write(kReads);
  keeper_->CheckFile();
  EXPECT_FALSE(MaySubmit());
  EXPECT_THAT(told_, ElementsAre(true, false, true));
}

TEST_F(RightsKeeperTest, KeepsTheLastGoodOneOfAFileThatIsGone) {
  Write(kSubmits);
  ASSERT_TRUE(Start().ok());
  std::filesystem::remove(file_);
  keeper_->CheckFile();
  keeper_->CheckFile();
  EXPECT_TRUE(MaySubmit());
  EXPECT_THAT(told_, ElementsAre(true, false));
  Write(kSubmits);
  keeper_->CheckFile();
  EXPECT_TRUE(MaySubmit());
  EXPECT_THAT(told_, ElementsAre(true, false, true));
}

TEST_F(RightsKeeperTest, TellsNothingOfAFileThatStaysTheSame) {
  Write(kSubmits);
  ASSERT_TRUE(Start().ok());
  Write(kSubmits);
  keeper_->CheckFile();
  EXPECT_THAT(told_, ElementsAre(true));
}

TEST_F(RightsKeeperTest, StartsWithNoFaultyFile) {
  EXPECT_EQ(Start().code(), absl::StatusCode::kInvalidArgument);  // There is none.
  Write("rules { callers: 'force/kant' }\nrules { }");
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("policy.textproto:1: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("policy.textproto:2: "));
}

TEST_F(RightsKeeperTest, TakesAFileOfTheLargestSizeAndNoLarger) {
  const std::string text = std::string(kSubmits) + "\n#";
  Write(text + std::string(kMaxPolicyBytes - text.size(), '-'));
  EXPECT_TRUE(Start().ok());
  Write(text + std::string(kMaxPolicyBytes - text.size() + 1, '-'));
  EXPECT_EQ(Start().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RightsKeeperTest, WithoutAFileHasTheDefaultPolicy) {
  absl::StatusOr<std::unique_ptr<RightsKeeper>> keeper =
      RightsKeeper::Start("", ShippedCatalogue(), std::chrono::hours(24), nullptr);
  ASSERT_TRUE(keeper.ok());
  keeper_ = *std::move(keeper);
  keeper_->CheckFile();
  EXPECT_TRUE(MaySubmit());
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace muster
