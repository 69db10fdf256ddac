// The totals of one force in one operation, kept in step with the log.
#ifndef MUSTER_AGGREGATOR_FORCE_CUBE_H_
#define MUSTER_AGGREGATOR_FORCE_CUBE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "domain/amount.h"
#include "domain/catalogue.h"
#include "domain/civil_day.h"
#include "domain/lattice.h"
#include "domain/result_values.h"
#include "muster/store/v1/checkpoint.pb.h"

namespace muster {

// What one revision of a result holds for the totals, as a view of values that somebody keeps. A retraction holds
// nothing and has no Contribution.
struct Contribution {
  Period period;
  ValuesView values;
  bool final = false;
  bool nil = false;
};

// What an accepted revision does to the totals of its force: takes out what the replaced revision held, and puts in its
// own.
struct CubeChange {
  std::optional<Contribution> removed;
  std::optional<Contribution> added;
  bool removed_retraction = false;  // The replaced revision was a retraction.
  bool added_retraction = false;    // This revision is one.
  int64_t accept_time_us = 0;
};

// The total of one node.
struct Cell {
  Amount amount;
  std::array<absl::int128, Lattice::kAxes> not_broken_down{};
  int64_t result_count = 0;

  Cell& operator+=(const Cell& other);
  friend bool operator==(const Cell&, const Cell&) = default;
};

// The totals of one metric over some results. Holds no empty cell, so equal results make equal blocks, whatever came
// and went before.
class Block {
 public:
  struct NodeCell {
    int node;
    Cell cell;
    friend bool operator==(const NodeCell&, const NodeCell&) = default;
  };
  struct NodeSetCount {
    NodeSet nodes;
    int64_t result_count;
    friend bool operator==(const NodeSetCount&, const NodeSetCount&) = default;
  };

  // `sign` is 1 to put the values of one result in, -1 to take them out. `node_count` is the size of the metric's
  // lattice.
  void Add(absl::Span<const NodeValue> values, int node_count, int sign);

  // Begins to fetch from memory what Add will look at first.
  void Prefetch() const {
    __builtin_prefetch(cells_.data());
    __builtin_prefetch(node_sets_.data());
  }

  // The same for Find: of the first cell, which is nearly always that of the whole metric.
  void PrefetchCells() const {
    if (cells_.empty()) return;
    const auto* const first = reinterpret_cast<const char*>(cells_.data());
    for (size_t offset = 0; offset < sizeof(NodeCell); offset += kCacheLineBytes) __builtin_prefetch(first + offset);
  }

  // Adds all that `other` holds.
  void Merge(const Block& other);

  int64_t result_count() const { return result_count_; }
  // By ascending node.
  const std::vector<NodeCell>& cells() const { return cells_; }
  // nullptr if nothing is there.
  const Cell* Find(int node) const;
  // Results with a value at any of `nodes`.
  int64_t CountResults(const NodeSet& nodes) const;
  // By ascending node set; empty for metrics without breakdowns.
  const std::vector<NodeSetCount>& node_sets() const { return node_sets_; }

  void ToCheckpoint(store::v1::CheckpointBlock* out) const;
  // DATA_LOSS if its nodes are not those of `lattice`, ascending, or hold what no results make.
  static absl::StatusOr<Block> FromCheckpoint(const Lattice& lattice, const store::v1::CheckpointBlock& checkpoint);

  friend bool operator==(const Block&, const Block&) = default;

 private:
  static constexpr size_t kCacheLineBytes = 64;

  int64_t result_count_ = 0;
  std::vector<NodeCell> cells_;
  std::vector<NodeSetCount> node_sets_;
};

// One metric.
struct MetricCube {
  Block whole;                                    // Over all periods.
  std::vector<std::pair<Period, Block>> periods;  // Ascending.

  // Begins to fetch from memory what Block::PrefetchCells of the periods will look at.
  void PrefetchPeriods() const {
    for (const auto& period : periods) __builtin_prefetch(&period);
  }

  friend bool operator==(const MetricCube&, const MetricCube&) = default;
};

// Not safe for use from several threads; Cubes guards it. Copyable.
class ForceCube {
 public:
  // `catalogue` must outlive this object.
  explicit ForceCube(const Catalogue* catalogue);

  void Apply(const CubeChange& change);

  const MetricCube& metric(MetricIndex index) const { return metrics_[static_cast<size_t>(index)]; }
  // Results that count, by period, ascending.
  const std::vector<std::pair<Period, int64_t>>& periods() const { return periods_; }

  // Newest revisions that are no retractions; of those, final and nil ones.
  int64_t result_count() const { return result_count_; }
  int64_t final_count() const { return final_count_; }
  int64_t nil_count() const { return nil_count_; }
  // Newest revisions that are retractions.
  int64_t retracted_count() const { return retracted_count_; }
  // When anything was first and last accepted, in microseconds since the Unix epoch.
  int64_t first_heard_us() const { return first_heard_us_; }
  int64_t last_heard_us() const { return last_heard_us_; }

  // For a fold that does not see every revision, and so not when they were accepted.
  void SetHeard(int64_t first_us, int64_t last_us) {
    first_heard_us_ = first_us;
    last_heard_us_ = last_us;
  }

  // How many cells all periods and metrics have together.
  int64_t CellCount() const;
  // About how much memory it takes.
  size_t MemoryBytes() const;
  // What differs from `other`, for people; empty if nothing does.
  std::string DifferenceFrom(const ForceCube& other) const;
  bool Equals(const ForceCube& other) const;

  store::v1::CheckpointForceCube ToCheckpoint() const;
  // DATA_LOSS if it does not fit the catalogue, is not in the order that ToCheckpoint writes, or holds what no results
  // make, such as figures of a period without results.
  static absl::StatusOr<ForceCube> FromCheckpoint(const Catalogue* catalogue,
                                                  const store::v1::CheckpointForceCube& checkpoint);

 private:
  void Add(const Contribution& contribution, int sign);

  const Catalogue* catalogue_;
  std::vector<MetricCube> metrics_;  // By metric.
  std::vector<std::pair<Period, int64_t>> periods_;
  int64_t result_count_ = 0;
  int64_t final_count_ = 0;
  int64_t nil_count_ = 0;
  int64_t retracted_count_ = 0;
  int64_t first_heard_us_ = 0;
  int64_t last_heard_us_ = 0;
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_FORCE_CUBE_H_
