#include "service/rights_keeper.h"

#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "service/limits.h"

namespace muster {

absl::StatusOr<std::unique_ptr<RightsKeeper>> RightsKeeper::Start(const std::string& path,
                                                                  std::shared_ptr<const Catalogue> catalogue,
                                                                  std::chrono::milliseconds interval,
                                                                  std::function<void(const FileChange&)> told) {
  std::unique_ptr<RightsKeeper> keeper(new RightsKeeper(std::move(catalogue)));
  if (path.empty()) {
    keeper->rights_ = Rights::Default(keeper->catalogue_);
    return keeper;
  }
  keeper->file_ = std::make_unique<FollowedFile>(FollowedFileOptions{
      .what = "policy",
      .path = path,
      .max_bytes = kMaxPolicyBytes,
      .take = [started = keeper.get(), path](const std::string& text) { return started->Take(path, text); },
      .told = std::move(told)});
  if (absl::Status status = keeper->file_->Start(interval); !status.ok()) return status;
  return keeper;
}

std::shared_ptr<const Rights> RightsKeeper::Current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return rights_;
}

absl::Status RightsKeeper::Take(const std::string& path, const std::string& text) {
  std::vector<PolicyFault> faults;
  std::shared_ptr<const Rights> rights = Rights::Read(path, text, catalogue_, &faults);
  if (rights == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrJoin(faults, "\n", [](std::string* out, const PolicyFault& fault) { out->append(fault.ToString()); }));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  rights_ = std::move(rights);
  return absl::OkStatus();
}

void RightsKeeper::CheckFile() {
  if (file_ != nullptr) file_->Check();
}

}  // namespace muster
