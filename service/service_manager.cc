#include "service/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

// Keeps NOTIFY_SOCKET and the like in the environment: who asks again gets the same answer.
constexpr int kKeepEnvironment = 0;

void Tell(const std::string& what) {
  if (const int told = sd_notify(kKeepEnvironment, what.c_str()); told < 0) {
    spdlog::warn("the service manager was not told {}: {}", what, std::strerror(-told));
  }
}

}  // namespace

void TellManagerReady(const std::string& status) { Tell(absl::StrCat("READY=1\nSTATUS=", status)); }

void TellManagerStopping() { Tell("STOPPING=1\nSTATUS=stopping"); }

int WaitForSignal(const sigset_t& signals, const std::function<bool()>& is_alive) {
  uint64_t interval_us = 0;
  if (sd_watchdog_enabled(kKeepEnvironment, &interval_us) <= 0) {
    int number = 0;
    while (sigwait(&signals, &number) != 0) {
    }
    return number;
  }
  const auto pause = std::chrono::microseconds(interval_us) / kWatchdogTellsPerInterval;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause);
  timespec wait{};
  wait.tv_sec = seconds.count();
  wait.tv_nsec = std::chrono::nanoseconds(pause - seconds).count();
  while (true) {
    if (is_alive()) {
      Tell("WATCHDOG=1");
    } else {
      spdlog::error("the server does not answer its own question whether it serves; the service manager is not told");
    }
    const int number = sigtimedwait(&signals, nullptr, &wait);
    if (number > 0) return number;
    if (errno != EAGAIN && errno != EINTR) return SIGTERM;  // Not one of the signals could ever be waited for.
  }
}

}  // namespace muster
