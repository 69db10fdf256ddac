// The catalogue: forces, regions, metrics and breakdowns, checked as a whole and numbered.
#ifndef MUSTER_DOMAIN_CATALOGUE_H_
#define MUSTER_DOMAIN_CATALOGUE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "domain/civil_day.h"
#include "domain/lattice.h"
#include "muster/v1/catalogue.pb.h"

namespace muster {

// Indexes into the catalogue, in its order. They hold for one catalogue only and are kept on disk beside its digest
// alone.
using RegionIndex = int;
using ForceIndex = int;
using MetricIndex = int;
using CategoryIndex = int;
using BreakdownIndex = int;

// A force that is in no region.
inline constexpr RegionIndex kNoRegion = -1;

// One text-format file of a catalogue.
struct CatalogueFile {
  std::string name;  // For fault messages.
  std::string text;
};

// Something wrong in a catalogue.
struct CatalogueFault {
  std::string file;
  int line = 0;  // From 1; 0 where the fault is of the file as a whole.
  std::string description;

  std::string ToString() const;  // "forces.textproto:12: ..."
};

// Whether `id` is lower-case words joined by single hyphens, at most 64 bytes, starting with a letter.
bool IsCatalogueId(absl::string_view id);

// Immutable, therefore safe to share between threads.
class Catalogue {
 public:
  // Reads and checks all files as one catalogue. On any fault returns nullptr and every fault, by file and line.
  static std::shared_ptr<const Catalogue> Read(absl::Span<const CatalogueFile> files,
                                               std::vector<CatalogueFault>* faults);

  // As written, the files together. `operations` are those that ship.
  const v1::Catalogue& proto() const { return proto_; }
  // SHA-256 over what indexes and totals depend on: breakdowns, metrics and forces. Another digest, other numbers.
  const std::string& digest() const { return digest_; }

  int force_count() const { return proto_.forces_size(); }
  int region_count() const { return proto_.regions_size(); }
  int metric_count() const { return proto_.metrics_size(); }
  const v1::Force& force(ForceIndex index) const { return proto_.forces(index); }
  const v1::Region& region(RegionIndex index) const { return proto_.regions(index); }
  const v1::Metric& metric(MetricIndex index) const { return proto_.metrics(index); }
  const v1::Category& category(CategoryIndex index) const { return *categories_[static_cast<size_t>(index)]; }

  std::optional<ForceIndex> FindForce(absl::string_view id) const { return Find(forces_, id); }
  std::optional<RegionIndex> FindRegion(absl::string_view id) const { return Find(regions_, id); }
  std::optional<MetricIndex> FindMetric(absl::string_view id) const { return Find(metrics_, id); }
  std::optional<CategoryIndex> FindCategory(absl::string_view id) const { return Find(category_indexes_, id); }
  std::optional<BreakdownIndex> FindBreakdown(absl::string_view id) const { return Find(breakdowns_, id); }

  // The known id that `id` is most likely meant to be; empty if none is near.
  std::string NearestForce(absl::string_view id) const { return Nearest(forces_, id); }
  std::string NearestRegion(absl::string_view id) const { return Nearest(regions_, id); }
  std::string NearestMetric(absl::string_view id) const { return Nearest(metrics_, id); }
  std::string NearestCategory(absl::string_view id) const { return Nearest(category_indexes_, id); }
  std::string NearestBreakdown(absl::string_view id) const { return Nearest(breakdowns_, id); }

  // The nodes of a metric.
  const Lattice& lattice(MetricIndex metric) const { return lattices_[static_cast<size_t>(metric)]; }
  // Which breakdowns they are the product of, by axis.
  const std::vector<BreakdownIndex>& axes(MetricIndex metric) const { return axes_[static_cast<size_t>(metric)]; }
  // Which axis of the metric a category is on, and its node in that tree; nullopt if the metric does not have it.
  struct Place {
    int axis = 0;
    int tree_node = 0;
  };
  std::optional<Place> PlaceOf(MetricIndex metric, CategoryIndex category) const;
  // The categories of a node: none, one, or one of each breakdown.
  std::vector<CategoryIndex> CategoriesOf(MetricIndex metric, int node) const;
  // Of a category.
  BreakdownIndex BreakdownOf(CategoryIndex category) const {
    return category_breakdown_[static_cast<size_t>(category)];
  }

  // The region that a force is in on a day; kNoRegion if none.
  RegionIndex RegionOn(ForceIndex force, absl::CivilDay day) const;
  // The one region that a force is in on all days from `first` to `last`; nullopt if it changes in between.
  std::optional<RegionIndex> RegionThroughout(ForceIndex force, const Period& period) const;

  // The forces that a consortium covers; empty for other bodies.
  const std::vector<ForceIndex>& CoveredBy(ForceIndex consortium) const {
    return covers_[static_cast<size_t>(consortium)];
  }
  // The consortia that cover a force.
  const std::vector<ForceIndex>& ConsortiaOf(ForceIndex force) const { return consortia_[static_cast<size_t>(force)]; }
  // All territorial forces: who is expected where an operation names nobody.
  const std::vector<ForceIndex>& territorial_forces() const { return territorial_forces_; }

 private:
  friend class CatalogueReader;
  using Index = absl::flat_hash_map<std::string, int>;
  struct Membership {
    Period period;
    RegionIndex region;
  };

  Catalogue() = default;
  static std::optional<int> Find(const Index& index, absl::string_view id);
  static std::string Nearest(const Index& index, absl::string_view id);

  v1::Catalogue proto_;
  std::string digest_;
  Index forces_, regions_, metrics_, category_indexes_, breakdowns_;
  std::vector<const v1::Category*> categories_;  // In proto_.
  std::vector<BreakdownIndex> category_breakdown_;
  std::vector<int> category_tree_node_;
  std::vector<BreakdownTree> trees_;  // By breakdown; the lattices point into it.
  std::vector<Lattice> lattices_;     // By metric.
  std::vector<std::vector<BreakdownIndex>> axes_;
  std::vector<std::vector<Membership>> memberships_;  // By force, in order of days.
  std::vector<std::vector<ForceIndex>> covers_, consortia_;
  std::vector<ForceIndex> territorial_forces_;
};

// The one of `known` that `id` is most likely meant to be: fewest edits, at most two or a third of its
// length, whichever is more; empty if none.
std::string NearestName(absl::string_view id, absl::Span<const absl::string_view> known);

}  // namespace muster

#endif  // MUSTER_DOMAIN_CATALOGUE_H_
