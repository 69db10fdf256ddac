// A small certificate authority for development and tests: EC P-256 keys, certificates that carry a SPIFFE ID, and a
// list of those that were revoked. Pure: texts in, texts out; files are the command's business.
#ifndef MUSTER_CLIENTS_CLI_CERTIFICATE_AUTHORITY_H_
#define MUSTER_CLIENTS_CLI_CERTIFICATE_AUTHORITY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "domain/certificate.h"

namespace muster::cli {

struct Validity {
  absl::Time not_before;  // Whole seconds count.
  absl::Time not_after;
};

// What a new certificate is to say.
struct CertificateWish {
  std::string common_name;                // For people; nothing is decided by it. At most 64 bytes.
  std::vector<std::string> uris;          // One SPIFFE ID in a client's.
  std::vector<std::string> dns_names;     // Of a server.
  std::vector<std::string> ip_addresses;  // Of a server: "127.0.0.1", "::1".
  bool for_server = false;                // To be shown by a server; otherwise by a client.
  Validity validity;
};

// Both PEM.
struct KeyAndCertificate {
  std::string key;
  std::string certificate;
};

// What of an authority's certificates counts no longer.
struct RevokedCertificates {
  int64_t crl_number = 0;                       // Of the list that it was read from; grows with every list.
  std::map<std::string, absl::Time> by_serial;  // Lower-case hexadecimal digits, and when it was revoked.
};

class CertificateAuthority {
 public:
  // A new key and a certificate for it that it signed itself, for one trust domain.
  static absl::StatusOr<CertificateAuthority> Create(absl::string_view trust_domain, const Validity& validity);

  // INVALID_ARGUMENT if they are not certificate and key of such an authority.
  static absl::StatusOr<CertificateAuthority> Read(const KeyAndCertificate& pem);

  const KeyAndCertificate& pem() const { return pem_; }
  const std::string& trust_domain() const { return trust_domain_; }
  const Certificate& certificate() const { return certificate_; }

  // A new key and a certificate for it. INVALID_ARGUMENT if the wish is malformed.
  absl::StatusOr<KeyAndCertificate> Issue(const CertificateWish& wish) const;

  // The list as PEM, with the next number. Readers should look for a newer one after `next_update`.
  absl::StatusOr<std::string> SignCrl(const RevokedCertificates& revoked, absl::Time this_update,
                                      absl::Time next_update) const;
  // INVALID_ARGUMENT if it is no list of this authority's.
  absl::StatusOr<RevokedCertificates> ReadCrl(absl::string_view pem) const;

 private:
  CertificateAuthority(std::shared_ptr<EVP_PKEY> key, Certificate certificate, KeyAndCertificate pem,
                       std::string trust_domain);

  std::shared_ptr<EVP_PKEY> key_;
  Certificate certificate_;
  KeyAndCertificate pem_;
  std::string trust_domain_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_CERTIFICATE_AUTHORITY_H_
