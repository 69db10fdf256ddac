// Who has more calls open than it may.
#include "service/open_calls.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OpenCallsTest : public testing::Test {
 protected:
  static constexpr int kCountedFrom = 2;
  static constexpr int kMax = 3;

  std::vector<std::string> Begin(const std::string& peer, int calls) {
    std::vector<std::string> counted;
    counted.reserve(static_cast<size_t>(calls));
    for (int call = 0; call < calls; ++call) counted.push_back(open_.Begun([&peer] { return peer; }));
    return counted;
  }
  void End(const std::vector<std::string>& counted) {
    for (const std::string& one : counted) open_.Ended(one);
  }

  std::vector<std::string> cut_;
  OpenCalls open_{{.counted_from = kCountedFrom, .max_of_connection = kMax},
                  [this](const std::string& peer) { cut_.push_back(peer); }};
};

TEST_F(OpenCallsTest, NobodyIsAskedForWhileFewAreOpen) {
  for (int round = 0; round < 100; ++round) End(Begin("a", kCountedFrom));
  EXPECT_THAT(Begin("a", kCountedFrom), ElementsAre("", ""));
  EXPECT_THAT(Begin("a", 1), ElementsAre("a"));
}

TEST_F(OpenCallsTest, WhoHasTooManyIsCutOffOnce) {
  Begin("others", kCountedFrom);
  Begin("a", kMax);
  Begin("b", kMax);  // Each has its own count.
  EXPECT_THAT(cut_, IsEmpty());
  Begin("a", 10);
  EXPECT_THAT(cut_, ElementsAre("a"));
}

TEST_F(OpenCallsTest, WhatIsOverDoesNotCount) {
  Begin("others", kCountedFrom);
  for (int round = 0; round < 100; ++round) End(Begin("a", kMax));
  EXPECT_THAT(cut_, IsEmpty());
}

TEST_F(OpenCallsTest, OneThatWasCutOffIsCutOffAgainWhenItComesBackAndGoesOn) {
  Begin("others", kCountedFrom);
  End(Begin("a", kMax + 1));
  End(Begin("a", kMax + 1));
  EXPECT_THAT(cut_, ElementsAre("a", "a"));
}

}  // namespace
}  // namespace muster
