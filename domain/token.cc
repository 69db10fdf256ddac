#include "domain/token.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/catalogue.h"
#include "domain/digest.h"
#include "domain/quote.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace muster {
namespace {

constexpr char kPrefix[] = "muster_";
constexpr size_t kIdBytes = 12;
constexpr size_t kDigestBytes = 64;

bool IsHex(absl::string_view text, size_t bytes) {
  return text.size() == bytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

class Faults : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int /*column*/, const std::string& message) override {
    lines.push_back(absl::StrCat("line ", line + 1, ": ", message));
  }
  void AddWarning(int line, int column, const std::string& message) override { AddError(line, column, message); }

  std::vector<std::string> lines;
};

}  // namespace

std::string TokenText(absl::string_view random_bytes) {
  return absl::StrCat(kPrefix, absl::WebSafeBase64Escape(random_bytes));
}

std::string TokenDigest(absl::string_view text) { return Sha256Hex(text); }

std::string BearerDigest(absl::string_view header) {
  constexpr absl::string_view kScheme = "bearer ";
  const bool is_bearer = absl::StartsWithIgnoreCase(header, kScheme);
  return TokenDigest(is_bearer ? header.substr(kScheme.size()) : absl::string_view());
}

std::string CheckToken(const policy::v1::Token& token) {
  std::vector<std::string> faults;
  const auto fault = [&](absl::string_view what) { faults.push_back(absl::StrCat("token ", token.id(), ": ", what)); };
  if (!IsHex(token.id(), kIdBytes)) fault("id must be 12 lower-case hexadecimal digits");
  if (!IsHex(token.sha256(), kDigestBytes)) fault("sha256 must be 64 lower-case hexadecimal digits");
  const std::string& caller = token.caller();
  const size_t slash = caller.find('/');
  constexpr std::array<absl::string_view, 3> kRoles = {"force", "unit", "analyst"};
  const absl::string_view role = absl::string_view(caller).substr(0, slash);
  if (slash == std::string::npos || slash + 1 == caller.size() || absl::StrContains(caller, "*") ||
      std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    fault(absl::StrCat("caller is ", Quote(caller),
                       "; must be force/ID, unit/ID or analyst/NAME: tokens are for reading"));
  }
  for (const std::string& scope : token.scopes()) {
    if (std::find(kTokenScopes.begin(), kTokenScopes.end(), scope) == kTokenScopes.end()) {
      fault(absl::StrCat(Quote(scope), " is no scope; it must be of ", absl::StrJoin(kTokenScopes, ", "),
                         DidYouMean(NearestName(scope, kTokenScopes))));
    }
  }
  absl::Time issued;
  absl::Time expires;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, token.issue_time(), &issued, &error)) {
    fault("issue_time must be like 2026-11-26T17:00:00Z");
  } else if (!absl::ParseTime(absl::RFC3339_full, token.expire_time(), &expires, &error)) {
    fault("expire_time must be like 2026-11-26T17:00:00Z");
  } else if (expires <= issued || expires - issued > kMaxTokenLife) {
    fault("it must end after it was issued, and within 366 days");
  }
  return absl::StrJoin(faults, "\n");
}

absl::StatusOr<policy::v1::Tokens> ReadTokens(absl::string_view text) {
  Faults faults;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  policy::v1::Tokens tokens;
  if (parser.ParseFromString(std::string(text), &tokens)) {
    std::set<std::string> ids;
    for (const policy::v1::Token& token : tokens.tokens()) {
      if (const std::string found = CheckToken(token); !found.empty()) faults.lines.push_back(found);
      if (!ids.insert(token.id()).second) {
        faults.lines.push_back(absl::StrCat("token ", token.id(), ": is there twice"));
      }
    }
  }
  if (!faults.lines.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults.lines, "\n"));
  return tokens;
}

std::string WriteTokens(const policy::v1::Tokens& tokens) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(tokens, &text);
  return absl::StrCat(
      "# proto-file: proto/muster/policy/v1/tokens.proto\n# proto-message: muster.policy.v1.Tokens\n#\n",
      "# Written by `muster tokens`. The tokens themselves are not here, and cannot be found again.\n", text);
}

}  // namespace muster
