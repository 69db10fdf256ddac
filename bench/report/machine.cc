#include "bench/report/machine.h"

#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::bench {
namespace {

constexpr int64_t kGibibyte = 1 << 30;
constexpr auto kTmpfsMagic = 0x01021994;  // TMPFS_MAGIC of linux/magic.h.

// The value of the first line "NAME : VALUE" of a file; empty if there is none.
std::string FirstValue(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind(name, 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

}  // namespace

void DescribeMachine(const std::string& folder, Report& report) {
  report.AddCondition(
      "processor", absl::StrCat(std::thread::hardware_concurrency(), " x ", FirstValue("/proc/cpuinfo", "model name")));
  struct sysinfo system {};
  if (sysinfo(&system) == 0) {
    constexpr double kLoadScale = 1 << SI_LOAD_SHIFT;
    report.AddCondition("memory", absl::StrCat(system.totalram * system.mem_unit / kGibibyte, " GiB"));
    report.AddCondition("load at the start",
                        absl::StrFormat("%.2f", static_cast<double>(system.loads[0]) / kLoadScale));
  }
  utsname name{};
  if (uname(&name) == 0) report.AddCondition("kernel", absl::StrCat(name.sysname, " ", name.release));
  struct statfs files {};
  if (statfs(folder.c_str(), &files) == 0) {
    const int64_t free = static_cast<int64_t>(files.f_bavail) * files.f_bsize / kGibibyte;
    report.AddCondition("stores in",
                        absl::StrCat(folder, ", ", free, " GiB free",
                                     files.f_type == kTmpfsMagic ? "; IN MEMORY: a sync costs nothing" : ""));
  }
}

}  // namespace muster::bench
