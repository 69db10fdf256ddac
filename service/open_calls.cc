#include "service/open_calls.h"

#include <utility>

namespace muster {

OpenCalls::OpenCalls(OpenCallsLimits limits, std::function<void(const std::string& peer)> cut)
    : limits_(limits), cut_(std::move(cut)) {}

std::string OpenCalls::Begun(absl::FunctionRef<std::string()> peer) {
  if (++open_ <= limits_.counted_from) return "";
  std::string name = peer();
  bool cut = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    cut = ++counted_[name] == limits_.max_of_connection + 1;  // Once; it goes on until it is.
  }
  if (cut) cut_(name);
  return name;
}

void OpenCalls::Ended(const std::string& counted) {
  --open_;
  if (counted.empty()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto place = counted_.find(counted);
  if (--place->second == 0) counted_.erase(place);
}

}  // namespace muster
