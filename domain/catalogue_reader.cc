// Reads text-format files into a Catalogue. Every fault is found in one go and named with its file and line.
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/catalogue.h"
#include "domain/digest.h"
#include "domain/operation.h"
#include "domain/quantity.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace muster {
namespace {

using google::protobuf::TextFormat;

// The product of a metric's breakdowns has at most this many nodes: every one may become a total.
constexpr int kMaxLatticeNodes = 4096;

// Where a message stands.
struct Origin {
  std::string file;
  int line = 0;
};

// A message with its place.
template <typename Message>
struct Item {
  Message message;
  Origin origin;
};

class SyntaxFaults : public google::protobuf::io::ErrorCollector {
 public:
  SyntaxFaults(std::string file, std::vector<CatalogueFault>* faults) : file_(std::move(file)), faults_(faults) {}
  void AddError(int line, int /*column*/, const std::string& message) override {
    faults_->push_back({file_, line + 1, message});
  }
  void AddWarning(int line, int column, const std::string& message) override { AddError(line, column, message); }

 private:
  std::string file_;
  std::vector<CatalogueFault>* faults_;
};

std::string DidYouMean(const std::string& nearest) {
  return nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?");
}

}  // namespace

class CatalogueReader {
 public:
  explicit CatalogueReader(std::vector<CatalogueFault>* faults) : faults_(faults) {}

  std::shared_ptr<const Catalogue> Read(absl::Span<const CatalogueFile> files) {
    for (const CatalogueFile& file : files) Parse(file);
    if (!faults_->empty()) return nullptr;  // What did not parse would be missed by everything that refers to it.

    ReadRegions();
    ReadForces();
    ReadBreakdowns();
    ReadMetrics();
    ReadOperations();
    if (!faults_->empty()) return nullptr;
    Digest();
    return std::move(catalogue_);
  }

 private:
  void Fault(const Origin& origin, std::string description) {
    faults_->push_back({origin.file, origin.line, std::move(description)});
  }

  void Parse(const CatalogueFile& file) {
    SyntaxFaults syntax_faults(file.name, faults_);
    TextFormat::ParseInfoTree locations;
    TextFormat::Parser parser;
    parser.RecordErrorsTo(&syntax_faults);
    parser.WriteLocationsTo(&locations);
    v1::Catalogue part;
    if (!parser.ParseFromString(file.text, &part)) return;
    const auto take = [&](const auto& messages, int field_number, auto& into) {
      const auto* const field = v1::Catalogue::descriptor()->FindFieldByNumber(field_number);
      for (int index = 0; index < messages.size(); ++index) {
        into.push_back({messages.Get(index), {file.name, locations.GetLocation(field, index).line + 1}});
      }
    };
    take(part.regions(), v1::Catalogue::kRegionsFieldNumber, regions_);
    take(part.forces(), v1::Catalogue::kForcesFieldNumber, forces_);
    take(part.breakdowns(), v1::Catalogue::kBreakdownsFieldNumber, breakdowns_);
    take(part.metrics(), v1::Catalogue::kMetricsFieldNumber, metrics_);
    take(part.operations(), v1::Catalogue::kOperationsFieldNumber, operations_);
  }

  // Enters an id; says so if it is malformed or taken.
  bool Enter(Catalogue::Index& index, const std::string& id, int number, absl::string_view what, const Origin& origin) {
    if (!IsCatalogueId(id)) {
      Fault(origin,
            absl::StrCat(what, " id \"", id, "\" must be lower-case words joined by hyphens, at most 64 bytes"));
      return false;
    }
    if (!index.emplace(id, number).second) {
      Fault(origin, absl::StrCat(what, " id \"", id, "\" is used twice"));
      return false;
    }
    return true;
  }

  void RequireName(const std::string& name, absl::string_view what, const std::string& id, const Origin& origin) {
    if (name.empty()) Fault(origin, absl::StrCat(what, " \"", id, "\" has no name"));
  }

  void ReadRegions() {
    for (const auto& [region, origin] : regions_) {
      Enter(catalogue_->regions_, region.id(), catalogue_->proto_.regions_size(), "region", origin);
      RequireName(region.name(), "region", region.id(), origin);
      *catalogue_->proto_.add_regions() = region;
    }
  }

  void ReadForces() {
    std::set<std::string> ons_codes;
    for (const auto& [force, origin] : forces_) {
      const ForceIndex index = catalogue_->proto_.forces_size();
      Enter(catalogue_->forces_, force.id(), index, "force", origin);
      RequireName(force.name(), "force", force.id(), origin);
      if (!force.ons_code().empty() && !ons_codes.insert(force.ons_code()).second) {
        Fault(origin, absl::StrCat("ONS code ", force.ons_code(), " of force \"", force.id(), "\" is used twice"));
      }
      switch (force.kind()) {
        case v1::FORCE_KIND_TERRITORIAL:
          catalogue_->territorial_forces_.push_back(index);
          break;
        case v1::FORCE_KIND_SPECIAL:
        case v1::FORCE_KIND_REGIONAL_UNIT:
        case v1::FORCE_KIND_CONSORTIUM:
          break;
        default:
          Fault(origin, absl::StrCat("force \"", force.id(), "\" has no kind"));
      }
      ReadMemberships(force, origin);
      *catalogue_->proto_.add_forces() = force;
    }
    if (forces_.empty()) faults_->push_back({"catalogue", 0, "names no force"});
    ReadConsortia();
  }

  void ReadMemberships(const v1::Force& force, const Origin& origin) {
    std::vector<Catalogue::Membership> memberships;
    for (const v1::RegionMembership& membership : force.memberships()) {
      const std::optional<RegionIndex> region = catalogue_->FindRegion(membership.region());
      if (!region) {
        Fault(origin,
              absl::StrCat("force \"", force.id(), "\" is in region \"", membership.region(), "\", which is not known",
                           DidYouMean(catalogue_->NearestRegion(membership.region()))));
        continue;
      }
      // Open ends are the first and the last day that a date may name.
      const std::optional<absl::CivilDay> first =
          ParseCivilDay(membership.start_date().empty() ? "1900-01-01" : membership.start_date());
      const std::optional<absl::CivilDay> last =
          ParseCivilDay(membership.end_date().empty() ? "2999-12-31" : membership.end_date());
      if (!first || !last || *last < *first) {
        Fault(origin, absl::StrCat("force \"", force.id(), "\" is in region \"", membership.region(), "\" from \"",
                                   membership.start_date(), "\" to \"", membership.end_date(),
                                   "\", which is no period of days"));
        continue;
      }
      const Period period{*first, *last};
      for (const Catalogue::Membership& other : memberships) {
        if (other.period.Overlaps(period)) {
          Fault(origin, absl::StrCat("force \"", force.id(), "\" is in two regions on ",
                                     FormatCivilDay(std::max(other.period.first, period.first)), ": \"",
                                     catalogue_->region(other.region).id(), "\" and \"", membership.region(), "\""));
        }
      }
      memberships.push_back({period, *region});
    }
    std::sort(memberships.begin(), memberships.end(), [](const auto& a, const auto& b) { return a.period < b.period; });
    catalogue_->memberships_.push_back(std::move(memberships));
  }

  void ReadConsortia() {
    catalogue_->covers_.resize(forces_.size());
    catalogue_->consortia_.resize(forces_.size());
    for (size_t index = 0; index < forces_.size(); ++index) {
      const auto& [force, origin] = forces_[index];
      const bool is_consortium = force.kind() == v1::FORCE_KIND_CONSORTIUM;
      if (is_consortium == force.covers().empty()) {
        Fault(origin, absl::StrCat("force \"", force.id(),
                                   is_consortium ? "\" is a consortium and covers nobody"
                                                 : "\" covers other forces and is no consortium"));
      }
      for (const std::string& id : force.covers()) {
        const std::optional<ForceIndex> covered = catalogue_->FindForce(id);
        if (!covered || forces_[static_cast<size_t>(*covered)].message.kind() == v1::FORCE_KIND_CONSORTIUM) {
          Fault(origin, absl::StrCat("consortium \"", force.id(), "\" covers \"", id, "\", which is no single force",
                                     covered ? "" : DidYouMean(catalogue_->NearestForce(id))));
          continue;
        }
        std::vector<ForceIndex>& covers = catalogue_->covers_[index];
        if (std::find(covers.begin(), covers.end(), *covered) != covers.end()) {
          Fault(origin, absl::StrCat("consortium \"", force.id(), "\" covers \"", id, "\" twice"));
          continue;
        }
        covers.push_back(*covered);
        catalogue_->consortia_[static_cast<size_t>(*covered)].push_back(static_cast<ForceIndex>(index));
      }
    }
  }

  void ReadBreakdowns() {
    for (const auto& [breakdown, origin] : breakdowns_) {
      const BreakdownIndex index = catalogue_->proto_.breakdowns_size();
      Enter(catalogue_->breakdowns_, breakdown.id(), index, "breakdown", origin);
      RequireName(breakdown.name(), "breakdown", breakdown.id(), origin);
      *catalogue_->proto_.add_breakdowns() = breakdown;
    }
    // The messages no longer move from here on, so pointers to them hold.
    for (size_t index = 0; index < breakdowns_.size(); ++index) {
      ReadTree(catalogue_->proto_.breakdowns(static_cast<int>(index)), breakdowns_[index].origin,
               static_cast<BreakdownIndex>(index));
    }
  }

  void ReadTree(const v1::Breakdown& breakdown, const Origin& origin, BreakdownIndex index) {
    const auto first = static_cast<CategoryIndex>(catalogue_->categories_.size());
    absl::flat_hash_map<std::string, std::vector<CategoryIndex>> children;  // By parent id.
    std::set<std::string> ids;
    for (const v1::Category& category : breakdown.categories()) {
      const auto number = static_cast<CategoryIndex>(catalogue_->categories_.size());
      Enter(catalogue_->category_indexes_, category.id(), number, "category", origin);
      RequireName(category.name(), "category", category.id(), origin);
      catalogue_->categories_.push_back(&category);
      catalogue_->category_breakdown_.push_back(index);
      children[category.parent()].push_back(number);
      ids.insert(category.id());
    }
    // By number, not by id: an id may be malformed or taken.
    for (int place = 0; place < breakdown.categories_size(); ++place) {
      const v1::Category& category = breakdown.categories(place);
      if (!category.parent().empty() && ids.count(category.parent()) == 0) {
        Fault(origin, absl::StrCat("category \"", category.id(), "\" has the parent \"", category.parent(),
                                   "\", which is not in breakdown \"", breakdown.id(), "\""));
        children[""].push_back(first + place);  // So that it is not called a cycle as well.
      }
    }
    catalogue_->category_tree_node_.resize(catalogue_->categories_.size(), 0);

    // From the top down, parents first; what this does not reach goes round in a circle.
    BreakdownTree tree;
    const std::function<void(CategoryIndex, const std::string&, int)> add = [&](CategoryIndex category,
                                                                                const std::string& id, int parent) {
      const int node = tree.size();
      tree.parent.push_back(parent);
      tree.children.emplace_back();
      tree.category.push_back(category);
      if (parent >= 0) tree.children[static_cast<size_t>(parent)].push_back(node);
      if (category >= 0) catalogue_->category_tree_node_[static_cast<size_t>(category)] = node;
      const auto below = children.find(id);
      if (below == children.end()) return;
      const std::vector<CategoryIndex> list = std::move(below->second);
      children.erase(below);
      for (const CategoryIndex child : list) add(child, catalogue_->category(child).id(), node);
    };
    add(-1, "", -1);
    if (tree.size() - 1 < breakdown.categories_size()) {
      for (int place = 0; place < breakdown.categories_size(); ++place) {
        const v1::Category& category = breakdown.categories(place);
        const bool reached =
            catalogue_->category_tree_node_[static_cast<size_t>(first) + static_cast<size_t>(place)] != 0;
        // What hangs below a circle is not in it.
        if (!reached && IsOwnAncestor(breakdown, category)) {
          Fault(origin, absl::StrCat("category \"", category.id(), "\" of breakdown \"", breakdown.id(),
                                     "\" is its own ancestor"));
        }
      }
    }
    catalogue_->trees_.push_back(std::move(tree));
  }

  // Whether the way up from `category`, all of whose ancestors are in `breakdown`, comes back to it.
  static bool IsOwnAncestor(const v1::Breakdown& breakdown, const v1::Category& category) {
    std::map<std::string, std::string> parents;
    for (const v1::Category& other : breakdown.categories()) parents.emplace(other.id(), other.parent());
    std::string ancestor = category.parent();
    for (size_t steps = 0; steps < parents.size() && ancestor != category.id(); ++steps) ancestor = parents[ancestor];
    return ancestor == category.id();
  }

  void ReadMetrics() {
    for (const auto& [metric, origin] : metrics_) {
      Enter(catalogue_->metrics_, metric.id(), catalogue_->proto_.metrics_size(), "metric", origin);
      RequireName(metric.name(), "metric", metric.id(), origin);
      // Text format takes numbers that no enumerator has; their base unit is UNIT_UNSPECIFIED.
      if (metric.base_unit() == v1::UNIT_UNSPECIFIED || metric.base_unit() != BaseUnitOf(metric.dimension())) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" needs a dimension and its base unit; ",
                                   v1::Unit_Name(metric.base_unit()), " is not that of ",
                                   v1::Dimension_Name(metric.dimension())));
      }
      if (metric.additivity() == v1::ADDITIVITY_UNSPECIFIED || !v1::Additivity_IsValid(metric.additivity())) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" does not say how its values combine"));
      }
      std::vector<BreakdownIndex> axes;
      std::vector<const BreakdownTree*> trees;
      for (const std::string& id : metric.breakdowns()) {
        const std::optional<BreakdownIndex> breakdown = catalogue_->FindBreakdown(id);
        if (!breakdown) {
          Fault(origin, absl::StrCat("metric \"", metric.id(), "\" has the breakdown \"", id, "\", which is not known",
                                     DidYouMean(catalogue_->NearestBreakdown(id))));
        } else if (std::find(axes.begin(), axes.end(), *breakdown) != axes.end()) {
          Fault(origin, absl::StrCat("metric \"", metric.id(), "\" has the breakdown \"", id, "\" twice"));
        } else {
          axes.push_back(*breakdown);
          trees.push_back(&catalogue_->trees_[static_cast<size_t>(*breakdown)]);
        }
      }
      if (axes.size() > Lattice::kAxes) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" has ", axes.size(), " breakdowns; at most two"));
        trees.resize(Lattice::kAxes);
      }
      if (metric.additivity() == v1::ADDITIVITY_NOT_ADDITIVE && !axes.empty()) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" does not add up and can have no breakdown"));
      }
      Lattice lattice(trees);
      if (lattice.size() > kMaxLatticeNodes) {
        Fault(origin, absl::StrCat("the breakdowns of metric \"", metric.id(), "\" have ", lattice.size(),
                                   " nodes together; at most ", kMaxLatticeNodes));
      }
      catalogue_->lattices_.push_back(std::move(lattice));
      catalogue_->axes_.push_back(std::move(axes));
      *catalogue_->proto_.add_metrics() = metric;
    }
    if (metrics_.empty()) faults_->push_back({"catalogue", 0, "names no metric"});
    for (const auto& [metric, origin] : metrics_) CheckSubset(metric, origin);
  }

  // What contains a metric must exist, be of the same dimension, and not be contained in it.
  void CheckSubset(const v1::Metric& metric, const Origin& origin) {
    std::set<std::string> seen{metric.id()};
    for (std::string id = metric.subset_of(); !id.empty();) {
      const std::optional<MetricIndex> container = catalogue_->FindMetric(id);
      if (!container) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" is a subset of \"", id, "\", which is not known",
                                   DidYouMean(catalogue_->NearestMetric(id))));
        return;
      }
      if (!seen.insert(id).second) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" is a subset of itself"));
        return;
      }
      if (catalogue_->metric(*container).dimension() != metric.dimension()) {
        Fault(origin, absl::StrCat("metric \"", metric.id(), "\" is a subset of \"", id, "\" of another dimension"));
        return;
      }
      id = catalogue_->metric(*container).subset_of();
    }
  }

  void ReadOperations() {
    Catalogue::Index ids;
    for (const auto& [operation, origin] : operations_) {
      // CheckOperation says what a malformed id must be.
      if (IsCatalogueId(operation.id())) Enter(ids, operation.id(), 0, "operation", origin);
      for (const FieldProblem& problem : CheckOperation(operation, *catalogue_, "")) {
        Fault(origin, absl::StrCat("operation \"", operation.id(), "\": ", problem.field, " ", problem.description));
      }
      if (operation.closed() || operation.change_position() != 0) {
        Fault(origin, absl::StrCat("operation \"", operation.id(), "\" states what only the log may say"));
      }
      *catalogue_->proto_.add_operations() = operation;
    }
  }

  void Digest() {
    v1::Catalogue counted;
    *counted.mutable_forces() = catalogue_->proto_.forces();
    *counted.mutable_breakdowns() = catalogue_->proto_.breakdowns();
    *counted.mutable_metrics() = catalogue_->proto_.metrics();
    std::string bytes;
    google::protobuf::io::StringOutputStream stream(&bytes);
    {
      google::protobuf::io::CodedOutputStream coded(&stream);
      coded.SetSerializationDeterministic(true);
      counted.SerializeToCodedStream(&coded);
    }
    const Sha256Digest digest = Sha256(bytes);
    catalogue_->digest_.assign(digest.begin(), digest.end());
  }

  std::vector<CatalogueFault>* faults_;
  // Members are filled in place, so that pointers into them hold.
  std::shared_ptr<Catalogue> catalogue_{new Catalogue()};
  std::vector<Item<v1::Region>> regions_;
  std::vector<Item<v1::Force>> forces_;
  std::vector<Item<v1::Breakdown>> breakdowns_;
  std::vector<Item<v1::Metric>> metrics_;
  std::vector<Item<v1::Operation>> operations_;
};

std::shared_ptr<const Catalogue> Catalogue::Read(absl::Span<const CatalogueFile> files,
                                                 std::vector<CatalogueFault>* faults) {
  faults->clear();
  return CatalogueReader(faults).Read(files);
}

}  // namespace muster
