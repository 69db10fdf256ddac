#include "clients/cpp/retry.h"

#include <ostream>
#include <string>
#include <vector>

#include "clients/cpp/error_details.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/clients/fake_clock.h"
#include "tests/clients/rich_status.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kSecond = absl::Seconds(1);

// --- Which errors are worth another attempt ---

struct MayRetryCase {
  std::string name;
  google::rpc::Status status;
  bool want;
  friend void PrintTo(const MayRetryCase& row, std::ostream* out) { *out << row.name; }
};

class MayRetryTest : public testing::TestWithParam<MayRetryCase> {};

TEST_P(MayRetryTest, Tells) { EXPECT_EQ(MayRetry(StatusFromProto(GetParam().status)), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(
    Errors, MayRetryTest,
    testing::ValuesIn<MayRetryCase>({
        {"Unavailable", RichStatus(absl::StatusCode::kUnavailable, ""), true},
        {"UnavailableWithReason", RichStatus(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE"), true},
        {"UnavailableWithDelay", RichStatus(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", kSecond), true},
        {"ExhaustedWithDelay", RichStatus(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", kSecond), true},
        {"ExhaustedWithNoDelayAtAll",
         RichStatus(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", absl::ZeroDuration()), true},
        {"ExhaustedWithoutDelay", RichStatus(absl::StatusCode::kResourceExhausted, "QUEUE_FULL"), false},
        {"ExhaustedBare", RichStatus(absl::StatusCode::kResourceExhausted, ""), false},
        {"CancelledBare", RichStatus(absl::StatusCode::kCancelled, ""), true},
        {"CancelledWithReason", RichStatus(absl::StatusCode::kCancelled, "STOPPED_ON_PURPOSE"), false},
        {"Ok", RichStatus(absl::StatusCode::kOk, ""), false},
        {"Aborted", RichStatus(absl::StatusCode::kAborted, "PAGE_EXPIRED"), false},
        {"DeadlineExceeded", RichStatus(absl::StatusCode::kDeadlineExceeded, ""), false},
        {"InvalidArgument", RichStatus(absl::StatusCode::kInvalidArgument, "INVALID_QUERY"), false},
        {"InvalidArgumentWithDelay", RichStatus(absl::StatusCode::kInvalidArgument, "INVALID_QUERY", kSecond), false},
        {"FailedPrecondition", RichStatus(absl::StatusCode::kFailedPrecondition, ""), false},
        {"NotFound", RichStatus(absl::StatusCode::kNotFound, ""), false},
        {"Unimplemented", RichStatus(absl::StatusCode::kUnimplemented, ""), false},
        {"DataLoss", RichStatus(absl::StatusCode::kDataLoss, ""), false},
        {"Internal", RichStatus(absl::StatusCode::kInternal, ""), false},
        {"Unknown", RichStatus(absl::StatusCode::kUnknown, ""), false},
    }),
    [](const auto& row) { return row.param.name; });

// --- How long to wait ---

class RetryWaitsTest : public testing::Test {
 protected:
  RetryWaits WaitsUntil(absl::Duration deadline) { return RetryWaits(policy_, functions_, clock_.Now() + deadline); }

  // first_backoff 100 ms, max_backoff 10 s.
  const RetryPolicy policy_ = {};
  FakeClock clock_;
  const ClientClock functions_ = clock_.Functions();
  const absl::Status unavailable_ = absl::UnavailableError("");
  const absl::Status in_five_seconds_ =
      StatusFromProto(RichStatus(absl::StatusCode::kUnavailable, "", absl::Seconds(5)));
};

TEST_F(RetryWaitsTest, TheLongestWaitDoublesUpToItsBound) {
  RetryWaits waits = WaitsUntil(absl::Hours(1));
  for (int wait = 0; wait < 9; ++wait) EXPECT_TRUE(waits.Wait(unavailable_));
  EXPECT_EQ(waits.waits(), 9);
  EXPECT_THAT(clock_.Sleeps(),
              ElementsAre(absl::Milliseconds(100), absl::Milliseconds(200), absl::Milliseconds(400),
                          absl::Milliseconds(800), absl::Milliseconds(1'600), absl::Milliseconds(3'200),
                          absl::Milliseconds(6'400), absl::Seconds(10), absl::Seconds(10)));
}

TEST_F(RetryWaitsTest, AWaitIsDrawnBetweenNothingAndTheLongest) {
  RetryWaits waits = WaitsUntil(absl::Hours(1));
  for (const double random : {0.0, 0.5, 0.25}) {
    clock_.SetRandom(random);
    EXPECT_TRUE(waits.Wait(unavailable_));
  }
  EXPECT_THAT(clock_.Sleeps(), ElementsAre(absl::ZeroDuration(), absl::Milliseconds(100), absl::Milliseconds(100)));
}

TEST_F(RetryWaitsTest, ThousandsOfWaitsStayAtTheBound) {
  RetryWaits waits = WaitsUntil(absl::Hours(100));
  for (int wait = 0; wait < 5'000; ++wait) ASSERT_TRUE(waits.Wait(unavailable_));
  EXPECT_EQ(clock_.Sleeps().back(), absl::Seconds(10));
}

TEST_F(RetryWaitsTest, WhatTheServerAskedForComesOnTop) {
  RetryWaits waits = WaitsUntil(absl::Hours(1));
  EXPECT_TRUE(waits.Wait(in_five_seconds_));
  clock_.SetRandom(0.0);
  EXPECT_TRUE(waits.Wait(in_five_seconds_));
  EXPECT_THAT(clock_.Sleeps(), ElementsAre(absl::Seconds(5) + absl::Milliseconds(100), absl::Seconds(5)));
}

TEST_F(RetryWaitsTest, AWaitThatReachesTheDeadlineIsNotBegun) {
  RetryWaits just_too_long = WaitsUntil(absl::Milliseconds(100));
  EXPECT_FALSE(just_too_long.Wait(unavailable_));
  EXPECT_EQ(just_too_long.waits(), 0);
  RetryWaits asked_too_much = WaitsUntil(absl::Seconds(5));
  EXPECT_FALSE(asked_too_much.Wait(in_five_seconds_));
  RetryWaits past = WaitsUntil(-kSecond);
  EXPECT_FALSE(past.Wait(unavailable_));
  EXPECT_THAT(clock_.Sleeps(), IsEmpty());

  RetryWaits just_fits = WaitsUntil(absl::Milliseconds(100) + absl::Nanoseconds(1));
  EXPECT_TRUE(just_fits.Wait(unavailable_));
}

TEST_F(RetryWaitsTest, AClockThatIsSetMovesNoDeadline) {
  RetryWaits waits = WaitsUntil(absl::Seconds(20));
  for (const absl::Duration jump : {absl::Hours(-90'000), absl::Hours(90'000), absl::Hours(-90'000)}) {
    clock_.Set(clock_.Now() + jump);
    EXPECT_TRUE(waits.Wait(in_five_seconds_)) << jump;
  }
  EXPECT_EQ(waits.TimeLeft(), absl::Seconds(20) - 3 * absl::Seconds(5) - absl::Milliseconds(100 + 200 + 400));
  EXPECT_FALSE(waits.Wait(in_five_seconds_)) << "20 seconds are 20 seconds";
}

TEST_F(RetryWaitsTest, ProgressMakesTheNextWaitAFirstOne) {
  RetryWaits waits = WaitsUntil(absl::Hours(1));
  EXPECT_TRUE(waits.Wait(unavailable_));
  EXPECT_TRUE(waits.Wait(unavailable_));
  waits.Progressed();
  EXPECT_EQ(waits.waits(), 0);
  EXPECT_TRUE(waits.Wait(unavailable_));
  EXPECT_EQ(clock_.Sleeps().back(), absl::Milliseconds(100));
}

TEST_F(RetryWaitsTest, ADrawOutsideItsRangeIsTakenAsItsEnd) {
  RetryWaits waits = WaitsUntil(absl::Hours(1));
  clock_.SetRandom(-3.0);
  EXPECT_TRUE(waits.Wait(unavailable_));
  clock_.SetRandom(7.0);
  EXPECT_TRUE(waits.Wait(unavailable_));
  EXPECT_THAT(clock_.Sleeps(), ElementsAre(absl::ZeroDuration(), absl::Milliseconds(200)));
}

TEST(SystemClockTest, DrawsEvenlyBetweenZeroAndOne) {
  const ClientClock clock = SystemClock();
  double sum = 0;
  for (int draw = 0; draw < 10'000; ++draw) {
    const double random = clock.random();
    ASSERT_GE(random, 0.0);
    ASSERT_LT(random, 1.0);
    sum += random;
  }
  // Fifteen standard deviations around the middle.
  EXPECT_NEAR(sum / 10'000, 0.5, 0.045);
}

// --- What an error says ---

TEST(ErrorDetailsTest, AreReadFromTheStatus) {
  google::rpc::Status proto =
      RichStatus(absl::StatusCode::kInvalidArgument, "INVALID_QUERY", absl::Milliseconds(1'500));
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("query.metrics[0]");
  bad_request.add_field_violations()->set_field("query.regions[1]");
  proto.add_details()->PackFrom(bad_request);

  const absl::Status status = StatusFromProto(proto);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "said by the server");
  ASSERT_TRUE(ErrorInfoOf(status).has_value());
  EXPECT_EQ(ErrorInfoOf(status)->reason(), "INVALID_QUERY");
  EXPECT_EQ(RetryDelayOf(status), absl::Milliseconds(1'500));
  ASSERT_EQ(FieldViolationsOf(status).size(), 2U);
  EXPECT_EQ(FieldViolationsOf(status)[1].field(), "query.regions[1]");
}

TEST(ErrorDetailsTest, AreAbsentFromABareStatus) {
  const absl::Status status = absl::InternalError("no details");
  EXPECT_FALSE(ErrorInfoOf(status).has_value());
  EXPECT_FALSE(RetryDelayOf(status).has_value());
  EXPECT_THAT(FieldViolationsOf(status), IsEmpty());
}

TEST(ErrorDetailsTest, DetailsThatCannotBeReadAreAbsent) {
  google::rpc::Status proto = RichStatus(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", kSecond);
  for (google::protobuf::Any& detail : *proto.mutable_details()) detail.set_value("\xFF\xFF");
  const absl::Status status = StatusFromProto(proto);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(ErrorInfoOf(status).has_value());
  EXPECT_FALSE(RetryDelayOf(status).has_value());
}

TEST(ErrorDetailsTest, ACodeThatIsNoneIsUnknown) {
  google::rpc::Status proto;
  proto.set_code(77);
  EXPECT_EQ(StatusFromProto(proto).code(), absl::StatusCode::kUnknown);
  proto.set_code(0);
  EXPECT_TRUE(StatusFromProto(proto).ok());
}

}  // namespace
}  // namespace muster
