// A program as a process of its own, to read what it says, stop it and kill it.
#ifndef MUSTER_TESTS_SERVICE_CHILD_PROCESS_H_
#define MUSTER_TESTS_SERVICE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muster {

// A wait that takes longer has failed.
inline constexpr std::chrono::seconds kProcessDeadline{60};

// Killed, and waited for, when this object goes.
class ChildProcess {
 public:
  // Runs a program and its arguments; one without a slash is looked for in PATH. `log_file` takes what it writes on
  // standard error. Throws std::runtime_error if it cannot be run.
  ChildProcess(std::vector<std::string> words, std::string log_file);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t id() const { return process_; }
  void Signal(int number) const;
  // Waits until it has ended; absent if that takes too long. An exit code, or 128 and the number of a signal.
  std::optional<int> WaitUntilEnded();

  // The next line of its standard output, without the end; absent at the end of its output, or after the deadline.
  std::optional<std::string> ReadLine();
  // All of its standard output that ReadLine has not taken. It must have ended.
  std::string RestOfOutput();
  // What it has written on standard error so far.
  std::string Log() const;

 private:
  const std::string log_file_;
  pid_t process_ = -1;
  int output_ = -1;
  std::optional<int> ended_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_CHILD_PROCESS_H_
