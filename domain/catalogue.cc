#include "domain/catalogue.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr size_t kMaxIdBytes = 64;

// Edits (insert, delete, replace) from `a` to `b`.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string CatalogueFault::ToString() const {
  if (line == 0) return absl::StrCat(file, ": ", description);
  return absl::StrCat(file, ":", line, ": ", description);
}

bool IsCatalogueId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes || !absl::ascii_islower(static_cast<unsigned char>(id[0]))) return false;
  char before = '-';
  for (const char character : id) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '-' ? before == '-' : !absl::ascii_islower(byte) && !absl::ascii_isdigit(byte)) return false;
    before = character;
  }
  return before != '-';
}

std::string NearestName(absl::string_view id, absl::Span<const absl::string_view> known) {
  if (id.size() > kMaxIdBytes) return "";
  const std::string wanted = absl::AsciiStrToLower(id);
  // A third of a long name, two letters of a short one ("sury" is Surrey), one of a very short one.
  const size_t most_edits = std::max<size_t>(wanted.size() / 3, wanted.size() < 4 ? 1 : 2);
  size_t best_distance = most_edits + 1;
  absl::string_view best;
  for (const absl::string_view candidate : known) {
    // As many edits as one is longer are needed at least.
    const size_t least = std::max(wanted.size(), candidate.size()) - std::min(wanted.size(), candidate.size());
    if (least > best_distance) continue;
    const size_t distance = EditDistance(wanted, candidate);
    // Among equals the first in the alphabet, whatever the order of a hash table.
    if (distance < best_distance || (distance == best_distance && !best.empty() && candidate < best)) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

std::optional<int> Catalogue::Find(const Index& index, absl::string_view id) {
  const auto found = index.find(id);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

std::string Catalogue::Nearest(const Index& index, absl::string_view id) {
  std::vector<absl::string_view> known;
  known.reserve(index.size());
  for (const auto& [name, unused] : index) known.emplace_back(name);
  return NearestName(id, known);
}

std::optional<Catalogue::Place> Catalogue::PlaceOf(MetricIndex metric, CategoryIndex category) const {
  const BreakdownIndex breakdown = BreakdownOf(category);
  const std::vector<BreakdownIndex>& axes = axes_[static_cast<size_t>(metric)];
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    if (axes[axis] == breakdown) {
      return Place{static_cast<int>(axis), category_tree_node_[static_cast<size_t>(category)]};
    }
  }
  return std::nullopt;
}

std::vector<CategoryIndex> Catalogue::CategoriesOf(MetricIndex metric, int node) const {
  const Lattice& nodes = lattice(metric);
  const std::array<int, Lattice::kAxes> coordinates = nodes.CoordinatesOf(node);
  std::vector<CategoryIndex> categories;
  for (int axis = 0; axis < nodes.axis_count(); ++axis) {
    const int tree_node = coordinates[static_cast<size_t>(axis)];
    if (tree_node != 0) categories.push_back(nodes.tree(axis).category[static_cast<size_t>(tree_node)]);
  }
  return categories;
}

RegionIndex Catalogue::RegionOn(ForceIndex force, absl::CivilDay day) const {
  for (const Membership& membership : memberships_[static_cast<size_t>(force)]) {
    if (membership.period.Contains(day)) return membership.region;
  }
  return kNoRegion;
}

std::optional<RegionIndex> Catalogue::RegionThroughout(ForceIndex force, const Period& period) const {
  for (const Membership& membership : memberships_[static_cast<size_t>(force)]) {
    if (membership.period.Contains(period)) return membership.region;
    if (membership.period.Overlaps(period)) return std::nullopt;
  }
  return kNoRegion;
}

}  // namespace muster
