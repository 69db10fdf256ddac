#include "tests/service/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace muster {
namespace {

// Whether there is something to read before the deadline.
bool WaitToRead(int descriptor, std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd waiting{descriptor, POLLIN, 0};
  return left.count() > 0 && poll(&waiting, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> words, std::string log_file) : log_file_(std::move(log_file)) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  // It starts with no signal blocked, whatever this process waits for.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int failed = posix_spawnp(&process_, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  output_ = ends[0];
  if (failed != 0) throw std::runtime_error("cannot run " + words[0] + "; is it there?");
}

ChildProcess::~ChildProcess() {
  Signal(SIGKILL);
  WaitUntilEnded();
  close(output_);
}

std::optional<std::string> ChildProcess::ReadLine() {
  const auto deadline = std::chrono::steady_clock::now() + kProcessDeadline;
  std::string line;
  char character = 0;
  while (WaitToRead(output_, deadline) && read(output_, &character, 1) == 1) {
    if (character == '\n') return line;
    line.push_back(character);
  }
  return std::nullopt;
}

void ChildProcess::Signal(int number) const {
  if (!ended_) kill(process_, number);
}

std::optional<int> ChildProcess::WaitUntilEnded() {
  if (ended_) return ended_;
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, process_, 0));
  const bool has_ended = WaitToRead(descriptor, std::chrono::steady_clock::now() + kProcessDeadline);
  close(descriptor);
  int status = 0;
  if (!has_ended || waitpid(process_, &status, 0) != process_) return std::nullopt;
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended_;
}

std::string ChildProcess::RestOfOutput() {
  std::string output;
  while (const std::optional<std::string> line = ReadLine()) output += *line + "\n";
  return output;
}

std::string ChildProcess::Log() const {
  std::ifstream in(log_file_, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace muster
