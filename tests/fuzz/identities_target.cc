// What says who somebody is: the URI of a certificate, or the metadata of a call. The first line is a trust domain,
// what follows the text. It is taken exactly as it would be written, or not at all.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/check.h"
#include "domain/identity.h"
#include "domain/token.h"
#include "service/call_trace.h"

namespace muster::fuzz {
namespace {

void CheckSpiffeId(absl::string_view text, absl::string_view trust_domain) {
  const absl::StatusOr<Identity> identity = ParseSpiffeId(text, trust_domain);
  if (!identity.ok()) {
    MUSTER_CHECK(absl::IsInvalidArgument(identity.status()));
    // However long it is, it goes into an answer's headers, of which there may be 8 KiB.
    MUSTER_CHECK(identity.status().message().size() < 2'000);
    return;
  }
  MUSTER_CHECK(IsTrustDomain(trust_domain) && IsIdentityName(identity->role, identity->name));
  MUSTER_CHECK(FindRole(RoleName(identity->role)) == identity->role);
  MUSTER_CHECK(SpiffeIdOf(trust_domain, *identity) == text);
}

void CheckMetadata(absl::string_view text) {
  // A header is that of one token, whatever it holds, and none of another.
  const std::string digest = BearerDigest(text);
  MUSTER_CHECK(digest.size() == 64);
  MUSTER_CHECK(BearerDigest("Bearer " + std::string(text)) == TokenDigest(text));
  MUSTER_CHECK((BearerDigest("Basic " + std::string(text)) == TokenDigest("")));
  const std::string_view view(text.data(), text.size());
  // Both stand in logs, in a header and in the audit as they are.
  if (IsRequestId(view) || IsTraceparent(view)) {
    for (const char byte : view) MUSTER_CHECK(byte > ' ' && byte <= '~' && byte != '"' && byte != '\\');
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  if (end == absl::string_view::npos) return -1;
  muster::fuzz::CheckSpiffeId(input.substr(end + 1), input.substr(0, end));
  muster::fuzz::CheckMetadata(input.substr(end + 1));
  return 0;
}
