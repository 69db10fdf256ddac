// Bearer tokens: their texts and the file that says which there are.
#ifndef MUSTER_DOMAIN_TOKEN_H_
#define MUSTER_DOMAIN_TOKEN_H_

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/policy/v1/tokens.pb.h"

namespace muster {

// What a token may be narrowed to. In this order in TokenScopes.
inline constexpr std::array<absl::string_view, 5> kTokenScopes = {"results", "force-totals", "coverage",
                                                                  "region-totals", "national-totals"};

inline constexpr size_t kTokenRandomBytes = 32;
inline constexpr absl::Duration kMaxTokenLife = absl::Hours(24 * 366);

// The text of a token made of that many random bytes: "muster_" and 43 characters.
std::string TokenText(absl::string_view random_bytes);

// SHA-256 in lower-case hexadecimal digits: what is kept of a token. Its text has 256 random bits, so that neither salt
// nor slowness is needed to keep anybody from finding it.
std::string TokenDigest(absl::string_view text);
// The same of the token in a header "Bearer TOKEN". Any other header is that of no token, rather than none: who sends
// one means something by it.
std::string BearerDigest(absl::string_view header);

// Reads a file of tokens. INVALID_ARGUMENT with all that is wrong, a line each.
absl::StatusOr<policy::v1::Tokens> ReadTokens(absl::string_view text);
// As ReadTokens reads it.
std::string WriteTokens(const policy::v1::Tokens& tokens);

// Everything wrong with one token, a line each with its id; empty: nothing.
std::string CheckToken(const policy::v1::Token& token);

}  // namespace muster

#endif  // MUSTER_DOMAIN_TOKEN_H_
