// The folder of a development authority: its key, its certificate, its list of revoked certificates, and what it
// issued.
#ifndef MUSTER_CLIENTS_CLI_CERTIFICATE_FOLDER_H_
#define MUSTER_CLIENTS_CLI_CERTIFICATE_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/certificate_authority.h"
#include "domain/identity.h"

namespace muster::cli {

// Where one certificate and its key were written.
struct IssuedFiles {
  std::string certificate_path;
  std::string key_path;
  std::string serial;
  absl::Time not_after;
};

// What is made of it is written whole or not at all, and keys can be read by their owner alone. Functions fail with
// NOT_FOUND where the folder holds no authority, FAILED_PRECONDITION or PERMISSION_DENIED where the disk refuses, and
// as said below. Not thread-safe; processes wait for each other.
class CertificateFolder {
 public:
  explicit CertificateFolder(std::string path) : path_(std::move(path)) {}

  std::string certificate_path() const { return path_ + "/ca.pem"; }
  std::string key_path() const { return path_ + "/ca-key.pem"; }
  std::string crl_path() const { return path_ + "/crl.pem"; }

  // A new authority, and an empty list; makes the folder if it is absent (its parent must exist). ALREADY_EXISTS if
  // there is one: a key of an authority is never overwritten.
  absl::Status Init(absl::string_view trust_domain, const Validity& validity);

  // ALREADY_EXISTS if there is one of that name, unless it is to be replaced; the certificate that is replaced stays
  // valid. INVALID_ARGUMENT if the name is malformed.
  absl::StatusOr<IssuedFiles> IssueClient(const Identity& identity, const Validity& validity, bool replace);
  // `hosts` are what clients call the server: names and IP addresses, at least one.
  absl::StatusOr<IssuedFiles> IssueServer(const std::vector<std::string>& hosts, const Validity& validity,
                                          bool replace);

  // Adds to the list, and signs it anew. Returns false, and writes nothing, if the certificate is in it already.
  absl::StatusOr<bool> Revoke(absl::string_view serial, absl::Time now);
  // Of a certificate in a file. INVALID_ARGUMENT if it is not one of this authority's.
  absl::StatusOr<std::string> SerialOfFile(const std::string& path) const;

 private:
  absl::StatusOr<CertificateAuthority> Authority() const;
  absl::StatusOr<IssuedFiles> Issue(const std::string& name, CertificateWish wish, bool replace);

  const std::string path_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_CERTIFICATE_FOLDER_H_
