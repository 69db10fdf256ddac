#include "clients/cli/figure_changes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/numeric/int128.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

using FigureKey = std::pair<std::string, std::vector<std::string>>;
using Figures = std::map<FigureKey, v1::Figure>;

Figures FiguresOf(const v1::StoredResult& stored) {
  Figures figures;
  for (const v1::Figure& figure : stored.result().figures()) {
    std::vector<std::string> categories(figure.categories().begin(), figure.categories().end());
    std::sort(categories.begin(), categories.end());
    figures[{figure.metric(), std::move(categories)}] = figure;
  }
  for (const std::string& metric : stored.nil_metrics()) {
    v1::Figure zero;
    zero.set_metric(metric);
    zero.set_value(0);
    zero.set_unit(v1::UNIT_COUNT);  // Whatever its dimension: nothing is nothing.
    figures[{metric, {}}] = zero;
  }
  return figures;
}

bool SaySame(const v1::Figure& a, const v1::Figure& b) {
  const auto meaning = [](const v1::Figure& figure) {
    return figure.qualifier() == v1::QUALIFIER_UNSPECIFIED ? v1::QUALIFIER_EXACT : figure.qualifier();
  };
  if (a.has_value() != b.has_value() || meaning(a) != meaning(b)) return false;
  return !a.has_value() ||
         absl::int128(a.value()) * BaseUnitsIn(a.unit()) == absl::int128(b.value()) * BaseUnitsIn(b.unit());
}

}  // namespace

std::vector<FigureChange> FigureChangesBetween(const v1::StoredResult* before, const v1::StoredResult& after) {
  const Figures old_figures = before == nullptr ? Figures() : FiguresOf(*before);
  const Figures new_figures = FiguresOf(after);
  std::map<FigureKey, FigureChange> changes;
  const auto change_of = [&changes](const FigureKey& key) -> FigureChange& {
    FigureChange& change = changes[key];
    change.metric = key.first;
    change.categories = key.second;
    return change;
  };
  for (const auto& [key, figure] : old_figures) {
    const auto found = new_figures.find(key);
    if (found == new_figures.end() || !SaySame(figure, found->second)) change_of(key).before = figure;
  }
  for (const auto& [key, figure] : new_figures) {
    const auto found = old_figures.find(key);
    if (found == old_figures.end() || !SaySame(found->second, figure)) change_of(key).after = figure;
  }
  std::vector<FigureChange> list;
  list.reserve(changes.size());
  for (auto& [key, change] : changes) list.push_back(std::move(change));
  return list;
}

}  // namespace muster::cli
