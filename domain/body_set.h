// Some of the bodies that report: who they are may depend on the operation, because forces change region.
#ifndef MUSTER_DOMAIN_BODY_SET_H_
#define MUSTER_DOMAIN_BODY_SET_H_

#include <cstddef>
#include <string>
#include <vector>

#include "domain/catalogue.h"

namespace muster {

// Forces that are named, and all that are in some region. A force belongs to a region in an operation if it is in it on
// the operation's last day: the day that coverage goes by too. Immutable once made up; default: none.
class BodySet {
 public:
  static BodySet All() {
    BodySet all;
    all.has_all_ = true;
    return all;
  }

  void AddForce(ForceIndex force) { Put(force, &forces_); }
  void AddRegion(RegionIndex region) { Put(region, &regions_); }
  void Add(const BodySet& other) {
    has_all_ = has_all_ || other.has_all_;
    for (size_t force = 0; force < other.forces_.size(); ++force) {
      if (other.forces_[force]) AddForce(static_cast<ForceIndex>(force));
    }
    for (size_t region = 0; region < other.regions_.size(); ++region) {
      if (other.regions_[region]) AddRegion(static_cast<RegionIndex>(region));
    }
  }

  bool HasAll() const { return has_all_; }
  bool IsEmpty() const { return !has_all_ && forces_.empty() && regions_.empty(); }

  // Whether it holds a force in an operation on whose last day the force is in `region`, which may be kNoRegion.
  bool Holds(ForceIndex force, RegionIndex region) const {
    return has_all_ || Has(forces_, force) || Has(regions_, region);
  }

  // What both hold; of a force that is named in one and in a region of the other, only if it is always in that region.
  // Never more than either holds.
  static BodySet Common(const BodySet& a, const BodySet& b, const Catalogue& catalogue);

  // Whether it holds the force in some operation, whenever that is.
  bool HoldsEver(ForceIndex force, const Catalogue& catalogue) const;

  // The same for equal sets of one catalogue, and for no others.
  std::string Key() const;

  friend bool operator==(const BodySet&, const BodySet&) = default;

 private:
  static void Put(int index, std::vector<bool>* set) {
    if (set->size() <= static_cast<size_t>(index)) set->resize(static_cast<size_t>(index) + 1);
    (*set)[static_cast<size_t>(index)] = true;
  }
  static bool Has(const std::vector<bool>& set, int index) {
    return index >= 0 && static_cast<size_t>(index) < set.size() && set[static_cast<size_t>(index)];
  }

  bool has_all_ = false;
  std::vector<bool> forces_;   // By ForceIndex; as long as it need be.
  std::vector<bool> regions_;  // By RegionIndex; as long as it need be.
};

}  // namespace muster

#endif  // MUSTER_DOMAIN_BODY_SET_H_
