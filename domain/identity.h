// Who a caller says to be, as its certificate writes it: a SPIFFE ID such as
// "spiffe://muster.example/force/thames-valley".
#ifndef MUSTER_DOMAIN_IDENTITY_H_
#define MUSTER_DOMAIN_IDENTITY_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// What a caller is; with its name, whose rights it has.
enum class CallerRole { kForce, kUnit, kAnalyst, kOperator };

struct Identity {
  CallerRole role = CallerRole::kOperator;
  std::string name;  // Within its role: the id of a force, the slug of a regional unit, or a person's.

  friend bool operator==(const Identity&, const Identity&) = default;
};

// "force", "unit", "analyst", "operator".
absl::string_view RoleName(CallerRole role);
std::optional<CallerRole> FindRole(absl::string_view name);

// Lower-case letters, digits, '.', '-' and '_', at least one and at most 255.
bool IsTrustDomain(absl::string_view text);

// Whether `name` may be that of a caller in `role`. Forces and units have ids as the catalogue's; people have
// lower-case words and numbers joined by single '.', '-' or '_', at most 64 bytes, so that no two of them differ in
// case alone.
bool IsIdentityName(CallerRole role, absl::string_view name);

// "spiffe://TRUST_DOMAIN/ROLE/NAME".
std::string SpiffeIdOf(absl::string_view trust_domain, const Identity& identity);

// Reads a SPIFFE ID. Exact: no other case, no port, query, fragment or escape, and no segment too many. What fails is
// INVALID_ARGUMENT with a reason (status_reason.h):
//
// IDENTITY_MALFORMED     it is no SPIFFE ID of a role and a name
// UNKNOWN_TRUST_DOMAIN   it is of another trust domain
// UNKNOWN_ROLE           its role is none of ours
absl::StatusOr<Identity> ParseSpiffeId(absl::string_view text, absl::string_view trust_domain);

}  // namespace muster

#endif  // MUSTER_DOMAIN_IDENTITY_H_
