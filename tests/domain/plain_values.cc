#include "tests/domain/plain_values.h"

#include <algorithm>
#include <tuple>

namespace muster {
namespace {

int64_t InBaseUnits(const v1::Figure& figure) {
  static const std::map<v1::Unit, int64_t> kSize = {{v1::UNIT_GRAM, 1'000},
                                                    {v1::UNIT_KILOGRAM, 1'000'000},
                                                    {v1::UNIT_POUND, 100},
                                                    {v1::UNIT_LITRE, 1'000},
                                                    {v1::UNIT_HOUR, 60}};
  return figure.value() * (kSize.count(figure.unit()) != 0 ? kSize.at(figure.unit()) : 1);
}

// Of equal values the more certain is the larger, then what may be more.
auto Rank(const PlainValue& value) {
  const auto& [uncounted, exact, at_least, at_most, estimate] = value.count;
  const bool has_bound = uncounted + at_least + estimate == 0;
  return std::tuple(value.Sum(), value.Certain(), !has_bound, uncounted, at_least, -at_most);
}

}  // namespace

PlainValues::PlainValues(const v1::Catalogue& catalogue) {
  for (const auto& breakdown : catalogue.breakdowns()) {
    for (const auto& category : breakdown.categories()) {
      parent_[category.id()] = category.parent();
      breakdown_of_[category.id()] = breakdown.id();
      categories_[breakdown.id()].push_back(category.id());
    }
  }
}

void PlainValue::Add(const PlainValue& other) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += other.sum[i], count[i] += other.count[i];
  for (size_t i = 0; i < left.size(); ++i) left[i] += other.left[i];
}

bool PlainValues::IsWithin(std::string category, const std::string& ancestor) const {
  while (category != ancestor && !category.empty()) category = parent_.at(category);
  return category == ancestor;
}

std::vector<std::string> PlainValues::Children(const v1::Metric& metric, size_t axis,
                                               const std::string& category) const {
  std::vector<std::string> children;
  for (const std::string& child : categories_.at(metric.breakdowns(static_cast<int>(axis)))) {
    if (parent_.at(child) == category) children.push_back(child);
  }
  return children;
}

// A group counts at the nearest category that all of it is within.
PlainValues::Node PlainValues::NodeOf(const Stated& stated) const {
  Node node;
  for (const std::vector<std::string>& members : stated.members) {
    std::string common = members.front();
    for (const std::string& member : members) {
      while (!IsWithin(member, common)) common = parent_.at(common);
    }
    node.push_back(common);
  }
  return node;
}

std::optional<PlainValue> PlainValues::ValueAt(const v1::Metric& metric, const std::vector<Stated>& stated,
                                               const Node& node, std::vector<const Stated*> groups) const {
  for (const Stated* const group : groups) {  // What a group covers is in that group already.
    bool covered = true;
    for (size_t axis = 0; axis < node.size(); ++axis) {
      covered &= std::any_of(group->members[axis].begin(), group->members[axis].end(),
                             [&](const std::string& member) { return IsWithin(node[axis], member); });
    }
    if (covered) return std::nullopt;
  }
  std::optional<PlainValue> value;
  const auto add = [&value](const PlainValue& part) { value = value.value_or(PlainValue()), value->Add(part); };
  std::vector<const Stated*> here;
  const Stated* whole = nullptr;
  for (const Stated& one : stated) {
    const bool is_group =
        std::any_of(one.members.begin(), one.members.end(), [](const auto& m) { return m.size() > 1; });
    if (NodeOf(one) == node) is_group ? here.push_back(&one) : void(whole = &one);
  }
  if (whole != nullptr && whole->value.count[0] == 0) return whole->value;
  if (metric.additivity() == v1::ADDITIVITY_PARTS_OVERLAP) {
    if (whole != nullptr) return whole->value;
    for (const Stated* const group : here) {
      if (!value || Rank(group->value) > Rank(*value)) value = group->value;
    }
    return value;
  }
  std::optional<PlainValue> parts;
  groups.insert(groups.end(), here.begin(), here.end());
  for (size_t axis = 0; axis < node.size(); ++axis) {
    std::optional<PlainValue> along;
    for (const std::string& child : Children(metric, axis, node[axis])) {
      Node below = node;
      below[axis] = child;
      const std::optional<PlainValue> part = ValueAt(metric, stated, below, groups);
      if (part) along = along.value_or(PlainValue()), along->Add(*part);
    }
    if (along && (!parts || std::pair(along->Sum(), along->Certain()) > std::pair(parts->Sum(), parts->Certain()))) {
      parts = along;
    }
  }
  if (parts) add(*parts);
  for (const Stated* const group : here) add(group->value);
  if (whole != nullptr) add(whole->value);
  return value;
}

std::vector<PlainValues::Node> PlainValues::Nodes(const v1::Metric& metric) const {
  std::vector<Node> nodes = {{}};
  for (const std::string& breakdown : metric.breakdowns()) {
    std::vector<Node> longer;
    for (const Node& node : nodes) {
      longer.push_back(node), longer.back().push_back("");
      for (const std::string& category : categories_.at(breakdown)) {
        longer.push_back(node), longer.back().push_back(category);
      }
    }
    nodes = longer;
  }
  return nodes;
}

std::map<PlainValues::Node, PlainValue> PlainValues::Of(const v1::Metric& metric,
                                                        const v1::OperationResult& result) const {
  std::vector<Stated> stated;
  for (const v1::Figure& figure : result.figures()) {
    if (figure.metric() != metric.id()) continue;
    Stated& one = stated.emplace_back();
    for (const std::string& breakdown : metric.breakdowns()) {
      one.members.emplace_back();
      for (const std::string& category : figure.categories()) {
        const bool said_already = std::any_of(  // Class A and heroin is class A.
            figure.categories().begin(), figure.categories().end(),
            [&](const std::string& other) { return other != category && IsWithin(category, other); });
        if (breakdown_of_.at(category) == breakdown && !said_already) one.members.back().push_back(category);
      }
      if (one.members.back().empty()) one.members.back().push_back("");
    }
    const size_t qualifier = !figure.has_value() ? 0 : std::max<size_t>(1, static_cast<size_t>(figure.qualifier()));
    one.value.sum[qualifier] = figure.has_value() ? InBaseUnits(figure) : 0;
    one.value.count[qualifier] = 1;
  }
  std::map<Node, PlainValue> values;
  if (stated.empty()) return values;
  for (const Node& node : Nodes(metric)) {
    if (const std::optional<PlainValue> value = ValueAt(metric, stated, node, {})) values[node] = *value;
  }
  if (metric.additivity() == v1::ADDITIVITY_PARTS_OVERLAP) return values;
  for (auto& [node, value] : values) {
    for (size_t axis = 0; axis < node.size(); ++axis) {
      const std::vector<std::string> children = Children(metric, axis, node[axis]);
      int64_t in_children = 0;
      for (Node below = node; const std::string& child : children) {
        below[axis] = child;
        if (values.count(below) != 0) in_children += values.at(below).Sum();
      }
      if (!children.empty()) value.left[axis] = std::max<int64_t>(0, value.Sum() - in_children);
    }
  }
  return values;
}

}  // namespace muster
