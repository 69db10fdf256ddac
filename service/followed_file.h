// A small file that somebody changes while the server runs.
#ifndef MUSTER_SERVICE_FOLLOWED_FILE_H_
#define MUSTER_SERVICE_FOLLOWED_FILE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "service/repeated_task.h"

namespace muster {

// What became of a followed file that was new or had changed.
struct FileChange {
  bool taken = false;
  std::string digest;  // SHA-256 of its text, in hexadecimal digits; empty if it cannot be read.
};

struct FollowedFileOptions {
  std::string what;  // "policy", for the log.
  std::string path;
  size_t max_bytes = 0;
  bool may_be_absent = false;  // Then it is as if it were empty.
  // Takes a text, or says all that is wrong with it; then what was taken before still applies.
  std::function<absl::Status(const std::string&)> take;
  // Called for every change from the thread that met it; also for the first reading, unless there is nothing. May be
  // empty.
  std::function<void(const FileChange&)> told;
};

// Reads a file again whenever it changes. A bad change is said in the log, once a minute for as long as it is so.
// Thread-safe.
class FollowedFile {
 public:
  explicit FollowedFile(FollowedFileOptions options);
  FollowedFile(const FollowedFile&) = delete;
  FollowedFile& operator=(const FollowedFile&) = delete;

  // Reads it for the first time. INVALID_ARGUMENT: it cannot be read, or is not taken; nothing is followed then.
  absl::Status Start(std::chrono::milliseconds interval);

  // Looks at the file now.
  void Check();

 private:
  absl::Status Take();

  const FollowedFileOptions options_;

  std::mutex file_mutex_;  // One look at the file at a time. Guards what follows.
  std::string seen_;       // What it held when it was last looked at.
  bool was_seen_ = false;
  absl::Status fault_;  // Of what it held then.
  std::chrono::steady_clock::time_point fault_said_;

  std::unique_ptr<RepeatedTask> task_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_FOLLOWED_FILE_H_
