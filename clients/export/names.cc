#include "clients/export/names.h"

#include <vector>

#include "absl/strings/str_join.h"

namespace muster::exports {

Names::Names(const v1::Catalogue& catalogue) {
  for (const v1::Force& force : catalogue.forces()) forces_[force.id()] = force.name();
  for (const v1::Region& region : catalogue.regions()) regions_[region.id()] = region.name();
  for (const v1::Metric& metric : catalogue.metrics()) {
    metrics_[metric.id()] = metric.name();
    dimensions_[metric.id()] = metric.dimension();
  }
  for (const v1::Breakdown& breakdown : catalogue.breakdowns()) {
    for (const v1::Category& category : breakdown.categories()) {
      categories_[category.id()] = category.name();
      if (!category.parent().empty()) parents_[category.id()] = category.parent();
    }
  }
}

v1::Dimension Names::DimensionOf(const std::string& metric_id) const {
  const auto found = dimensions_.find(metric_id);
  return found == dimensions_.end() ? v1::DIMENSION_COUNT : found->second;
}

int Names::DepthOf(const std::string& category_id) const {
  int depth = 0;
  // A tree is never deeper than it has nodes, whatever a server says.
  for (auto parent = parents_.find(category_id); parent != parents_.end() && depth < static_cast<int>(parents_.size());
       parent = parents_.find(parent->second)) {
    ++depth;
  }
  return depth;
}

std::string Names::Categories(const google::protobuf::RepeatedPtrField<std::string>& ids) const {
  std::vector<std::string> names;
  for (const std::string& id : ids) names.push_back(Category(id));
  return absl::StrJoin(names, ", ");
}

std::string Names::NameOf(const NameById& names, const std::string& id) {
  const auto found = names.find(id);
  return found == names.end() || found->second.empty() ? id : found->second;
}

}  // namespace muster::exports
