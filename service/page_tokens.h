// Page tokens of lists that are read by key: opaque to callers, checked when they come back.
#ifndef MUSTER_SERVICE_PAGE_TOKENS_H_
#define MUSTER_SERVICE_PAGE_TOKENS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// A token that says "after `key`" of the list `scope`.
std::string MakePageToken(absl::string_view scope, absl::string_view key);

// The key of a token; empty for the empty token. INVALID_ARGUMENT unless it is a token of that list.
absl::StatusOr<std::string> ReadPageToken(absl::string_view scope, absl::string_view token);

// What to answer to a token that is not of the list that it came with.
absl::Status InvalidPageToken();

// What to serve of the page size that was asked for. INVALID_ARGUMENT if it is negative.
absl::StatusOr<int> PageSize(int asked, int default_size, int max_size);

}  // namespace muster

#endif  // MUSTER_SERVICE_PAGE_TOKENS_H_
