// X.509 certificates as values, read with OpenSSL.
#ifndef MUSTER_DOMAIN_CERTIFICATE_H_
#define MUSTER_DOMAIN_CERTIFICATE_H_

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// Owns an object of OpenSSL: OpenSslHandle<X509_CRL, X509_CRL_free>.
template <auto kFree>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using OpenSslHandle = std::unique_ptr<T, OpenSslFree<kFree>>;

// The newest error of OpenSSL on this thread in words; forgets all of them.
std::string OpenSslError();

// A time of OpenSSL's; the infinite past if it is none.
absl::Time TimeOf(const ASN1_TIME* time);

// Lower-case hexadecimal digits, without a leading "0x" or zeros.
std::string SerialOf(const ASN1_INTEGER* serial);

// Immutable; copies share what was read. Thread-safe.
class Certificate {
 public:
  // Every certificate of a PEM text, at least one. INVALID_ARGUMENT if there is none, or one that cannot be read: a
  // text that is cut short is not taken for a shorter one.
  static absl::StatusOr<std::vector<Certificate>> ReadPem(absl::string_view text);

  std::string serial() const;
  absl::Time not_before() const;
  absl::Time not_after() const;
  // On one line, for people: "CN=Thames Valley Police".
  std::string subject() const;
  // Subject alternative names that are URIs, in order; bytes as they stand, so they may hold anything.
  std::vector<std::string> uris() const;
  bool is_authority() const;

  // Not to be changed. Lives as long as this object or a copy.
  X509* x509() const { return x509_.get(); }

 private:
  explicit Certificate(std::shared_ptr<X509> x509) : x509_(std::move(x509)) {}

  std::shared_ptr<X509> x509_;
};

// How often a PEM text begins a block: what a reader must have found.
int CountPemBlocks(absl::string_view text);

}  // namespace muster

#endif  // MUSTER_DOMAIN_CERTIFICATE_H_
