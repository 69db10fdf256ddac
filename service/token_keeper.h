// The bearer tokens that are valid now.
#ifndef MUSTER_SERVICE_TOKEN_KEEPER_H_
#define MUSTER_SERVICE_TOKEN_KEEPER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "domain/catalogue.h"
#include "service/followed_file.h"
#include "service/rights.h"

namespace muster {

// Follows the file that `muster tokens` writes. A file that is not there holds no token. Thread-safe.
class TokenKeeper {
 public:
  // INVALID_ARGUMENT  the file cannot be read, or has faults: the message lists them all
  static absl::StatusOr<std::unique_ptr<TokenKeeper>> Start(const std::string& path,
                                                            std::shared_ptr<const Catalogue> catalogue,
                                                            std::chrono::milliseconds interval,
                                                            std::function<void(const FileChange&)> told);

  // Of a token by TokenDigest of its text. UNAUTHENTICATED: TOKEN_NOT_VALID, there is none, or TOKEN_EXPIRED.
  absl::StatusOr<TokenRights> Find(const std::string& digest, absl::Time now) const;

  // Looks at the file now.
  void CheckFile();

 private:
  struct Known {
    TokenRights rights;
    absl::Time expires;
  };
  using ByDigest = absl::flat_hash_map<std::string, Known>;

  explicit TokenKeeper(std::shared_ptr<const Catalogue> catalogue) : catalogue_(std::move(catalogue)) {}
  absl::Status Take(const std::string& path, const std::string& text);

  const std::shared_ptr<const Catalogue> catalogue_;
  mutable std::mutex mutex_;
  ByDigest tokens_;                     // Guarded by mutex_.
  std::unique_ptr<FollowedFile> file_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_TOKEN_KEEPER_H_
