#include "service/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "service/errors.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

constexpr char kOldFilePrefix[] = "audit-";
constexpr char kFileEnd[] = ".jsonl";
constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

absl::Status Failed(const std::string& path, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(path, ": cannot be ", what, ": ", std::strerror(errno)));
}

int64_t NowMicros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string TimeText(int64_t time_us, absl::string_view format) {
  return absl::FormatTime(format, absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

absl::string_view DecisionName(AuditDecision decision) {
  switch (decision) {
    case AuditDecision::kAllowed:
      return "allowed";
    case AuditDecision::kRefused:
      return "refused";
    case AuditDecision::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace

std::string AuditLine(const AuditEntry& entry, int64_t time_us) {
  nlohmann::ordered_json line;
  line["time"] = TimeText(time_us, "%Y-%m-%dT%H:%M:%E6SZ");
  line["caller"] = entry.caller;
  line["serial"] = entry.certificate_serial;
  if (!entry.token.empty()) line["token"] = entry.token;
  line["call"] = entry.call;
  line["object"] = entry.object;
  line["decision"] = std::string(DecisionName(entry.decision));
  line["reason"] = entry.reason;
  line["request_id"] = entry.request_id;
  if (entry.validate_only) line["validate_only"] = true;
  for (int outcome = 0; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
    const int32_t count = entry.outcomes[static_cast<size_t>(outcome)];
    if (count == 0) continue;
    // "OUTCOME_ACCEPTED" is "accepted".
    const std::string name = v1::Outcome_Name(outcome).substr(std::strlen("OUTCOME_"));
    line["results"][absl::AsciiStrToLower(name)] = count;
  }
  if (entry.not_yours != 0) line["results"]["not_yours"] = entry.not_yours;
  // Names of certificates may hold anything; the line stays readable.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(AuditOptions options) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(options)));
  if (mkdir(log->options_.directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return Failed(log->options_.directory, "made");
  }
  if (absl::Status status = log->OpenFile(); !status.ok()) return status;
  log->thread_ = std::thread([started = log.get()] { started->Run(); });
  return log;
}

AuditLog::AuditLog(AuditOptions options) : options_(std::move(options)) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  something_to_do_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (file_ >= 0) close(file_);
}

absl::Status AuditLog::OpenFile() {
  const std::string path = PathOf(kAuditFile);
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (file_ < 0) return Failed(path, "opened");
  struct stat facts {};
  if (fstat(file_, &facts) != 0) return Failed(path, "looked at");
  file_bytes_ = facts.st_size;
  // A process that was killed, or a disk that was full, may have left half a line; what comes is not to be part of it.
  char last = '\n';
  if (file_bytes_ > 0 && pread(file_, &last, 1, file_bytes_ - 1) != 1) return Failed(path, "read");
  if (last != '\n' && text_.empty()) text_.push_back('\n');
  return absl::OkStatus();
}

absl::Status AuditLog::Rotate() {
  const std::string path = PathOf(kAuditFile);
  const std::string old = PathOf(absl::StrCat(kOldFilePrefix, TimeText(NowMicros(), "%Y%m%dT%H%M%E6SZ"), kFileEnd));
  if (fdatasync(file_) != 0) return Failed(path, "synced");
  // Another name for the same moment is never given: lines would be lost with the file that had it.
  if (link(path.c_str(), old.c_str()) != 0 || unlink(path.c_str()) != 0) return Failed(path, "renamed");
  close(file_);
  file_ = -1;
  if (absl::Status status = OpenFile(); !status.ok()) return status;
  RemoveOldFiles();
  return absl::OkStatus();
}

void AuditLog::RemoveOldFiles() const {
  std::vector<std::string> old;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options_.directory, error)) {
    const std::string name = file.path().filename().string();
    if (absl::StartsWith(name, kOldFilePrefix) && absl::EndsWith(name, kFileEnd)) old.push_back(name);
  }
  std::sort(old.begin(), old.end());  // By time.
  for (size_t index = 0; index + static_cast<size_t>(options_.max_files) <= old.size(); ++index) {
    spdlog::warn("the audit file {} is removed: there are more than {}", old[index], options_.max_files);
    std::filesystem::remove(PathOf(old[index]), error);
  }
}

absl::Status AuditLog::WriteText() {
  const std::string path = PathOf(kAuditFile);
  // Somebody may have moved the file away, or removed it: what is written from now on is to be found.
  struct stat here {};
  struct stat there {};
  if (file_ >= 0 && (fstat(file_, &here) != 0 || lstat(path.c_str(), &there) != 0 || here.st_ino != there.st_ino ||
                     here.st_dev != there.st_dev)) {
    // What it holds was answered for.
    const bool is_synced = !unsynced_ || fdatasync(file_) == 0;
    close(file_);
    file_ = -1;
    if (!is_synced) return Failed(path, "synced");
    unsynced_ = false;
  }
  if (file_ < 0) {
    if (absl::Status status = OpenFile(); !status.ok()) return status;
  }
  if (!text_.empty() && file_bytes_ > 0 && file_bytes_ + static_cast<int64_t>(text_.size()) > options_.max_file_bytes) {
    if (absl::Status status = Rotate(); !status.ok()) return status;
  }
  size_t done = 0;
  absl::Status status;
  while (done < text_.size() && status.ok()) {
    const ssize_t written = options_.write ? options_.write(file_, text_.data() + done, text_.size() - done)
                                           : ::write(file_, text_.data() + done, text_.size() - done);
    if (written > 0) {
      done += static_cast<size_t>(written);
      unsynced_ = true;
    } else if (errno != EINTR) {
      status = Failed(path, "written");
    }
  }
  file_bytes_ += static_cast<int64_t>(done);
  text_.erase(0, done);
  return status;
}

absl::Status AuditLog::CheckWritable() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_.ok() && waiting_.size() + kept_lines_ < options_.max_waiting) return absl::OkStatus();
  return WithRetry(Error(absl::StatusCode::kUnavailable, "AUDIT_UNAVAILABLE",
                         "The server cannot write its audit log, and lets nothing through that has to be in it. "
                         "Trying again later is safe."));
}

void AuditLog::Append(AuditEntry entry) {
  const int64_t now_us = NowMicros();
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wake = waiting_.empty();  // Otherwise the thread has been told.
    waiting_.push_back({std::move(entry), now_us});
    ++appended_;
  }
  if (wake) something_to_do_.notify_all();
}

void AuditLog::Flush() {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t wanted = appended_;
  urgent_ = true;
  something_to_do_.notify_all();
  written_changed_.wait(lock, [&] { return tried_ >= wanted; });
}

void AuditLog::Run() {
  using Clock = std::chrono::steady_clock;
  std::vector<Waiting> taken;
  Clock::time_point synced = Clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const bool is_idle = failure_.ok() && !unsynced_;
    const auto has_work = [this] { return !waiting_.empty() || stopping_ || urgent_; };
    if (is_idle) {
      something_to_do_.wait(lock, has_work);
    } else {
      something_to_do_.wait_for(lock, failure_.ok() ? kAuditSyncInterval : options_.retry_interval, has_work);
    }
    // One write for all that comes within a moment.
    something_to_do_.wait_for(lock, kAuditGatherTime, [this] { return stopping_ || urgent_; });
    taken.swap(waiting_);
    const uint64_t up_to = appended_;
    const bool was_writable = failure_.ok();
    const bool stop = stopping_;
    urgent_ = false;
    kept_lines_ += taken.size();
    lock.unlock();

    for (const Waiting& one : taken) absl::StrAppend(&text_, AuditLine(one.entry, one.time_us), "\n");
    taken.clear();
    absl::Status status = WriteText();
    if (status.ok() && unsynced_ && (stop || Clock::now() - synced >= kAuditSyncInterval)) {
      if (fdatasync(file_) != 0) status = Failed(PathOf(kAuditFile), "synced");
      unsynced_ = !status.ok();
      synced = Clock::now();
    }
    if (status.ok() != was_writable && options_.told) options_.told(status);

    lock.lock();
    failure_ = status;
    if (status.ok()) kept_lines_ = 0;
    tried_ = up_to;
    written_changed_.notify_all();
    if (stop && waiting_.empty()) {
      if (!status.ok()) spdlog::critical("{} lines of the audit are lost: {}", kept_lines_, status.ToString());
      return;
    }
  }
}

}  // namespace muster
