// The real musterd as a process of its own, to stop it, kill it and start it again.
#ifndef MUSTER_TESTS_SERVICE_MUSTERD_PROCESS_H_
#define MUSTER_TESTS_SERVICE_MUSTERD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muster {

// A wait that takes longer has failed.
inline constexpr std::chrono::seconds kProcessDeadline{60};

// Killed, and waited for, when this object goes.
class MusterdProcess {
 public:
  // Runs `musterd ARGUMENTS...`. `log_file` takes what it writes on standard error.
  MusterdProcess(const std::vector<std::string>& arguments, std::string log_file);
  ~MusterdProcess();
  MusterdProcess(const MusterdProcess&) = delete;
  MusterdProcess& operator=(const MusterdProcess&) = delete;

  // Waits until it says where it listens; returns the address, or "" if it ends, or is silent, before.
  std::string WaitUntilListening();
  void Signal(int number) const;
  // Waits until it has ended; absent if that takes too long. An exit code, or 128 and the number of a signal.
  std::optional<int> WaitUntilEnded();

  // All of its standard output that WaitUntilListening has not taken. It must have ended.
  std::string RestOfOutput();
  // What it has logged so far.
  std::string Log() const;

 private:
  // Its next line without the end; absent at the end of its output, or after the deadline.
  std::optional<std::string> ReadLine();

  const std::string log_file_;
  pid_t process_ = -1;
  int output_ = -1;
  std::optional<int> ended_;
};

// The arguments of a server on a store, on a free port.
std::vector<std::string> ServeStore(const std::string& store);

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_MUSTERD_PROCESS_H_
