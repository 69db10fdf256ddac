#include "domain/identity.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/catalogue.h"
#include "domain/quote.h"
#include "domain/status_reason.h"

namespace muster {
namespace {

constexpr absl::string_view kScheme = "spiffe://";
constexpr size_t kMaxTrustDomainBytes = 255;  // SPIFFE's own bound.
constexpr size_t kMaxPersonBytes = 64;

constexpr std::array<std::pair<CallerRole, absl::string_view>, 4> kRoles = {{
    {CallerRole::kForce, "force"},
    {CallerRole::kUnit, "unit"},
    {CallerRole::kAnalyst, "analyst"},
    {CallerRole::kOperator, "operator"},
}};

bool IsWordCharacter(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return absl::ascii_islower(byte) || absl::ascii_isdigit(byte);
}

bool IsJoiner(char character) { return character == '.' || character == '-' || character == '_'; }

bool IsPersonName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxPersonBytes) return false;
  char before = '.';
  for (const char character : name) {
    if (IsJoiner(character) ? IsJoiner(before) : !IsWordCharacter(character)) return false;
    before = character;
  }
  return !IsJoiner(before);
}

absl::Status Refuse(absl::string_view reason, absl::string_view text, absl::string_view why) {
  return WithReason(absl::InvalidArgumentError(absl::StrCat("The identity ", Quote(text), " ", why, ".")), reason);
}

}  // namespace

absl::string_view RoleName(CallerRole role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "";
}

std::optional<CallerRole> FindRole(absl::string_view name) {
  for (const auto& [role, known] : kRoles) {
    if (known == name) return role;
  }
  return std::nullopt;
}

bool IsTrustDomain(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxTrustDomainBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char character) { return IsWordCharacter(character) || IsJoiner(character); });
}

bool IsIdentityName(CallerRole role, absl::string_view name) {
  const bool is_body = role == CallerRole::kForce || role == CallerRole::kUnit;
  return is_body ? IsCatalogueId(name) : IsPersonName(name);
}

std::string SpiffeIdOf(absl::string_view trust_domain, const Identity& identity) {
  return absl::StrCat(kScheme, trust_domain, "/", RoleName(identity.role), "/", identity.name);
}

absl::StatusOr<Identity> ParseSpiffeId(absl::string_view text, absl::string_view trust_domain) {
  constexpr absl::string_view kMalformed = "IDENTITY_MALFORMED";
  if (!absl::StartsWith(text, kScheme)) return Refuse(kMalformed, text, "must begin with \"spiffe://\"");
  const std::vector<absl::string_view> parts = absl::StrSplit(text.substr(kScheme.size()), '/');
  if (!IsTrustDomain(parts[0])) {
    return Refuse(kMalformed, text, "must name a trust domain of lower-case letters, digits, '.', '-' and '_'");
  }
  if (parts[0] != trust_domain) {
    return Refuse("UNKNOWN_TRUST_DOMAIN", text, absl::StrCat("must be of the trust domain ", Quote(trust_domain)));
  }
  if (parts.size() != 3) return Refuse(kMalformed, text, "must have a role and a name, and nothing more");
  const std::optional<CallerRole> role = FindRole(parts[1]);
  if (!role) return Refuse("UNKNOWN_ROLE", text, "must be of a force, unit, analyst or operator");
  if (!IsIdentityName(*role, parts[2])) {
    return Refuse(kMalformed, text, "must end with a name in lower-case words joined by hyphens");
  }
  return Identity{*role, std::string(parts[2])};
}

}  // namespace muster
