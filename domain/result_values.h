// What one result adds to the totals: the value of every node of its metrics' breakdowns.
#ifndef MUSTER_DOMAIN_RESULT_VALUES_H_
#define MUSTER_DOMAIN_RESULT_VALUES_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "domain/amount.h"
#include "domain/catalogue.h"
#include "domain/lattice.h"
#include "muster/v1/result.pb.h"

namespace muster {

// Of one result. What its figures state then fits 64 bits, however it is added up.
inline constexpr int kMaxFigures = 1'000;

// The value of one node.
struct NodeValue {
  int node = 0;
  ResultAmount amount;
  // Of `amount.sum`, what the children along each axis leave; never below zero. Zero beyond the metric's axes, at
  // leaves, and where parts may overlap.
  std::array<int64_t, Lattice::kAxes> not_broken_down{};
};

// The values of one metric, by ascending node; only nodes that hold something.
struct MetricValues {
  MetricIndex metric = 0;
  std::optional<int> first_figure;  // Of those that state the metric; absent where a nil result states it.
  absl::Span<const NodeValue> nodes;
};

// The values of the metrics of some results, one result behind the other, in two pieces of memory whatever their
// number; Clear keeps both. `nodes` of what it gives out stay until it changes.
class ResultValues {
 public:
  // Begins a metric without nodes.
  void AddMetric(MetricIndex metric, std::optional<int> first_figure) {
    metrics_.push_back({metric, first_figure, nodes_.size()});
  }
  // Adds to the metric that was begun last.
  void AddNode(const NodeValue& value) { nodes_.push_back(value); }
  void Clear();

  // Metrics of all results.
  size_t size() const { return metrics_.size(); }
  bool empty() const { return metrics_.empty(); }
  MetricValues operator[](size_t index) const {
    const size_t begin = metrics_[index].begin;
    const size_t end = index + 1 < metrics_.size() ? metrics_[index + 1].begin : nodes_.size();
    return {metrics_[index].metric, metrics_[index].first_figure,
            absl::MakeConstSpan(nodes_).subspan(begin, end - begin)};
  }
  size_t bytes() const { return metrics_.size() * sizeof(Metric) + nodes_.size() * sizeof(NodeValue); }

 private:
  struct Metric {
    MetricIndex metric;
    std::optional<int> first_figure;
    size_t begin;  // In nodes_.
  };

  std::vector<Metric> metrics_;
  std::vector<NodeValue> nodes_;
};

// The values of one result, by ascending metric: `count` metrics of `all`, which must outlive it and may grow.
struct ValuesView {
  const ResultValues* all = nullptr;
  size_t first = 0;
  size_t count = 0;

  size_t size() const { return count; }
  MetricValues operator[](size_t index) const { return (*all)[first + index]; }
};

// Nodes of one tree: hardly ever more than a few.
using TreeNodes = absl::InlinedVector<int, 4>;

// A figure with its names looked up.
struct ResolvedFigure {
  MetricIndex metric = 0;
  int figure_index = 0;
  ResultAmount amount;
  // For each axis the tree nodes that it names: one is the usual case (0, "all", if none was named), several are a
  // group that was not split. None of them is within another.
  std::array<TreeNodes, Lattice::kAxes> tree_nodes;

  bool IsGroup() const { return tree_nodes[0].size() > 1 || tree_nodes[1].size() > 1; }
};

// Something odd about how the values of one metric fit together.
struct ValueOddity {
  v1::WarningReason reason = v1::WARNING_REASON_UNSPECIFIED;
  int figure_index = 0;
};

// The rules, for each metric by itself:
//
// - What was stated for a node is its value. Parts are never added on top of it.
// - A node of which nothing was stated is the sum of its children; with two breakdowns the sum along one of them, and
//   the larger if both can be summed and differ (BREAKDOWNS_DISAGREE).
// - A group ("430 g of crack, heroin and cocaine") counts at the nearest common ancestor of its categories, as a part
//   that no child holds. What is stated for its categories besides is "of which", and not added on top of it.
// - A value still to be counted adds to what is known of its parts, and takes away the upper bound.
// - Where parts may overlap nothing is summed: a node has what was stated for it, or the largest group there (of equal
//   ones that of which more is certain, then the one that may be more).
// - Parts that are above their stated total are odd (BREAKDOWN_SUM_MISMATCH), parts below it are not. A total stated
//   as "at least", or still to be counted, is never exceeded.
//
// `figures` of equal metric must follow each other, metrics ascending, and hold no (metric, tree nodes) twice.
//
// Appends to `values`.
void ComputeValues(const Catalogue& catalogue, absl::Span<const ResolvedFigure> figures, ResultValues* values,
                   std::vector<ValueOddity>* oddities);

// Looks up the names of one figure, and leaves its amount. nullopt if one is not known, or not of its metric:
// ValidateResult says which.
std::optional<ResolvedFigure> ResolveNames(const Catalogue& catalogue, const v1::Figure& figure, int figure_index);

// What a figure states, in base units; its value must be one that ValidateResult takes.
ResultAmount AmountOf(const v1::Figure& figure);

// The same figure twice in `figures`: equal metric and tree nodes. Sorts `figures` as ComputeValues wants them and
// returns pairs of (figure index, index of the earlier one).
std::vector<std::pair<int, int>> SortAndFindRepeated(std::vector<ResolvedFigure>* figures);

// What an accepted result adds, from its stored form: appended to `values`, of which the view is given back.
// `nil_metrics` are the metrics that a nil result states as zero. A retracted result adds nothing.
//
// FAILED_PRECONDITION  it names what the catalogue does not have: a catalogue may grow, but must not lose names
// DATA_LOSS            it is none that was ever accepted
absl::StatusOr<ValuesView> ValuesOfStored(const Catalogue& catalogue, const v1::OperationResult& result,
                                          const google::protobuf::RepeatedPtrField<std::string>& nil_metrics,
                                          ResultValues* values);

// What a nil result states for `metrics`: appended to `values`, of which the view is given back.
ValuesView AddZeros(std::vector<MetricIndex> metrics, ResultValues* values);

}  // namespace muster

#endif  // MUSTER_DOMAIN_RESULT_VALUES_H_
