#include "service/disk_reader.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "service/errors.h"

namespace muster {
namespace {

absl::Status ReadsFull() {
  return WithRetry(Error(absl::StatusCode::kResourceExhausted, "READS_FULL",
                         "More calls are waiting for the disk to be read than the server has room for; try again "
                         "later."));
}

absl::Status Stopping() {
  return WithRetry(Error(absl::StatusCode::kUnavailable, "SERVER_STOPPING",
                         "The server stops and did not read this; ask the one that follows."));
}

absl::Status NotWanted() {
  return Error(absl::StatusCode::kCancelled, "CALL_CANCELLED", "The call had ended before the disk was read.");
}

}  // namespace

DiskReader::DiskReader(DiskReaderLimits limits) : limits_(limits) {
  for (int i = 0; i < limits.threads; ++i) threads_.emplace_back([this] { Run(); });
}

DiskReader::~DiskReader() { Stop(); }

absl::Status DiskReader::CheckTaken() const {
  if (closed_) return Stopping();
  return reads_ < limits_.max_reads ? absl::OkStatus() : ReadsFull();
}

void DiskReader::Read(DiskRead read) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (const absl::Status refused = CheckTaken(); !refused.ok()) {
    lock.unlock();
    read.done(refused);
    return;
  }
  ++reads_;
  waiting_.push_back(std::move(read));
  lock.unlock();
  something_to_do_.notify_one();
}

void DiskReader::Close() {
  std::deque<DiskRead> waiting;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    waiting.swap(waiting_);
    reads_ -= static_cast<int>(waiting.size());
  }
  something_to_do_.notify_all();
  for (DiskRead& read : waiting) read.done(Stopping());
}

void DiskReader::Stop() {
  Close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void DiskReader::Run() {
  // Of this thread alone, as Linux has it. It can fail on no thread of one's own, and would do no harm.
  if (limits_.niceness != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), limits_.niceness);
  while (true) {
    DiskRead next;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      something_to_do_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;  // Closed, which empties it for good.
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const absl::Status status = next.is_wanted() ? next.read() : NotWanted();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      --reads_;  // Before the answer: who has it may ask again at once.
    }
    next.done(status);
  }
}

}  // namespace muster
