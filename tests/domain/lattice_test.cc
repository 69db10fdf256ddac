#include "domain/lattice.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A tree by the parents of its nodes from 1 on.
BreakdownTree Tree(const std::vector<int>& parents) {
  BreakdownTree tree{.parent = {-1}, .children = {{}}, .category = {-1}};
  for (const int parent : parents) {
    const int node = tree.size();
    tree.parent.push_back(parent);
    tree.children.emplace_back();
    tree.children[static_cast<size_t>(parent)].push_back(node);
    tree.category.push_back(node - 1);
  }
  return tree;
}

// all { 1 { 2, 3 { 4 } }, 5 { 6 }, 7 }
BreakdownTree DrugLike() { return Tree({0, 1, 1, 3, 0, 5, 0}); }

// all { 1, 2 }
BreakdownTree SexLike() { return Tree({0, 0}); }

std::vector<int> AncestorsOf(const BreakdownTree& tree, int node) {
  std::vector<int> ancestors;
  for (; node >= 0; node = tree.parent[static_cast<size_t>(node)]) ancestors.push_back(node);
  return ancestors;
}

TEST(BreakdownTreeTest, ANodeIsWithinItselfAndWhatIsAboveIt) {
  const BreakdownTree tree = DrugLike();
  for (int node = 0; node < tree.size(); ++node) {
    const std::vector<int> ancestors = AncestorsOf(tree, node);
    for (int other = 0; other < tree.size(); ++other) {
      const bool want = std::find(ancestors.begin(), ancestors.end(), other) != ancestors.end();
      EXPECT_EQ(tree.IsWithin(node, other), want) << node << " within " << other;
    }
  }
  EXPECT_TRUE(tree.IsWithin(4, 1));
  EXPECT_FALSE(tree.IsWithin(1, 4));
  EXPECT_FALSE(tree.IsWithin(4, 2));  // Beside its parent.
}

TEST(BreakdownTreeTest, TheNearestCommonAncestorIsTheDeepestThatHoldsBoth) {
  const BreakdownTree tree = DrugLike();
  for (int a = 0; a < tree.size(); ++a) {
    for (int b = 0; b < tree.size(); ++b) {
      const std::vector<int> of_b = AncestorsOf(tree, b);
      int want = -1;
      for (const int ancestor : AncestorsOf(tree, a)) {
        if (std::find(of_b.begin(), of_b.end(), ancestor) != of_b.end()) {
          want = ancestor;
          break;
        }
      }
      EXPECT_EQ(tree.NearestCommonAncestor(a, b), want) << a << " and " << b;
    }
  }
  EXPECT_EQ(tree.NearestCommonAncestor(2, 4), 1);
  EXPECT_EQ(tree.NearestCommonAncestor(2, 6), 0);
}

TEST(LatticeTest, WithoutABreakdownHasOneNode) {
  const Lattice lattice;
  EXPECT_EQ(lattice.size(), 1);
  EXPECT_EQ(lattice.axis_count(), 0);
  EXPECT_EQ(lattice.NodeAt({0, 0}), 0);
  for (int axis = 0; axis < Lattice::kAxes; ++axis) {
    EXPECT_THAT(lattice.ChildrenOf(0, axis), IsEmpty());
    EXPECT_EQ(lattice.tree(axis).size(), 1);
  }
}

TEST(LatticeTest, OfOneBreakdownIsItsTree) {
  const BreakdownTree tree = DrugLike();
  const Lattice lattice({&tree});
  EXPECT_EQ(lattice.size(), tree.size());
  EXPECT_EQ(lattice.axis_count(), 1);
  for (int node = 0; node < lattice.size(); ++node) {
    EXPECT_EQ(lattice.NodeAt({node, 0}), node);
    EXPECT_EQ(lattice.ChildrenOf(node, 0), tree.children[static_cast<size_t>(node)]);
    EXPECT_THAT(lattice.ChildrenOf(node, 1), IsEmpty());
  }
}

TEST(LatticeTest, OfTwoBreakdownsHasEveryPairOnce) {
  const BreakdownTree sex = SexLike();
  const BreakdownTree drug = DrugLike();
  const Lattice lattice({&sex, &drug});
  EXPECT_EQ(lattice.size(), sex.size() * drug.size());
  EXPECT_EQ(lattice.axis_count(), 2);
  std::set<int> nodes;
  for (int a = 0; a < sex.size(); ++a) {
    for (int b = 0; b < drug.size(); ++b) {
      const int node = lattice.NodeAt({a, b});
      EXPECT_TRUE(nodes.insert(node).second) << a << ", " << b;
      EXPECT_THAT(lattice.CoordinatesOf(node), ElementsAre(a, b));
    }
  }
  EXPECT_EQ(*nodes.begin(), 0);
  EXPECT_EQ(*nodes.rbegin(), lattice.size() - 1);
  EXPECT_EQ(lattice.NodeAt({0, 0}), 0);
}

TEST(LatticeTest, AChildIsOneStepDownAlongOneAxisAndHasAHigherNumber) {
  const BreakdownTree sex = SexLike();
  const BreakdownTree drug = DrugLike();
  const Lattice lattice({&sex, &drug});
  for (int node = 0; node < lattice.size(); ++node) {
    const auto [a, b] = lattice.CoordinatesOf(node);
    std::vector<int> below_a, below_b;
    for (const int child : sex.children[static_cast<size_t>(a)]) below_a.push_back(lattice.NodeAt({child, b}));
    for (const int child : drug.children[static_cast<size_t>(b)]) below_b.push_back(lattice.NodeAt({a, child}));
    EXPECT_EQ(lattice.ChildrenOf(node, 0), below_a) << node;
    EXPECT_EQ(lattice.ChildrenOf(node, 1), below_b) << node;
    for (int axis = 0; axis < Lattice::kAxes; ++axis) {
      for (const int child : lattice.ChildrenOf(node, axis)) EXPECT_GT(child, node);
    }
  }
}

TEST(LatticeTest, TheHoldersOfANodeAreThoseAroundItAlongEveryAxisAscending) {
  const BreakdownTree sex = SexLike();
  const BreakdownTree drug = DrugLike();
  const Lattice lattice({&sex, &drug});
  for (int node = 0; node < lattice.size(); ++node) {
    const auto [a, b] = lattice.CoordinatesOf(node);
    std::vector<int> want;
    for (int other = 0; other < lattice.size(); ++other) {
      const auto [c, d] = lattice.CoordinatesOf(other);
      if (sex.IsWithin(a, c) && drug.IsWithin(b, d)) want.push_back(other);
    }
    EXPECT_EQ(lattice.HoldersOf(node), want) << node;
  }
  EXPECT_THAT(Lattice().HoldersOf(0), ElementsAre(0));
}

TEST(LatticeDeathTest, TakesNoThirdBreakdown) {
  const BreakdownTree tree = SexLike();
  EXPECT_DEATH(Lattice({&tree, &tree, &tree}), "broken invariant");
}

TEST(NodeSetTest, HoldsWhatWasAddedOnBothSidesOfAWord) {
  NodeSet nodes(130);
  for (int node = 0; node < 130; ++node) EXPECT_FALSE(nodes.Holds(node)) << node;
  const std::set<int> added = {0, 1, 63, 64, 127, 128, 129};
  for (const int node : added) nodes.Add(node);
  for (const int node : added) nodes.Add(node);  // Again: a set.
  for (int node = 0; node < 130; ++node) EXPECT_EQ(nodes.Holds(node), added.count(node) != 0) << node;
}

TEST(NodeSetTest, HasAsManyWordsAsItNeeds) {
  EXPECT_EQ(NodeSet(1).words().size(), 1U);
  EXPECT_EQ(NodeSet(64).words().size(), 1U);
  EXPECT_EQ(NodeSet(65).words().size(), 2U);
}

TEST(NodeSetTest, MeetsAnotherOnlyWhereTheyShareANode) {
  NodeSet a(130), b(130);
  EXPECT_FALSE(a.Meets(b));
  a.Add(5);
  a.Add(129);
  b.Add(69);  // The same bit of another word.
  EXPECT_FALSE(a.Meets(b));
  b.Add(129);
  EXPECT_TRUE(a.Meets(b));
  EXPECT_TRUE(b.Meets(a));
}

TEST(NodeSetTest, ComesBackFromItsWords) {
  NodeSet nodes(70);
  nodes.Add(3);
  nodes.Add(69);
  const NodeSet read(nodes.words());
  EXPECT_EQ(read, nodes);
  EXPECT_TRUE(read.Holds(69));
}

TEST(NodeSetTest, IsOrderedAndEqualByWhatItHolds) {
  NodeSet a(70), b(70);
  a.Add(3);
  b.Add(3);
  EXPECT_EQ(a, b);
  b.Add(4);
  EXPECT_NE(a, b);
  EXPECT_TRUE((a < b) != (b < a));
  EXPECT_EQ((std::set<NodeSet>{a, b, a}.size()), 2U);
}

}  // namespace
}  // namespace muster
