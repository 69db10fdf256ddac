// Words of a sender's inside messages of ours.
#ifndef MUSTER_DOMAIN_QUOTE_H_
#define MUSTER_DOMAIN_QUOTE_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace muster {

// `text` in quotation marks, cut to 80 bytes: an error is never larger than a screen, and fits the header that it
// travels in. Never cut in the middle of a UTF-8 sequence, which would make the whole error unreadable.
inline std::string Quote(absl::string_view text) {
  constexpr size_t kMaxQuotedBytes = 80;
  if (text.size() <= kMaxQuotedBytes) return absl::StrCat("\"", text, "\"");
  size_t end = kMaxQuotedBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return absl::StrCat("\"", text.substr(0, end), "…\"");
}

// What to add to "is no known force": the nearest name, if there is one.
inline std::string DidYouMean(absl::string_view nearest) {
  return nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?");
}

}  // namespace muster

#endif  // MUSTER_DOMAIN_QUOTE_H_
