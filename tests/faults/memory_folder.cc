#include "tests/faults/memory_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "domain/check.h"

namespace muster {

namespace fs = std::filesystem;

MemoryFolder::MemoryFolder() {
  const fs::path memory = "/dev/shm";
  path_ = ((fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "muster-faults-XXXXXX").string();
  MUSTER_CHECK(mkdtemp(path_.data()) != nullptr);
}

MemoryFolder::~MemoryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string MemoryFolder::Path(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

}  // namespace muster
