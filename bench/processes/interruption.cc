#include "bench/processes/interruption.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

namespace muster::bench {
namespace {

constexpr int kRemovals = 50;
constexpr std::chrono::milliseconds kBetweenRemovals{100};

std::atomic<bool> interrupted = false;

// Kills what the main thread has started, and waits for it: a server would go on writing into what is being removed.
void KillChildren() {
  const std::string main_thread = std::to_string(getpid());
  std::ifstream children("/proc/self/task/" + main_thread + "/children");
  for (pid_t child = 0; children >> child;) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

}  // namespace

void CleanUpWhenInterrupted(const std::string& folder) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, folder] {
    int number = 0;
    sigwait(&signals, &number);
    interrupted = true;  // Before: who misses a child must know why.
    KillChildren();
    // A database in this process, or the children of a child, may write for a moment yet.
    std::error_code ignored;
    for (int removal = 0; removal < kRemovals && std::filesystem::exists(folder, ignored); ++removal) {
      if (removal > 0) std::this_thread::sleep_for(kBetweenRemovals);
      std::filesystem::remove_all(folder, ignored);
    }
    _exit(128 + number);
  }).detach();
}

void StayIfInterrupted() {
  while (interrupted) pause();
}

}  // namespace muster::bench
