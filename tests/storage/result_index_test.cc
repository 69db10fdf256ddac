#include "storage/result_index.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/random_seed.h"
#include "tests/storage/colliding_keys.h"

namespace muster {
namespace {

using store::v1::IndexRun;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Adds an entry as the store does: under the first fingerprint that is free or of the revision that it replaces.
void AddResult(ResultIndex& index, const ResultKey& key, LogPosition replaced_position = 0) {
  int attempt = 0;
  while (index.Find(index.FingerprintOf(key, attempt)) != replaced_position) ++attempt;
  index.Add({index.FingerprintOf(key, attempt), index.NumberOf(key.operation, key.force)});
}

void AddOperation(ResultIndex& index) { index.Add({}); }

// The position under the first fingerprint of a key.
LogPosition FindFirst(const ResultIndex& index, const ResultKey& key) {
  return index.Find(index.FingerprintOf(key, 0));
}

// Fingerprints are on disk: these were computed outside of this program, with XXH3_64bits_withSeed.
TEST(ResultFingerprintTest, IsTheHashOfThePartsWithZeroesBetween) {
  const ResultIndex index(kCollisionSeed);
  EXPECT_EQ(index.FingerprintOf({"op", "kent", "07c80cd070fa33f2"}, 0), 0x0f0a866460a762beU);
  EXPECT_EQ(index.FingerprintOf({"op", "kent", "A.1"}, 0), 0xa39500a17fd9a83cU);
  // A further attempt is the hash with the next seed.
  EXPECT_EQ(index.FingerprintOf({"op", "kent", "A.1"}, 1), 0xfc0537c78021dc40U);
  EXPECT_EQ(ResultIndex(kCollisionSeed + 1).FingerprintOf({"op", "kent", "A.1"}, 0), 0xfc0537c78021dc40U);
}

TEST(ResultFingerprintTest, IsTheSameForTheSameBytesWhereverTheyAre) {
  const ResultIndex index(7);
  const ResultIndex again(7);
  const std::string operation = "county-lines-2021-10";
  const std::string copy = "county-lines-2021-10";
  EXPECT_EQ(index.FingerprintOf({operation, "kent", "a"}, 0), again.FingerprintOf({copy, "kent", "a"}, 0));
}

TEST(ResultFingerprintTest, DiffersForNearMisses) {
  const ResultIndex index(7);
  const std::string longest(255, 'x');
  const std::vector<ResultKey> keys = {{"op", "kent", "a"},  {"op", "kent", "A"},     {"op", "kent", "aa"},
                                       {"op", "kenta", "a"}, {"op", "ken", "ta"},     {"opk", "ent", "a"},
                                       {"o", "pkent", "a"},  {"kent", "op", "a"},     {"a", "kent", "op"},
                                       {"op", "kent", "a "}, {"op", "kent", "\x01"},  {longest, "kent", "a"},
                                       {"op", longest, "a"}, {"op", "kent", longest}, {longest, longest, longest}};
  std::set<ResultFingerprint> fingerprints;
  for (const ResultKey& key : keys) fingerprints.insert(index.FingerprintOf(key, 0));
  EXPECT_THAT(fingerprints, SizeIs(keys.size()));
}

TEST(ResultFingerprintTest, DiffersBySeedAndAttempt) {
  std::set<ResultFingerprint> fingerprints;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{100}, std::numeric_limits<uint64_t>::max()}) {
    for (int attempt = 0; attempt < 10; ++attempt) {
      fingerprints.insert(ResultIndex(seed).FingerprintOf({"op", "kent", "a"}, attempt));
    }
  }
  // After the highest seed comes 0, which is there.
  EXPECT_THAT(fingerprints, SizeIs(30 - 9));
}

TEST(ResultFingerprintTest, OfTheCollidingKeysIsOneAndThenAnother) {
  const ResultIndex index(kCollisionSeed);
  EXPECT_EQ(index.FingerprintOf(kCollidingKeys[0], 0), index.FingerprintOf(kCollidingKeys[1], 0));
  EXPECT_NE(index.FingerprintOf(kCollidingKeys[0], 1), index.FingerprintOf(kCollidingKeys[1], 1));
  const ResultIndex other_seed(kCollisionSeed + 1);
  EXPECT_NE(other_seed.FingerprintOf(kCollidingKeys[0], 0), other_seed.FingerprintOf(kCollidingKeys[1], 0));
}

TEST(ResultIndexTest, FindsNothingInAnEmptyOne) {
  const ResultIndex index(7);
  EXPECT_EQ(FindFirst(index, {"op", "kent", "a"}), 0);
  EXPECT_EQ(index.last_position(), 0);
  EXPECT_THAT(index.List("op", "kent", 0, 10), IsEmpty());
}

TEST(ResultIndexTest, FindsTheNewestRevision) {
  ResultIndex index(7);
  AddResult(index, {"op", "kent", "a"});
  AddOperation(index);
  AddResult(index, {"op", "kent", "b"});
  AddResult(index, {"op", "kent", "a"}, 1);
  EXPECT_EQ(FindFirst(index, {"op", "kent", "a"}), 4);
  EXPECT_EQ(FindFirst(index, {"op", "kent", "b"}), 3);
  EXPECT_EQ(FindFirst(index, {"op", "kent", "c"}), 0);
  EXPECT_EQ(index.last_position(), 4);
}

TEST(ResultIndexTest, AFingerprintLeadsToTheKeysThatMayBeUnderIt) {
  ResultIndex index(kCollisionSeed);
  AddResult(index, kCollidingKeys[0]);
  AddResult(index, kCollidingKeys[1]);
  AddResult(index, {"op", "kent", "a"});
  const ResultFingerprint shared = index.FingerprintOf(kCollidingKeys[0], 0);
  const ResultFingerprint second = index.FingerprintOf(kCollidingKeys[1], 1);
  EXPECT_EQ(index.Find(shared), 1);
  EXPECT_EQ(index.Find(second), 2);
  EXPECT_TRUE(index.LeadsTo(shared, kCollidingKeys[0]));
  EXPECT_TRUE(index.LeadsTo(shared, kCollidingKeys[1]));
  EXPECT_TRUE(index.LeadsTo(second, kCollidingKeys[1]));
  EXPECT_FALSE(index.LeadsTo(second, kCollidingKeys[0]));
  EXPECT_FALSE(index.LeadsTo(shared, {"op", "kent", "a"}));
  EXPECT_FALSE(index.LeadsTo(shared, {"op", "kent", "b"}));
}

TEST(ResultIndexTest, ListsTheNewestRevisionsOfOneForceByPosition) {
  ResultIndex index(7);
  for (const absl::string_view force : {"kent", "surrey", "kent", "kent", "kent"}) {
    AddResult(index, {"op", force, absl::StrCat(index.last_position() + 1)});
  }
  AddOperation(index);
  AddResult(index, {"op", "kent", "3"}, 3);
  EXPECT_THAT(index.List("op", "kent", 0, 10), ElementsAre(1, 4, 5, 7));
  EXPECT_THAT(index.List("op", "kent", 0, 3), ElementsAre(1, 4, 5));
  EXPECT_THAT(index.List("op", "kent", 4, 10), ElementsAre(5, 7));
  EXPECT_THAT(index.List("op", "kent", 7, 10), IsEmpty());
  EXPECT_THAT(index.List("op", "kent", 0, 0), IsEmpty());
  EXPECT_THAT(index.List("op", "surrey", 0, 10), ElementsAre(2));
  EXPECT_THAT(index.List("op", "essex", 0, 10), IsEmpty());
}

// Where the operation ends and the force begins matters.
TEST(ResultIndexTest, NumbersForcesByOperationAndForce) {
  ResultIndex index(7);
  const uint32_t number = index.NumberOf("op", "north");
  EXPECT_EQ(index.NumberOf("op", "north"), number);
  std::set<uint32_t> numbers = {number};
  for (const auto& [operation, force] : std::vector<std::pair<std::string, std::string>>{
           {"op", "northern"}, {"opn", "orth"}, {"op-2", "north"}, {"north", "op"}, {"o", "pnorth"}}) {
    numbers.insert(index.NumberOf(operation, force));
  }
  EXPECT_THAT(numbers, SizeIs(6));
}

TEST(ResultIndexTest, ClearForgetsEverything) {
  ResultIndex index(7);
  AddResult(index, {"op", "kent", "a"});
  AddResult(index, {"op", "kent", "a"}, 1);
  index.Clear();
  EXPECT_EQ(index.last_position(), 0);
  EXPECT_EQ(index.untaken_count(), 0U);
  EXPECT_EQ(FindFirst(index, {"op", "kent", "a"}), 0);
  AddResult(index, {"op", "surrey", "a"});
  EXPECT_EQ(FindFirst(index, {"op", "surrey", "a"}), 1);
  EXPECT_THAT(index.List("op", "surrey", 0, 10), ElementsAre(1));
  EXPECT_THAT(index.List("op", "kent", 0, 10), IsEmpty());
}

TEST(ResultIndexTest, ARunHoldsWhatWasAddedSinceTheLast) {
  ResultIndex index(7);
  AddResult(index, {"op", "kent", "a"});
  EXPECT_EQ(index.untaken_count(), 1U);
  index.TakeRun();
  EXPECT_EQ(index.untaken_count(), 0U);

  AddResult(index, {"op", "surrey", "a"});
  AddOperation(index);
  AddResult(index, {"op", "kent", "b"});
  AddResult(index, {"op", "surrey", "a"}, 2);
  const IndexRun run = index.TakeRun();
  EXPECT_EQ(run.first_position(), 2);
  EXPECT_THAT(run.fingerprints(),
              ElementsAre(index.FingerprintOf({"op", "surrey", "a"}, 0), 0, index.FingerprintOf({"op", "kent", "b"}, 0),
                          index.FingerprintOf({"op", "surrey", "a"}, 0)));
  EXPECT_THAT(run.force_indexes(), ElementsAre(0, 0, 1, 0));
  ASSERT_THAT(run.forces(), SizeIs(2));
  EXPECT_EQ(run.forces(0).operation(), "op");
  EXPECT_EQ(run.forces(0).force(), "surrey");
  EXPECT_EQ(run.forces(1).force(), "kent");
}

TEST(ResultIndexTest, WhatWasTakenUpFromARunIsNotTakenAgain) {
  ResultIndex index(7);
  AddResult(index, {"op", "kent", "a"});
  const IndexRun run = index.TakeRun();
  ResultIndex copy(7);
  ASSERT_TRUE(copy.AddRun(run));
  EXPECT_EQ(copy.untaken_count(), 0U);
  AddResult(copy, {"op", "kent", "b"});
  EXPECT_EQ(copy.TakeRun().first_position(), 2);
}

// Each row makes a run that is none of three entries, of which the second is no result.
struct NotARunCase {
  std::string name;
  std::function<void(IndexRun&)> spoil;
  friend void PrintTo(const NotARunCase& row, std::ostream* out) { *out << row.name; }
};

class AddRunRefuses : public testing::TestWithParam<NotARunCase> {};

TEST_P(AddRunRefuses, WhatIsNoRun) {
  ResultIndex index(7);
  AddOperation(index);
  index.TakeRun();
  AddResult(index, {"op", "kent", "a"});
  AddOperation(index);
  AddResult(index, {"op", "surrey", "a"});
  const IndexRun good = index.TakeRun();

  IndexRun first;
  first.set_first_position(1);
  first.add_fingerprints(0);
  first.add_force_indexes(0);
  ResultIndex copy(7);
  ASSERT_TRUE(copy.AddRun(first));
  IndexRun bad = good;
  GetParam().spoil(bad);
  EXPECT_FALSE(copy.AddRun(bad));
  EXPECT_EQ(copy.last_position(), 1);  // Nothing of it was taken up.
  EXPECT_TRUE(copy.AddRun(good));
  EXPECT_EQ(copy.last_position(), 4);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, AddRunRefuses,
    testing::ValuesIn<NotARunCase>({
        {"NoEntries",
         [](auto& run) {
           run.clear_fingerprints();
           run.clear_force_indexes();
         }},
        {"AnEntryWithoutForce", [](auto& run) { run.mutable_force_indexes()->RemoveLast(); }},
        {"AForceWithoutEntry", [](auto& run) { run.add_force_indexes(0); }},
        {"AForceThatIsNotThere", [](auto& run) { run.set_force_indexes(2, 2); }},
        {"NoForces", [](auto& run) { run.clear_forces(); }},
        {"NoFirstPosition", [](auto& run) { run.clear_first_position(); }},
        {"AnEarlierPlace", [](auto& run) { run.set_first_position(1); }},
        {"ALaterPlace", [](auto& run) { run.set_first_position(3); }},
        {"AForceWithoutId", [](auto& run) { run.mutable_forces(1)->clear_force(); }},
        {"AnOperationWithoutId", [](auto& run) { run.mutable_forces(0)->clear_operation(); }},
        {"AnIdThatIsTooLong", [](auto& run) { run.mutable_forces(1)->set_force(std::string(256, 'a')); }},
        {"AnIdWithAZeroByte", [](auto& run) { run.mutable_forces(1)->set_operation(std::string("o\0p", 3)); }},
    }),
    [](const auto& row) { return row.param.name; });

// An index that is kept in runs and read again is the one that it was, and both are what a map says.
TEST(ResultIndexTest, KeptAndReadAgainItIsTheSame) {
  std::mt19937 random(RandomSeed());
  const auto below = [&](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  const std::vector<std::string> operations = {"op", "op-2", "o"};
  const std::vector<std::string> forces = {"kent", "kent-2", "pkent"};
  using Force = std::pair<std::string, std::string>;
  std::map<Force, std::map<std::string, LogPosition>> model;
  const uint64_t seed = random();
  ResultIndex index(seed);
  std::vector<std::string> kept;
  for (int step = 0; step < 3000; ++step) {
    if (below(10) == 0) {
      AddOperation(index);
    } else {
      const Force force(operations[below(3)], forces[below(3)]);
      const std::string id = absl::StrCat(below(200));
      LogPosition& position = model[force][id];
      AddResult(index, {force.first, force.second, id}, position);
      position = index.last_position();
    }
    if (below(200) == 0) kept.push_back(index.TakeRun().SerializeAsString());
  }
  if (index.untaken_count() > 0) kept.push_back(index.TakeRun().SerializeAsString());

  ResultIndex read(seed);
  for (const std::string& bytes : kept) {
    IndexRun run;
    ASSERT_TRUE(run.ParseFromString(bytes));
    ASSERT_TRUE(read.AddRun(run));
  }
  for (const ResultIndex* const same : {&index, &read}) {
    EXPECT_EQ(same->last_position(), 3000);
    for (const auto& [force, results] : model) {
      std::vector<LogPosition> positions;
      for (const auto& [id, position] : results) {
        EXPECT_EQ(FindFirst(*same, {force.first, force.second, id}), position);
        positions.push_back(position);
      }
      std::sort(positions.begin(), positions.end());
      EXPECT_EQ(same->List(force.first, force.second, 0, 10'000), positions);
      const LogPosition after = positions[below(positions.size())];
      const auto begin = std::upper_bound(positions.begin(), positions.end(), after);
      const auto end = begin + std::min<std::ptrdiff_t>(5, positions.end() - begin);
      EXPECT_EQ(same->List(force.first, force.second, after, 5), std::vector<LogPosition>(begin, end));
    }
  }
}

}  // namespace
}  // namespace muster
