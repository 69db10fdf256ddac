#include "domain/result_values.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/quantity.h"

namespace muster {
namespace {

// The lowest index of some figures: what a warning about their metric as a whole points at.
int FirstFigureIndex(absl::Span<const ResolvedFigure> figures) {
  int first = figures.front().figure_index;
  for (const ResolvedFigure& figure : figures) first = std::min(first, figure.figure_index);
  return first;
}

// Whether the value of a figure is one that ValidateResult takes.
bool IsValue(const v1::Figure& figure) {
  if (!figure.has_value()) return true;
  const int64_t base_units = BaseUnitsIn(figure.unit());
  return base_units > 0 && figure.value() >= 0 && figure.value() <= kMaxFigureValue / base_units;
}

// Works out the values of one metric of one result.
class MetricSolver {
 public:
  MetricSolver(const Lattice& lattice, v1::Additivity additivity, absl::Span<const ResolvedFigure> figures)
      : lattice_(lattice),
        additive_(additivity != v1::ADDITIVITY_PARTS_OVERLAP),
        first_figure_index_(FirstFigureIndex(figures)),
        stated_(static_cast<size_t>(lattice.size())),
        values_(static_cast<size_t>(lattice.size())) {
    for (const ResolvedFigure& figure : figures) {
      if (figure.IsGroup()) {
        groups_.push_back({&figure, NodeOfGroup(figure)});
      } else {
        stated_[static_cast<size_t>(lattice_.NodeAt({figure.tree_nodes[0][0], figure.tree_nodes[1][0]}))] = &figure;
      }
    }
  }

  void Solve(ResultValues* values, std::vector<ValueOddity>* oddities) {
    // Children have higher numbers than their parents.
    for (int node = lattice_.size() - 1; node >= 0; --node) {
      values_[static_cast<size_t>(node)] = ValueAt(node, oddities);
    }
    for (int node = 0; node < lattice_.size(); ++node) {
      const std::optional<ResultAmount>& amount = values_[static_cast<size_t>(node)];
      if (amount) values->AddNode({node, *amount, NotBrokenDown(node, *amount)});
    }
  }

 private:
  struct Group {
    const ResolvedFigure* figure;
    int node;  // Where it counts.
  };

  int NodeOfGroup(const ResolvedFigure& figure) const {
    std::array<int, Lattice::kAxes> coordinates{};
    for (int axis = 0; axis < Lattice::kAxes; ++axis) {
      const TreeNodes& tree_nodes = figure.tree_nodes[static_cast<size_t>(axis)];
      int common = tree_nodes.front();
      for (const int tree_node : tree_nodes) common = lattice_.tree(axis).NearestCommonAncestor(common, tree_node);
      coordinates[static_cast<size_t>(axis)] = common;
    }
    return lattice_.NodeAt(coordinates);
  }

  bool Covers(const Group& group, int node) const {
    const std::array<int, Lattice::kAxes> coordinates = lattice_.CoordinatesOf(node);
    for (size_t axis = 0; axis < Lattice::kAxes; ++axis) {
      const TreeNodes& members = group.figure->tree_nodes[axis];
      const BreakdownTree& tree = lattice_.tree(static_cast<int>(axis));
      if (std::none_of(members.begin(), members.end(),
                       [&](int member) { return tree.IsWithin(coordinates[axis], member); })) {
        return false;
      }
    }
    return true;
  }

  // The sum of the children of `node` along one axis; nullopt if none has a value.
  std::optional<ResultAmount> SumOfChildren(int node, int axis) const {
    std::optional<ResultAmount> sum;
    for (const int child : lattice_.ChildrenOf(node, axis)) {
      const std::optional<ResultAmount>& value = values_[static_cast<size_t>(child)];
      if (!value) continue;
      if (!sum) sum.emplace();
      *sum += *value;
    }
    return sum;
  }

  // The same where groups are about: what a group in `active` covers is in that group already. Rare, and the trees are
  // small, so it walks down anew for every node.
  std::optional<ResultAmount> SumBesideGroups(int node, int axis, std::vector<const Group*>* active) const {
    std::optional<ResultAmount> sum;
    for (const int child : lattice_.ChildrenOf(node, axis)) {
      const std::optional<ResultAmount> part = PartBesideGroups(child, active);
      if (!part) continue;
      if (!sum) sum.emplace();
      *sum += *part;
    }
    return sum;
  }

  std::optional<ResultAmount> PartBesideGroups(int node, std::vector<const Group*>* active) const {
    for (const Group* const group : *active) {
      if (Covers(*group, node)) return std::nullopt;
    }
    const ResolvedFigure* const stated = stated_[static_cast<size_t>(node)];
    if (stated != nullptr && stated->amount.uncounted_count == 0) return stated->amount;
    std::optional<ResultAmount> value = PartsWithGroups(node, active, nullptr);
    if (stated != nullptr) Add(stated->amount, &value);
    return value;
  }

  // The parts of `node`: its groups, and of its children what these do not cover.
  std::optional<ResultAmount> PartsWithGroups(int node, std::vector<const Group*>* active,
                                              std::vector<ValueOddity>* oddities) const {
    const size_t active_before = active->size();
    for (const Group& group : groups_) {
      if (group.node == node) active->push_back(&group);
    }
    std::optional<ResultAmount> parts;
    for (int axis = 0; axis < lattice_.axis_count(); ++axis) {
      Larger(SumBesideGroups(node, axis, active), &parts, oddities);
    }
    active->resize(active_before);
    for (const Group& group : groups_) {
      if (group.node == node) Add(group.figure->amount, &parts);
    }
    return parts;
  }

  static void Add(const ResultAmount& amount, std::optional<ResultAmount>* sum) {
    if (!*sum) sum->emplace();
    **sum += amount;
  }

  // Takes `candidate` if it is the larger; notes if the two disagree.
  void Larger(const std::optional<ResultAmount>& candidate, std::optional<ResultAmount>* parts,
              std::vector<ValueOddity>* oddities) const {
    if (!candidate) return;
    if (!*parts) {
      *parts = candidate;
      return;
    }
    if (candidate->sum != (*parts)->sum && oddities != nullptr) {
      oddities->push_back({v1::WARNING_REASON_BREAKDOWNS_DISAGREE, first_figure_index_});
    }
    // Of equal sums, the one of which more is certain.
    if (std::pair(candidate->sum, candidate->AtLeast()) > std::pair((*parts)->sum, (*parts)->AtLeast())) {
      *parts = candidate;
    }
  }

  std::optional<ResultAmount> PartsOf(int node, std::vector<ValueOddity>* oddities) const {
    if (!groups_.empty()) {
      std::vector<const Group*> active;
      return PartsWithGroups(node, &active, oddities);
    }
    std::optional<ResultAmount> parts;
    for (int axis = 0; axis < lattice_.axis_count(); ++axis) Larger(SumOfChildren(node, axis), &parts, oddities);
    return parts;
  }

  std::optional<ResultAmount> ValueAt(int node, std::vector<ValueOddity>* oddities) const {
    const ResolvedFigure* const stated = stated_[static_cast<size_t>(node)];
    if (!additive_) return ValueWherePartsOverlap(node, stated, oddities);
    if (stated == nullptr) return PartsOf(node, oddities);
    std::optional<ResultAmount> parts = PartsOf(node, nullptr);
    if (stated->amount.uncounted_count != 0) {
      Add(stated->amount, &parts);
      return parts;
    }
    if (parts) NoteIfAbove(*parts, *stated, oddities);
    return stated->amount;
  }

  std::optional<ResultAmount> ValueWherePartsOverlap(int node, const ResolvedFigure* stated,
                                                     std::vector<ValueOddity>* oddities) const {
    if (stated != nullptr) {
      // Several parts may overlap, but none is larger than the whole.
      for (int axis = 0; axis < lattice_.axis_count(); ++axis) {
        for (const int child : lattice_.ChildrenOf(node, axis)) {
          const std::optional<ResultAmount>& value = values_[static_cast<size_t>(child)];
          if (value && NoteIfAbove(*value, *stated, oddities)) return stated->amount;
        }
      }
      return stated->amount;
    }
    std::optional<ResultAmount> largest;
    for (const Group& group : groups_) {
      if (group.node == node && (!largest || IsLarger(group.figure->amount, *largest))) largest = group.figure->amount;
    }
    return largest;
  }

  // Which of two stated values is the larger: of equal ones that of which more is certain, then the one that may be
  // more. Two that are neither are the same, so it never matters in what order the catalogue lists their categories.
  static bool IsLarger(const ResultAmount& a, const ResultAmount& b) {
    const auto rank = [](const ResultAmount& amount) {
      return std::tuple(amount.sum, amount.AtLeast(), !amount.AtMost().has_value(), amount.uncounted_count,
                        amount.at_least_count, -amount.at_most_count);
    };
    return rank(a) > rank(b);
  }

  // Notes if `parts` are above what was stated, as far as the words allow to tell.
  static bool NoteIfAbove(const ResultAmount& parts, const ResolvedFigure& stated, std::vector<ValueOddity>* oddities) {
    const bool has_no_bound = stated.amount.at_least_count != 0 || stated.amount.uncounted_count != 0;
    if (has_no_bound || parts.sum - parts.at_most_sum <= stated.amount.sum) return false;
    oddities->push_back({v1::WARNING_REASON_BREAKDOWN_SUM_MISMATCH, stated.figure_index});
    return true;
  }

  std::array<int64_t, Lattice::kAxes> NotBrokenDown(int node, const ResultAmount& amount) const {
    std::array<int64_t, Lattice::kAxes> left{};
    if (!additive_) return left;
    for (int axis = 0; axis < lattice_.axis_count(); ++axis) {
      if (lattice_.ChildrenOf(node, axis).empty()) continue;
      const std::optional<ResultAmount> parts = SumOfChildren(node, axis);
      const int64_t rest = parts ? amount.sum - parts->sum : amount.sum;
      left[static_cast<size_t>(axis)] = std::max<int64_t>(rest, 0);
    }
    return left;
  }

  const Lattice& lattice_;
  const bool additive_;
  const int first_figure_index_;
  std::vector<const ResolvedFigure*> stated_;  // By node; nullptr where nothing was stated.
  std::vector<Group> groups_;
  std::vector<std::optional<ResultAmount>> values_;  // By node, filled from the last to the first.
};

// The usual case, worked out without solving: one figure of an additive metric that names one node. Every node that
// holds that one has the same value, and only the node itself is not broken down.
void AddOneFigure(const Lattice& lattice, const ResolvedFigure& figure, ResultValues* values) {
  const std::array<int, Lattice::kAxes> at = {figure.tree_nodes[0][0], figure.tree_nodes[1][0]};
  for (const int node : lattice.HoldersOf(lattice.NodeAt(at))) {
    const std::array<int, Lattice::kAxes> coordinates = lattice.CoordinatesOf(node);
    NodeValue value{node, figure.amount, {}};
    for (int axis = 0; axis < lattice.axis_count(); ++axis) {
      const auto along = static_cast<size_t>(axis);
      if (coordinates[along] == at[along] && !lattice.ChildrenOf(node, axis).empty()) {
        value.not_broken_down[along] = figure.amount.sum;
      }
    }
    values->AddNode(value);
  }
}

}  // namespace

void ResultValues::Clear() {
  metrics_.clear();
  nodes_.clear();
}

void ComputeValues(const Catalogue& catalogue, absl::Span<const ResolvedFigure> figures, ResultValues* values,
                   std::vector<ValueOddity>* oddities) {
  for (size_t begin = 0; begin < figures.size();) {
    size_t end = begin + 1;
    while (end < figures.size() && figures[end].metric == figures[begin].metric) ++end;
    const MetricIndex metric = figures[begin].metric;
    const v1::Additivity additivity = catalogue.metric(metric).additivity();
    values->AddMetric(metric, FirstFigureIndex(figures.subspan(begin, end - begin)));
    if (end - begin == 1 && additivity != v1::ADDITIVITY_PARTS_OVERLAP && !figures[begin].IsGroup()) {
      AddOneFigure(catalogue.lattice(metric), figures[begin], values);
    } else {
      MetricSolver(catalogue.lattice(metric), additivity, figures.subspan(begin, end - begin)).Solve(values, oddities);
    }
    begin = end;
  }
}

ResultAmount AmountOf(const v1::Figure& figure) {
  return figure.has_value() ? ResultAmount::Stated(figure.value() * BaseUnitsIn(figure.unit()), figure.qualifier())
                            : ResultAmount::Uncounted();
}

std::optional<ResolvedFigure> ResolveNames(const Catalogue& catalogue, const v1::Figure& figure, int figure_index) {
  const std::optional<MetricIndex> metric = catalogue.FindMetric(figure.metric());
  if (!metric) return std::nullopt;
  ResolvedFigure resolved;
  resolved.metric = *metric;
  resolved.figure_index = figure_index;
  for (const std::string& id : figure.categories()) {
    const std::optional<CategoryIndex> category = catalogue.FindCategory(id);
    if (!category) return std::nullopt;
    const std::optional<Catalogue::Place> place = catalogue.PlaceOf(*metric, *category);
    if (!place) return std::nullopt;
    // "Class A and heroin" says no more than "class A": keep the outermost.
    const BreakdownTree& tree = catalogue.lattice(*metric).tree(place->axis);
    TreeNodes& tree_nodes = resolved.tree_nodes[static_cast<size_t>(place->axis)];
    const auto holds_it = [&](int other) { return tree.IsWithin(place->tree_node, other); };
    if (std::any_of(tree_nodes.begin(), tree_nodes.end(), holds_it)) continue;
    const auto is_in_it = [&](int other) { return tree.IsWithin(other, place->tree_node); };
    tree_nodes.erase(std::remove_if(tree_nodes.begin(), tree_nodes.end(), is_in_it), tree_nodes.end());
    tree_nodes.push_back(place->tree_node);
  }
  for (TreeNodes& tree_nodes : resolved.tree_nodes) {
    if (tree_nodes.empty()) tree_nodes.push_back(0);
    if (tree_nodes.size() > 1) std::sort(tree_nodes.begin(), tree_nodes.end());
  }
  return resolved;
}

std::vector<std::pair<int, int>> SortAndFindRepeated(std::vector<ResolvedFigure>* figures) {
  const auto place_of = [](const ResolvedFigure& figure) { return std::tie(figure.metric, figure.tree_nodes); };
  std::sort(figures->begin(), figures->end(), [&](const ResolvedFigure& a, const ResolvedFigure& b) {
    return std::tuple_cat(place_of(a), std::tie(a.figure_index)) <
           std::tuple_cat(place_of(b), std::tie(b.figure_index));
  });
  std::vector<std::pair<int, int>> repeated;
  for (size_t index = 1; index < figures->size(); ++index) {
    const ResolvedFigure& before = (*figures)[index - 1];
    const ResolvedFigure& figure = (*figures)[index];
    if (place_of(before) == place_of(figure)) repeated.emplace_back(figure.figure_index, before.figure_index);
  }
  return repeated;
}

ValuesView AddZeros(std::vector<MetricIndex> metrics, ResultValues* values) {
  const ValuesView view{values, values->size(), metrics.size()};
  std::sort(metrics.begin(), metrics.end());
  for (const MetricIndex metric : metrics) {
    values->AddMetric(metric, std::nullopt);
    values->AddNode({0, ResultAmount(), {}});
  }
  return view;
}

absl::StatusOr<ValuesView> ValuesOfStored(const Catalogue& catalogue, const v1::OperationResult& result,
                                          const google::protobuf::RepeatedPtrField<std::string>& nil_metrics,
                                          ResultValues* values) {
  ValuesView view{values, values->size(), 0};
  if (result.retracted()) return view;
  const auto unknown = [&result](absl::string_view what) {
    return absl::FailedPreconditionError(absl::StrCat(
        "The log holds result \"", result.result_id(), "\" of force \"", result.force(), "\" in operation \"",
        result.operation(), "\", which names ", what,
        " that the catalogue does not have. A catalogue may grow, but must not lose names: use one that has it."));
  };
  // Never of what ValidateResult took.
  const auto damaged = [&result](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("The log holds result \"", result.result_id(), "\" of force \"",
                                            result.force(), "\" in operation \"", result.operation(), "\", which ",
                                            what, ". Restore the store from a backup."));
  };
  if (result.nil()) {
    std::vector<MetricIndex> metrics;
    for (const std::string& id : nil_metrics) {
      const std::optional<MetricIndex> metric = catalogue.FindMetric(id);
      if (!metric) return unknown(absl::StrCat("metric \"", id, "\""));
      if (std::find(metrics.begin(), metrics.end(), *metric) != metrics.end()) {
        return damaged(absl::StrCat("states metric \"", id, "\" twice"));
      }
      metrics.push_back(*metric);
    }
    return AddZeros(std::move(metrics), values);
  }

  if (result.figures_size() > kMaxFigures) return damaged("has more figures than a result may have");
  std::vector<ResolvedFigure> figures;
  figures.reserve(static_cast<size_t>(result.figures_size()));
  for (const v1::Figure& figure : result.figures()) {
    std::optional<ResolvedFigure> resolved = ResolveNames(catalogue, figure, static_cast<int>(figures.size()));
    if (!resolved) return unknown(absl::StrCat("metric \"", figure.metric(), "\" or a category of it"));
    if (!IsValue(figure)) return damaged(absl::StrCat("states of \"", figure.metric(), "\" what is no value"));
    resolved->amount = AmountOf(figure);
    figures.push_back(*std::move(resolved));
  }
  if (!SortAndFindRepeated(&figures).empty()) return damaged("states the same metric and categories twice");
  std::vector<ValueOddity> oddities;
  ComputeValues(catalogue, figures, values, &oddities);
  view.count = values->size() - view.first;
  return view;
}

}  // namespace muster
