// A folder that goes with what is in it.
#ifndef MUSTER_BENCH_PROCESSES_TEMPORARY_FOLDER_H_
#define MUSTER_BENCH_PROCESSES_TEMPORARY_FOLDER_H_

#include <string>

namespace muster::bench {

class TemporaryFolder {
 public:
  // Makes it in `parent`, which must exist. Throws if it cannot.
  explicit TemporaryFolder(const std::string& parent);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_TEMPORARY_FOLDER_H_
