#include "clients/gateway/authorization.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace muster::gateway {

std::string BearerOf(std::string_view authorization) {
  constexpr absl::string_view kBasic = "basic ";
  const absl::string_view header(authorization.data(), authorization.size());
  std::string pair;
  if (!absl::StartsWithIgnoreCase(header, kBasic) ||
      !absl::Base64Unescape(absl::StripAsciiWhitespace(header.substr(kBasic.size())), &pair)) {
    return std::string(authorization);
  }
  const size_t colon = pair.find(':');
  if (colon == std::string::npos) return std::string(authorization);
  return absl::StrCat("Bearer ", pair.substr(colon + 1));
}

}  // namespace muster::gateway
