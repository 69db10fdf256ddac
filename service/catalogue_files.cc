#include "service/catalogue_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "domain/quote.h"
#include "service/server.h"

namespace muster {
namespace {

// All *.textproto files of a folder, by name.
std::vector<CatalogueFile> ReadFiles(const std::string& directory, std::vector<std::string>* faults) {
  std::vector<CatalogueFile> files;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->path().extension() != ".textproto") continue;
    std::ifstream in(entry->path(), std::ios::binary);
    files.push_back({entry->path().string(), std::string(std::istreambuf_iterator<char>(in), {})});
    if (in.fail()) faults->push_back(absl::StrCat("cannot read ", Quote(files.back().name)));
  }
  if (failed) {
    faults->push_back(absl::StrCat("cannot read the folder ", Quote(directory), ": ", failed.message()));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

}  // namespace

std::shared_ptr<const Catalogue> ReadCatalogue(const std::string& directory, std::vector<std::string>* faults) {
  const std::vector<CatalogueFile> files = directory.empty() ? ShippedCatalogueFiles() : ReadFiles(directory, faults);
  if (!faults->empty()) return nullptr;
  std::vector<CatalogueFault> found;
  std::shared_ptr<const Catalogue> catalogue = Catalogue::Read(files, &found);
  for (const CatalogueFault& fault : found) faults->push_back(fault.ToString());
  return catalogue;
}

}  // namespace muster
