#include "bench/processes/process_usage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"

namespace muster::bench {
namespace {

constexpr std::chrono::milliseconds kIdlePeriod{500};
constexpr double kIdleCpuSeconds = 0.02;  // Within that period.
constexpr int kMaxIdlePeriods = 120;
constexpr int64_t kBlockBytes = 512;  // The unit of st_blocks.

std::string ReadProcFile(pid_t process, const std::string& name) {
  const std::string path = absl::StrCat("/proc/", process, "/", name);
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

double CpuSeconds(pid_t process) {
  const std::string stat = ReadProcFile(process, "stat");
  // The name, in parentheses, may hold spaces; after it come the state and ten numbers, then the times.
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 0; field < 11; ++field) fields >> skipped;
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  return (user_ticks + system_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double OwnCpuSeconds() { return CpuSeconds(getpid()); }

int64_t ResidentBytes(pid_t process) {
  std::istringstream fields(ReadProcFile(process, "statm"));
  int64_t size = 0;
  int64_t resident = 0;
  fields >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void WaitUntilIdle(pid_t process) {
  double before = CpuSeconds(process);
  for (int period = 0; period < kMaxIdlePeriods; ++period) {
    std::this_thread::sleep_for(kIdlePeriod);
    const double now = CpuSeconds(process);
    if (now - before <= kIdleCpuSeconds) return;
    before = now;
  }
}

int64_t DiskBytes(const std::string& folder) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat status {};
    if (lstat(entry.path().c_str(), &status) == 0) bytes += status.st_blocks * kBlockBytes;
  }
  return bytes;
}

}  // namespace muster::bench
