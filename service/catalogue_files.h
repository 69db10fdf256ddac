// The catalogue that a server is started with: the shipped one, or the files of a folder.
#ifndef MUSTER_SERVICE_CATALOGUE_FILES_H_
#define MUSTER_SERVICE_CATALOGUE_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "domain/catalogue.h"

namespace muster {

// Reads the catalogue in all *.textproto files of a folder; the shipped one if `directory` is empty. Null, and at least
// one sentence in `faults`, if it cannot be read or is not whole.
std::shared_ptr<const Catalogue> ReadCatalogue(const std::string& directory, std::vector<std::string>* faults);

}  // namespace muster

#endif  // MUSTER_SERVICE_CATALOGUE_FILES_H_
