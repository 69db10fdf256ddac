// The nodes at which a metric has values: "all", each category of its breakdown, and with two breakdowns each pair.
#ifndef MUSTER_DOMAIN_LATTICE_H_
#define MUSTER_DOMAIN_LATTICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"

namespace muster {

// A breakdown as a tree of numbers. Node 0 is "all", the parent of the top categories; every parent comes before its
// children.
struct BreakdownTree {
  std::vector<int> parent;                 // Of each node; -1 for node 0.
  std::vector<std::vector<int>> children;  // Of each node, ascending.
  std::vector<int> category;               // Index in the catalogue's categories; -1 for node 0.

  int size() const { return static_cast<int>(parent.size()); }
  // Whether `node` is `ancestor` or below it.
  bool IsWithin(int node, int ancestor) const;
  // The deepest node that both are within.
  int NearestCommonAncestor(int a, int b) const;
};

// The product of up to two trees. A node of it is a number: 0 is the whole metric, and along each axis every parent has
// a lower number than its children, so descending numbers visit children first. Constant after construction.
class Lattice {
 public:
  static constexpr int kAxes = 2;

  // With no tree the lattice has one node. The trees are not owned and must outlive this object.
  Lattice() : Lattice(std::vector<const BreakdownTree*>()) {}
  explicit Lattice(const std::vector<const BreakdownTree*>& axes);

  int size() const { return size_; }
  int axis_count() const { return axis_count_; }
  const BreakdownTree& tree(int axis) const { return *axes_[static_cast<size_t>(axis)]; }

  // The node at `coordinates`, one tree node for each axis; those beyond axis_count() must be 0.
  int NodeAt(std::array<int, kAxes> coordinates) const { return coordinates[0] * stride_ + coordinates[1]; }
  std::array<int, kAxes> CoordinatesOf(int node) const { return {node / stride_, node % stride_}; }

  // The nodes that hold `node`, itself included: those within which it lies along every axis. Ascending.
  const std::vector<int>& HoldersOf(int node) const { return holders_[static_cast<size_t>(node)]; }

  // One step down along one axis.
  const std::vector<int>& ChildrenOf(int node, int axis) const {
    return children_[static_cast<size_t>(axis)][static_cast<size_t>(node)];
  }

 private:
  int axis_count_ = 0;
  int stride_ = 1;
  int size_ = 1;
  std::array<const BreakdownTree*, kAxes> axes_{};
  std::array<std::vector<std::vector<int>>, kAxes> children_;
  std::vector<std::vector<int>> holders_;
};

// A set of nodes of one lattice: small, ordered, comparable.
class NodeSet {
 public:
  // Nearly every lattice has at most 64 nodes.
  using Words = absl::InlinedVector<uint64_t, 1>;

  explicit NodeSet(int node_count) : words_(static_cast<size_t>((node_count + 63) / 64)) {}
  explicit NodeSet(Words words) : words_(std::move(words)) {}

  void Add(int node) { words_[static_cast<size_t>(node) / 64] |= uint64_t{1} << (node % 64); }
  bool Holds(int node) const { return (words_[static_cast<size_t>(node) / 64] >> (node % 64) & 1U) != 0; }
  bool Meets(const NodeSet& other) const;
  const Words& words() const { return words_; }
  friend bool operator==(const NodeSet& a, const NodeSet& b) {
    return a.words_.size() == 1 && b.words_.size() == 1 ? a.words_[0] == b.words_[0] : a.words_ == b.words_;
  }
  friend bool operator<(const NodeSet& a, const NodeSet& b) {
    return a.words_.size() == 1 && b.words_.size() == 1 ? a.words_[0] < b.words_[0] : a.words_ < b.words_;
  }

 private:
  Words words_;
};

}  // namespace muster

#endif  // MUSTER_DOMAIN_LATTICE_H_
