#include "bench/processes/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace muster::bench {

TemporaryFolder::TemporaryFolder(const std::string& parent) : path_(parent + "/muster-bench-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + parent);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // What is left is the next clean-up's.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace muster::bench
