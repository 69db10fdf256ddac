// Reads of the disk for calls, on threads of their own. gRPC calls handlers on few threads, two on a small machine: as
// many calls that wait there for a disk keep it from answering anything, also what is in memory.
#ifndef MUSTER_SERVICE_DISK_READER_H_
#define MUSTER_SERVICE_DISK_READER_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace muster {

struct DiskReaderLimits {
  int threads;       // Reads that are under way at once.
  int max_reads;     // Those under way and those that wait for them, together.
  int niceness = 0;  // Of the threads: how far behind others they stand.
};

// What one call asks for. Each function is called once at most, none of them under a lock.
struct DiskRead {
  absl::AnyInvocable<bool()> is_wanted;  // Whether anybody still waits for the answer. Asked when its turn has come.
  absl::AnyInvocable<absl::Status()> read;
  // Ends the call, of which nothing is touched afterwards.
  absl::AnyInvocable<void(const absl::Status&)> done;
};

// Takes reads up to a bound, and does them in the order in which they came, a few at once.
//
// The functions may be called from any thread, also from within a read or its `done`, but for Stop.
class DiskReader {
 public:
  explicit DiskReader(DiskReaderLimits limits);
  // Stops if that has not been done.
  ~DiskReader();
  DiskReader(const DiskReader&) = delete;
  DiskReader& operator=(const DiskReader&) = delete;

  // Does the read on a thread of this object, and then calls `done` with its status; with CANCELLED, and nothing is
  // read, if nobody waits for it any more. Never waits. If the read is not taken, calls `done` before it returns:
  //
  // RESOURCE_EXHAUSTED  READS_FULL, with RetryInfo: as many reads as there may be are under way or wait
  // UNAVAILABLE         SERVER_STOPPING, with RetryInfo: after Close
  void Read(DiskRead read);

  // Answers what waits with SERVER_STOPPING, on this thread, and takes nothing more. What is under way goes on.
  void Close();

  // Closes, and waits for what is under way. Idempotent.
  void Stop();

 private:
  absl::Status CheckTaken() const;  // Whether one more is taken. With mutex_ held.
  void Run();

  const DiskReaderLimits limits_;

  std::mutex mutex_;  // Guards what follows; never held over a read or a callback.
  std::condition_variable something_to_do_;
  std::deque<DiskRead> waiting_;
  int reads_ = 0;  // Waiting and under way.
  bool closed_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_DISK_READER_H_
