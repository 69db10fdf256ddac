#include "service/page_tokens.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/errors.h"

namespace muster {
namespace {

// Ends the scope: no id holds it.
constexpr char kEnd = '\n';

}  // namespace

std::string MakePageToken(absl::string_view scope, absl::string_view key) {
  return absl::WebSafeBase64Escape(absl::StrCat(scope, std::string(1, kEnd), key));
}

absl::StatusOr<std::string> ReadPageToken(absl::string_view scope, absl::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  const std::string start = absl::StrCat(scope, std::string(1, kEnd));
  if (absl::WebSafeBase64Unescape(token, &text)) {
    absl::string_view key = text;
    if (absl::ConsumePrefix(&key, start)) return std::string(key);
  }
  return InvalidPageToken();
}

absl::Status InvalidPageToken() {
  return InvalidFields("INVALID_PAGE_TOKEN", "The page token is not of this list.",
                       {{"page_token", "INVALID_PAGE_TOKEN",
                         "must be empty, or the next_page_token of the page before with the other fields unchanged"}});
}

absl::StatusOr<int> PageSize(int asked, int default_size, int max_size) {
  if (asked < 0) {
    return InvalidFields("INVALID_PAGE_SIZE", "The page size is negative.",
                         {{"page_size", "INVALID_PAGE_SIZE",
                           absl::StrCat("is ", asked, "; must be 1 to ", max_size, ", or 0 for ", default_size)}});
  }
  return asked == 0 ? default_size : std::min(asked, max_size);
}

}  // namespace muster
