// The rights that apply now.
#ifndef MUSTER_SERVICE_RIGHTS_KEEPER_H_
#define MUSTER_SERVICE_RIGHTS_KEEPER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/catalogue.h"
#include "service/followed_file.h"
#include "service/rights.h"

namespace muster {

// Holds the rights of a policy file, and follows the file: a good change applies to the next call, a bad one changes
// nothing. Thread-safe.
class RightsKeeper {
 public:
  // Reads `path`, or takes the default policy if it is empty; then nothing is told either. `told`: see FollowedFile.
  //
  // INVALID_ARGUMENT  the file cannot be read, or has faults: the message lists them all
  static absl::StatusOr<std::unique_ptr<RightsKeeper>> Start(const std::string& path,
                                                             std::shared_ptr<const Catalogue> catalogue,
                                                             std::chrono::milliseconds interval,
                                                             std::function<void(const FileChange&)> told);

  std::shared_ptr<const Rights> Current() const;

  // Looks at the file now.
  void CheckFile();

 private:
  explicit RightsKeeper(std::shared_ptr<const Catalogue> catalogue) : catalogue_(std::move(catalogue)) {}
  absl::Status Take(const std::string& path, const std::string& text);

  const std::shared_ptr<const Catalogue> catalogue_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Rights> rights_;  // Guarded by mutex_.
  std::unique_ptr<FollowedFile> file_;    // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_RIGHTS_KEEPER_H_
