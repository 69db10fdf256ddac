// The server under test: the real musterd, a process of its own on a store of its own.
#ifndef MUSTER_BENCH_PROCESSES_MUSTERD_H_
#define MUSTER_BENCH_PROCESSES_MUSTERD_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/service/child_process.h"

namespace muster::bench {

// Every failure throws std::runtime_error, with what the server logged.
class Musterd {
 public:
  // Starts it on `folder`/store, which is made if absent; its log goes beside it. `folder` must exist, and stays.
  explicit Musterd(std::string folder);
  // Kills it if it runs.
  ~Musterd();
  Musterd(const Musterd&) = delete;
  Musterd& operator=(const Musterd&) = delete;

  // Starts it again. Returns the seconds until it served.
  double Start();
  // Stops it as an operator does, and waits.
  void Stop();
  // kill -9, and waits.
  void Kill();

  const std::string& address() const { return address_; }
  pid_t id() const { return process_->id(); }
  // Where its files are.
  std::string store() const { return folder_ + "/store"; }

 private:
  const std::string folder_;
  std::string address_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_MUSTERD_H_
