#include "domain/body_set.h"

namespace muster {
namespace {

// From the first to the last day that a date may name.
const Period kAnyDay = {absl::CivilDay(1900, 1, 1), absl::CivilDay(2999, 12, 31)};

}  // namespace

bool BodySet::HoldsEver(ForceIndex force, const Catalogue& catalogue) const {
  if (Holds(force, kNoRegion)) return true;
  for (const v1::RegionMembership& membership : catalogue.force(force).memberships()) {
    // A catalogue names known regions only.
    if (Has(regions_, catalogue.FindRegion(membership.region()).value_or(kNoRegion))) return true;
  }
  return false;
}

BodySet BodySet::Common(const BodySet& a, const BodySet& b, const Catalogue& catalogue) {
  if (a.has_all_) return b;
  if (b.has_all_) return a;
  BodySet common;
  for (ForceIndex force = 0; force < catalogue.force_count(); ++force) {
    const std::optional<RegionIndex> always = catalogue.RegionThroughout(force, kAnyDay);
    const RegionIndex region = always.value_or(kNoRegion);
    const bool is_named = Has(a.forces_, force) || Has(b.forces_, force);
    if (is_named && a.Holds(force, region) && b.Holds(force, region)) common.AddForce(force);
  }
  for (RegionIndex region = 0; region < catalogue.region_count(); ++region) {
    if (Has(a.regions_, region) && Has(b.regions_, region)) common.AddRegion(region);
  }
  return common;
}

std::string BodySet::Key() const {
  std::string key(1, has_all_ ? '*' : '-');
  for (const bool has : forces_) key.push_back(has ? '1' : '0');
  key.push_back('/');
  for (const bool has : regions_) key.push_back(has ? '1' : '0');
  return key;
}

}  // namespace muster
