// TLS as a client uses it: its files, read and checked before any connection, because a handshake that fails tells
// little.
#ifndef MUSTER_CLIENTS_CPP_CLIENT_TLS_H_
#define MUSTER_CLIENTS_CPP_CLIENT_TLS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster {

// PEM texts. Empty: no TLS, which servers take on loopback only.
struct ClientTls {
  std::string certificate;  // The client's own, then those between it and its CA.
  std::string key;          // Of that certificate. To be kept out of logs.
  std::string ca;           // Who may have issued the server's certificate.

  bool enabled() const { return !ca.empty(); }
};

struct ClientTlsFiles {
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;

  bool empty() const { return certificate_file.empty() && key_file.empty() && ca_file.empty(); }
};

// Reads them. All three are needed.
//
// NOT_FOUND, PERMISSION_DENIED  the file that is named cannot be read
// INVALID_ARGUMENT              one is missing, or is not what it should be, or certificate and key do not belong
// together FAILED_PRECONDITION           the certificate is not valid at `now`
absl::StatusOr<ClientTls> ReadClientTls(const ClientTlsFiles& files, absl::Time now);

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_CLIENT_TLS_H_
