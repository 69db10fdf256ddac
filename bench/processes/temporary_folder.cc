#include "bench/processes/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace muster::bench {

TemporaryFolder::TemporaryFolder(const std::string& parent) : path_(parent + "/muster-bench-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + parent);
  // Programs that run as somebody else reach what is theirs in it.
  std::filesystem::permissions(path_, std::filesystem::perms::group_exec | std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // What is left is the next clean-up's.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace muster::bench
