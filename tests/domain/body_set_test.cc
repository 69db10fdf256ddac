// Sets of bodies: who is in them in an operation, and ever.
#include "domain/body_set.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/domain/shipped_catalogue.h"

namespace muster {
namespace {

class BodySetTest : public testing::Test {
 protected:
  ForceIndex Force(const char* id) const { return *catalogue_.FindForce(id); }
  RegionIndex Region(const char* id) const { return *catalogue_.FindRegion(id); }

  const Catalogue& catalogue_ = ShippedCatalogue();
  BodySet set_;
};

TEST_F(BodySetTest, HoldsNobodyAtFirst) {
  EXPECT_TRUE(set_.IsEmpty());
  EXPECT_FALSE(set_.HasAll());
  EXPECT_FALSE(set_.Holds(Force("kent"), Region("south-east")));
  EXPECT_FALSE(set_.Holds(Force("british-transport-police"), kNoRegion));
  EXPECT_FALSE(set_.HoldsEver(Force("kent"), catalogue_));
}

TEST_F(BodySetTest, OfAllHoldsWhoIsInNoRegionToo) {
  EXPECT_TRUE(BodySet::All().HasAll());
  EXPECT_FALSE(BodySet::All().IsEmpty());
  EXPECT_TRUE(BodySet::All().Holds(Force("british-transport-police"), kNoRegion));
}

TEST_F(BodySetTest, HoldsANamedForceInWhateverRegion) {
  set_.AddForce(Force("kent"));
  EXPECT_FALSE(set_.IsEmpty());
  EXPECT_TRUE(set_.Holds(Force("kent"), Region("eastern")));
  EXPECT_TRUE(set_.Holds(Force("kent"), kNoRegion));
  EXPECT_FALSE(set_.Holds(Force("surrey"), Region("south-east")));
  EXPECT_FALSE(set_.Holds(Force("kent") - 1, kNoRegion));
  EXPECT_FALSE(set_.Holds(Force("kent") + 1, kNoRegion));
}

TEST_F(BodySetTest, HoldsWhoIsInARegionInThatOperation) {
  set_.AddRegion(Region("south-east"));
  EXPECT_TRUE(set_.Holds(Force("kent"), Region("south-east")));
  EXPECT_FALSE(set_.Holds(Force("kent"), Region("eastern")));
  EXPECT_FALSE(set_.Holds(Force("british-transport-police"), kNoRegion));
}

TEST_F(BodySetTest, HoldsEverWhoWasInARegionOnce) {
  set_.AddRegion(Region("south-east"));
  EXPECT_TRUE(set_.HoldsEver(Force("kent"), catalogue_));
  EXPECT_TRUE(set_.HoldsEver(Force("surrey"), catalogue_));
  EXPECT_FALSE(set_.HoldsEver(Force("essex"), catalogue_));
  EXPECT_FALSE(set_.HoldsEver(Force("british-transport-police"), catalogue_));
}

TEST_F(BodySetTest, HasAKeyOfItsOwn) {
  BodySet force;
  force.AddForce(1);
  BodySet other_force;
  other_force.AddForce(2);
  BodySet region;
  region.AddRegion(1);
  BodySet both = force;
  both.AddRegion(1);
  const std::set<std::string> keys = {BodySet().Key(),   BodySet::All().Key(), force.Key(),
                                      other_force.Key(), region.Key(),         both.Key()};
  EXPECT_EQ(keys.size(), 6U);
  BodySet again;
  again.AddForce(1);
  EXPECT_EQ(again.Key(), force.Key());
}

TEST_F(BodySetTest, HasInCommonWithAnotherNoMoreThanEitherHolds) {
  BodySet south_east;
  south_east.AddRegion(Region("south-east"));
  BodySet some;
  for (const char* const force : {"kent", "surrey", "essex"}) some.AddForce(Force(force));
  for (const BodySet& common :
       {BodySet::Common(some, south_east, catalogue_), BodySet::Common(south_east, some, catalogue_)}) {
    EXPECT_TRUE(common.Holds(Force("surrey"), Region("south-east")));
    EXPECT_FALSE(common.Holds(Force("sussex"), Region("south-east")));
    EXPECT_FALSE(common.Holds(Force("essex"), Region("eastern")));
    EXPECT_FALSE(common.Holds(Force("kent"), Region("eastern")));  // It was in the South East, and no longer is.
  }
  some.AddRegion(Region("south-east"));
  some.AddRegion(Region("london"));
  EXPECT_TRUE(BodySet::Common(some, south_east, catalogue_).Holds(Force("sussex"), Region("south-east")));
  EXPECT_FALSE(BodySet::Common(some, south_east, catalogue_).Holds(Force("metropolitan"), Region("london")));
  EXPECT_EQ(BodySet::Common(some, BodySet::All(), catalogue_), some);
  EXPECT_EQ(BodySet::Common(BodySet::All(), some, catalogue_), some);
  EXPECT_TRUE(BodySet::Common(BodySet(), some, catalogue_).IsEmpty());
}

TEST_F(BodySetTest, TakesInAnother) {
  BodySet other;
  other.AddForce(Force("essex"));
  other.AddRegion(Region("south-east"));
  set_.AddForce(Force("kent"));
  set_.Add(other);
  EXPECT_TRUE(set_.Holds(Force("kent"), kNoRegion));
  EXPECT_TRUE(set_.Holds(Force("essex"), kNoRegion));
  EXPECT_TRUE(set_.Holds(Force("surrey"), Region("south-east")));
  EXPECT_FALSE(set_.HasAll());
  set_.Add(BodySet::All());
  EXPECT_TRUE(set_.HasAll());
}

}  // namespace
}  // namespace muster
