// How the server is told to use TLS.
#ifndef MUSTER_SERVICE_TLS_H_
#define MUSTER_SERVICE_TLS_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "service/limits.h"

namespace muster {

// Files are PEM. All but the list of revoked certificates belong together: all are given, or none is, and then there is
// no TLS.
struct TlsOptions {
  std::string certificate_file;  // What the server shows: its own certificate first, then those between it and its CA.
  std::string key_file;          // Of that certificate, without a pass phrase.
  std::string ca_file;           // Whose certificates callers may have: every CA of their chains, roots too.
  std::string crl_file;          // One list of each of these CAs. Empty: nothing is ever revoked.
  std::string trust_domain;      // "muster.example": callers are spiffe://muster.example/ROLE/NAME.
  // How often the files are looked at. A change counts once it was seen twice.
  std::chrono::milliseconds reload_interval = kTlsReloadInterval;

  bool enabled() const {
    return !certificate_file.empty() || !key_file.empty() || !ca_file.empty() || !crl_file.empty() ||
           !trust_domain.empty();
  }
};

// INVALID_ARGUMENT, naming the options that are missing or malformed, unless these are complete. Reads no file.
absl::Status CheckTlsOptions(const TlsOptions& options);

}  // namespace muster

#endif  // MUSTER_SERVICE_TLS_H_
