#include "domain/lattice.h"

#include <algorithm>
#include <utility>

#include "domain/check.h"

namespace muster {

bool BreakdownTree::IsWithin(int node, int ancestor) const {
  // Parents have lower numbers, so the walk up may stop as soon as it has passed `ancestor`.
  while (node > ancestor) node = parent[static_cast<size_t>(node)];
  return node == ancestor;
}

int BreakdownTree::NearestCommonAncestor(int a, int b) const {
  while (a != b) {
    if (a > b) {
      a = parent[static_cast<size_t>(a)];
    } else {
      b = parent[static_cast<size_t>(b)];
    }
  }
  return a;
}

Lattice::Lattice(const std::vector<const BreakdownTree*>& axes) : axis_count_(static_cast<int>(axes.size())) {
  static const BreakdownTree kOnlyAll{.parent = {-1}, .children = {{}}, .category = {-1}};
  MUSTER_CHECK(axis_count_ <= kAxes);
  for (int axis = 0; axis < kAxes; ++axis) {
    axes_[static_cast<size_t>(axis)] = axis < axis_count_ ? axes[static_cast<size_t>(axis)] : &kOnlyAll;
  }
  stride_ = axes_[1]->size();
  size_ = axes_[0]->size() * stride_;
  for (int axis = 0; axis < kAxes; ++axis) {
    auto& children = children_[static_cast<size_t>(axis)];
    children.resize(static_cast<size_t>(size_));
    for (int node = 0; node < size_; ++node) {
      std::array<int, kAxes> coordinates = CoordinatesOf(node);
      int& along = coordinates[static_cast<size_t>(axis)];
      for (const int child : axes_[static_cast<size_t>(axis)]->children[static_cast<size_t>(along)]) {
        std::array<int, kAxes> below = coordinates;
        below[static_cast<size_t>(axis)] = child;
        children[static_cast<size_t>(node)].push_back(NodeAt(below));
      }
    }
  }
  holders_.resize(static_cast<size_t>(size_));
  for (int node = 0; node < size_; ++node) {
    const std::array<int, kAxes> at = CoordinatesOf(node);
    std::vector<int>& holders = holders_[static_cast<size_t>(node)];
    for (int first = at[0];; first = axes_[0]->parent[static_cast<size_t>(first)]) {
      for (int second = at[1];; second = axes_[1]->parent[static_cast<size_t>(second)]) {
        holders.push_back(NodeAt({first, second}));
        if (second == 0) break;
      }
      if (first == 0) break;
    }
    std::sort(holders.begin(), holders.end());
  }
}

bool NodeSet::Meets(const NodeSet& other) const {
  const size_t words = std::min(words_.size(), other.words_.size());
  for (size_t word = 0; word < words; ++word) {
    if ((words_[word] & other.words_[word]) != 0) return true;
  }
  return false;
}

}  // namespace muster
