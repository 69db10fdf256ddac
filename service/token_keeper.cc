#include "service/token_keeper.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/quote.h"
#include "domain/token.h"
#include "service/errors.h"
#include "service/limits.h"

namespace muster {

absl::StatusOr<std::unique_ptr<TokenKeeper>> TokenKeeper::Start(const std::string& path,
                                                                std::shared_ptr<const Catalogue> catalogue,
                                                                std::chrono::milliseconds interval,
                                                                std::function<void(const FileChange&)> told) {
  std::unique_ptr<TokenKeeper> keeper(new TokenKeeper(std::move(catalogue)));
  keeper->file_ = std::make_unique<FollowedFile>(FollowedFileOptions{
      .what = "file of tokens",
      .path = path,
      .max_bytes = kMaxPolicyBytes,
      .may_be_absent = true,
      .take = [started = keeper.get(), path](const std::string& text) { return started->Take(path, text); },
      .told = std::move(told)});
  if (absl::Status status = keeper->file_->Start(interval); !status.ok()) return status;
  return keeper;
}

absl::Status TokenKeeper::Take(const std::string& path, const std::string& text) {
  const absl::StatusOr<policy::v1::Tokens> read = ReadTokens(text);
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", read.status().message()));
  ByDigest tokens;
  std::vector<std::string> faults;
  for (const policy::v1::Token& token : read->tokens()) {
    Known known;
    known.rights.id = token.id();
    const std::optional<Caller> caller = BearerOf(token.caller(), *catalogue_);
    if (!caller) {
      faults.push_back(absl::StrCat(path, ": token ", token.id(), ": ", Quote(token.caller()),
                                    " is no force or regional unit of the catalogue"));
      continue;
    }
    known.rights.bearer = *caller;
    const auto may = [&](absl::string_view scope) {
      return token.scopes().empty() ||
             std::find(token.scopes().begin(), token.scopes().end(), scope) != token.scopes().end();
    };
    known.rights.results = may("results");
    known.rights.force_totals = may("force-totals");
    known.rights.coverage = may("coverage");
    known.rights.region_totals = may("region-totals");
    known.rights.national_totals = may("national-totals");
    std::string error;
    absl::ParseTime(absl::RFC3339_full, token.expire_time(), &known.expires, &error);  // As ReadTokens has.
    tokens.emplace(token.sha256(), std::move(known));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  const std::lock_guard<std::mutex> lock(mutex_);
  tokens_ = std::move(tokens);
  return absl::OkStatus();
}

absl::StatusOr<TokenRights> TokenKeeper::Find(const std::string& digest, absl::Time now) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = tokens_.find(digest);
  if (found == tokens_.end()) {
    return Error(absl::StatusCode::kUnauthenticated, "TOKEN_NOT_VALID",
                 "The bearer token is not valid: it was never issued, or was revoked. Ask for a new one.");
  }
  if (found->second.expires <= now) {
    return Error(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED",
                 "The bearer token has expired. Ask for a new one.");
  }
  return found->second.rights;
}

void TokenKeeper::CheckFile() { file_->Check(); }

}  // namespace muster
