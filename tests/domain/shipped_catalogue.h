// The catalogue that ships, read from its folder: tests of the domain see no server, which has it built in.
#ifndef MUSTER_TESTS_DOMAIN_SHIPPED_CATALOGUE_H_
#define MUSTER_TESTS_DOMAIN_SHIPPED_CATALOGUE_H_

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "domain/catalogue.h"
#include "gtest/gtest.h"

namespace muster {

inline std::vector<CatalogueFile> ReadShippedFiles() {
  std::vector<CatalogueFile> files;
  for (const char* const name : {"breakdowns", "forces", "metrics", "operations", "regions"}) {
    const std::string file_name = std::string(name) + ".textproto";
    std::ifstream file(std::string(MUSTER_SOURCE_DIR "/catalogue/") + file_name, std::ios::binary);
    EXPECT_TRUE(file.is_open()) << file_name;
    files.push_back({file_name, {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}});
  }
  return files;
}

// Read once; ends the test program if it has a fault.
inline const Catalogue& ShippedCatalogue() {
  static const std::shared_ptr<const Catalogue> catalogue = [] {
    std::vector<CatalogueFault> faults;
    std::shared_ptr<const Catalogue> read = Catalogue::Read(ReadShippedFiles(), &faults);
    for (const CatalogueFault& fault : faults) ADD_FAILURE() << fault.ToString();
    return read;
  }();
  return *catalogue;
}

}  // namespace muster

#endif  // MUSTER_TESTS_DOMAIN_SHIPPED_CATALOGUE_H_
