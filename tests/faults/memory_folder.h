// A folder for files that need not outlive the test.
#ifndef MUSTER_TESTS_FAULTS_MEMORY_FOLDER_H_
#define MUSTER_TESTS_FAULTS_MEMORY_FOLDER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster {

// An empty folder of its own, in memory where the system has such a place: these tests make and remove thousands of
// files, and bring their own idea of what a disk keeps. Removed with all that is in it.
class MemoryFolder {
 public:
  MemoryFolder();
  ~MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(absl::string_view name) const;

 private:
  std::string path_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_MEMORY_FOLDER_H_
