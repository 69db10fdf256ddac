// Threads that read and check large messages, and make the answers to them. gRPC calls handlers on few threads, two on
// a small machine: as many messages of a thousand results would keep a question waiting for milliseconds.
#ifndef MUSTER_SERVICE_MESSAGE_WORKERS_H_
#define MUSTER_SERVICE_MESSAGE_WORKERS_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace muster {

// Does what it is given in the order in which that came, as much at once as it has threads. Whoever gives it work
// bounds how much that can be: a stream has one message at a time here. Thread-safe.
class MessageWorkers {
 public:
  explicit MessageWorkers(int threads);
  // Does what was given, and waits for it.
  ~MessageWorkers();
  MessageWorkers(const MessageWorkers&) = delete;
  MessageWorkers& operator=(const MessageWorkers&) = delete;

  void Run(absl::AnyInvocable<void()> work);

 private:
  void Work();

  std::mutex mutex_;  // Guards what follows; never held over work.
  std::condition_variable something_to_do_;
  std::deque<absl::AnyInvocable<void()>> waiting_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_MESSAGE_WORKERS_H_
