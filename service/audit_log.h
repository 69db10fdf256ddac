// The audit: who was let do what, and who was not, one JSON object a line.
#ifndef MUSTER_SERVICE_AUDIT_LOG_H_
#define MUSTER_SERVICE_AUDIT_LOG_H_

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/v1/result.pb.h"
#include "service/limits.h"

namespace muster {

enum class AuditDecision {
  kAllowed,
  kRefused,  // Not allowed, or wrong: `reason` says which.
  kFailed,   // Allowed and right, but it did not come about.
};

// What one line says. Nothing of what a caller sent is in it but names that the catalogue or the directory of
// operations has, and its request id.
struct AuditEntry {
  std::string caller;              // "force/kent"; empty: nobody knows.
  std::string certificate_serial;  // Empty without a certificate.
  std::string token;               // Id of the bearer token; empty without one.
  std::string call;                // "IngestService.SubmitResults"; or what happened beside calls: "policy".
  std::string object;              // What it was about: "county-lines-2021-10/kent".
  AuditDecision decision = AuditDecision::kAllowed;
  std::string reason;  // Of a refusal or a failure: UPPER_SNAKE_CASE.
  std::string request_id;
  bool validate_only = false;
  // Results of a message by v1::Outcome; all 0 for other calls.
  std::array<int32_t, v1::Outcome_ARRAYSIZE> outcomes{};
  int32_t not_yours = 0;  // Of the rejected ones: those for another force.
};

// One line without its line feed.
std::string AuditLine(const AuditEntry& entry, int64_t time_us);

struct AuditOptions {
  std::string directory;  // Made if absent; its parent must exist.
  int64_t max_file_bytes = kMaxAuditFileBytes;
  int max_files = kMaxAuditFiles;  // The one that is written to included; of more, the oldest are removed.
  size_t max_waiting = kMaxWaitingAuditEntries;
  std::chrono::milliseconds retry_interval = kAuditRetryInterval;
  // Called from this object's thread when the log can no longer be written, with why, and when it can again, with OK.
  std::function<void(const absl::Status&)> told;
  // As write(2); for tests.
  std::function<ssize_t(int, const void*, size_t)> write;
};

inline constexpr char kAuditFile[] = "audit.jsonl";  // The one that is written to.

// Writes lines on a thread of its own: a line is in the file some milliseconds after Append, and on the disk some
// hundred milliseconds later. A line is never dropped: while the file cannot be written, lines wait, and CheckWritable
// says so, so that nothing more is let through which would have to be written down.
//
// Thread-safe.
class AuditLog {
 public:
  // UNAVAILABLE  the file cannot be opened
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(AuditOptions options);
  // Writes what waits.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // UNAVAILABLE, AUDIT_UNAVAILABLE, with RetryInfo, while the file cannot be written, or too much waits for it.
  absl::Status CheckWritable() const;

  // Takes an entry with the time of now. Never waits for the disk.
  void Append(AuditEntry entry);

  // Waits until everything appended before is in the file, or could not be written.
  void Flush();

 private:
  struct Waiting {
    AuditEntry entry;
    int64_t time_us;
  };

  explicit AuditLog(AuditOptions options);
  absl::Status OpenFile();
  absl::Status Rotate();
  // Writes as much of text_ as it can, and takes that away.
  absl::Status WriteText();
  void RemoveOldFiles() const;
  void Run();
  std::string PathOf(const std::string& name) const { return absl::StrCat(options_.directory, "/", name); }

  const AuditOptions options_;

  // Touched by the thread alone once it runs.
  int file_ = -1;
  int64_t file_bytes_ = 0;
  std::string text_;  // Whole lines, but for the first, of which a part may be written already.
  bool unsynced_ = false;

  mutable std::mutex mutex_;  // Guards what follows; never held over the disk.
  std::condition_variable something_to_do_;
  std::condition_variable written_changed_;
  std::vector<Waiting> waiting_;
  uint64_t appended_ = 0;
  uint64_t tried_ = 0;   // Of those: written, or met with an error.
  bool urgent_ = false;  // Somebody waits in Flush.
  bool stopping_ = false;
  absl::Status failure_;   // Why the file cannot be written; OK: it can.
  size_t kept_lines_ = 0;  // Lines in text_.

  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_AUDIT_LOG_H_
