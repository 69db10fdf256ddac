#include "service/followed_file.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "domain/digest.h"
#include "service/limits.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

absl::StatusOr<std::string> ReadBounded(const FollowedFileOptions& options) {
  std::error_code error;
  if (options.may_be_absent && !std::filesystem::exists(options.path, error) && !error) return "";
  std::ifstream in(options.path, std::ios::binary);
  if (!in) return absl::InvalidArgumentError(absl::StrCat(options.path, ": cannot be read"));
  std::string text(options.max_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return absl::InvalidArgumentError(absl::StrCat(options.path, ": cannot be read"));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > options.max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(options.path, ": has more than ", options.max_bytes, " bytes"));
  }
  return text;
}

}  // namespace

FollowedFile::FollowedFile(FollowedFileOptions options) : options_(std::move(options)) {}

absl::Status FollowedFile::Start(std::chrono::milliseconds interval) {
  {
    const std::lock_guard<std::mutex> lock(file_mutex_);
    if (absl::Status status = Take(); !status.ok()) return status;
  }
  task_ = std::make_unique<RepeatedTask>(interval, [this] { Check(); });
  return absl::OkStatus();
}

absl::Status FollowedFile::Take() {
  const absl::StatusOr<std::string> text = ReadBounded(options_);
  // An unreadable file holds what no file can.
  const std::string seen = text.ok() ? *text : std::string(options_.max_bytes + 1, '\0');
  if (was_seen_ && seen == seen_) return fault_;
  const bool was_never_there = !was_seen_ && options_.may_be_absent && seen.empty();
  was_seen_ = true;
  seen_ = seen;
  fault_said_ = {};
  fault_ = text.ok() ? options_.take(*text) : text.status();
  if (options_.told && !was_never_there) {
    options_.told({.taken = fault_.ok(), .digest = text.ok() ? Sha256Hex(*text) : ""});
  }
  return fault_;
}

void FollowedFile::Check() {
  const std::lock_guard<std::mutex> lock(file_mutex_);
  const std::string before = seen_;
  if (absl::Status status = Take(); status.ok()) {
    if (seen_ != before) {
      spdlog::warn("the {} in {} has changed, and applies from now on", options_.what, options_.path);
    }
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (fault_said_ != std::chrono::steady_clock::time_point() && now - fault_said_ < kFileFaultInterval) return;
  fault_said_ = now;
  spdlog::error("the {} is wrong, and the last good one still applies; mend it: {}", options_.what,
                std::string(fault_.message()));
}

}  // namespace muster
