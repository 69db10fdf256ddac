// Names for people, from the catalogue.
#ifndef MUSTER_CLIENTS_EXPORT_NAMES_H_
#define MUSTER_CLIENTS_EXPORT_NAMES_H_

#include <map>
#include <string>

#include "google/protobuf/repeated_field.h"
#include "muster/v1/catalogue.pb.h"

namespace muster::exports {

// An id that the catalogue does not have is its own name.
class Names {
 public:
  explicit Names(const v1::Catalogue& catalogue);

  std::string Force(const std::string& id) const { return NameOf(forces_, id); }
  std::string Region(const std::string& id) const { return NameOf(regions_, id); }
  std::string Metric(const std::string& id) const { return NameOf(metrics_, id); }
  std::string Category(const std::string& id) const { return NameOf(categories_, id); }

  // DIMENSION_COUNT for an unknown metric.
  v1::Dimension DimensionOf(const std::string& metric_id) const;
  // How many parents a category has.
  int DepthOf(const std::string& category_id) const;
  // "Class A", "Male, Child"; empty for none.
  std::string Categories(const google::protobuf::RepeatedPtrField<std::string>& ids) const;

 private:
  using NameById = std::map<std::string, std::string>;
  static std::string NameOf(const NameById& names, const std::string& id);

  NameById forces_;
  NameById regions_;
  NameById metrics_;
  NameById categories_;
  std::map<std::string, std::string> parents_;  // Of categories.
  std::map<std::string, v1::Dimension> dimensions_;
};

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_NAMES_H_
