// What tests of TLS share: an authority of their own, certificates that say anything, and a server that uses them.
#ifndef MUSTER_TESTS_SERVICE_TLS_FIXTURE_H_
#define MUSTER_TESTS_SERVICE_TLS_FIXTURE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "clients/cli/certificate_authority.h"
#include "service/server.h"
#include "tests/service/server_fixture.h"

namespace muster {

inline constexpr char kTrustDomain[] = "muster.example";

using cli::CertificateAuthority;
using cli::CertificateWish;
using cli::KeyAndCertificate;
using cli::RevokedCertificates;
using cli::Validity;

// From an hour ago to a month from now.
Validity ValidNow();

CertificateAuthority NewAuthority();

// A client's certificate with these URIs.
KeyAndCertificate IssueTo(const CertificateAuthority& authority, const std::vector<std::string>& uris,
                          const Validity& validity = ValidNow());
// One of a force.
KeyAndCertificate IssueToForce(const CertificateAuthority& authority, const std::string& force);
// The server's, for 127.0.0.1.
KeyAndCertificate IssueToServer(const CertificateAuthority& authority, const Validity& validity = ValidNow());

std::string SerialOf(const KeyAndCertificate& pem);
// A list of these, of number `number`.
std::string CrlOf(const CertificateAuthority& authority, const std::vector<KeyAndCertificate>& revoked,
                  int64_t number = 1);

// As gRPC's own client has them.
std::shared_ptr<grpc::ChannelCredentials> Credentials(const KeyAndCertificate& own, const std::string& ca);

// One call that everybody may make who is somebody.
grpc::Status CallAs(Client& client);

// Waits until `done`, looking again and again; false after `deadline`.
bool WaitUntil(const std::function<bool()>& done, std::chrono::seconds deadline = std::chrono::seconds(30));

// What the program logs from here on. It takes the log for good, so the first is made before any server.
class CapturedLog {
 public:
  CapturedLog();

  std::string Text() const;
  // Whether a line with all of these words comes, or came.
  bool WaitFor(const std::vector<std::string>& words) const;

 private:
  size_t begin_;
};

// Files of TLS, with certificates of an authority of their own, of whose nobody is revoked.
class TlsFolder {
 public:
  explicit TlsFolder(std::chrono::milliseconds reload_interval = std::chrono::milliseconds(10));

  const CertificateAuthority& authority() const { return authority_; }
  const TlsOptions& options() const { return options_; }
  std::string Path(const std::string& name) const { return folder_.Path(name); }

  // Replaces a file at once: readers see the old one or the new one, never a part.
  static void Write(const std::string& path, const std::string& text);
  // Replaces certificate and key of the server, one after the other: for a moment they do not fit.
  void WritePair(const KeyAndCertificate& pair, bool key_first = true) const;

 private:
  CapturedLog log_;
  TemporaryFolder folder_;
  CertificateAuthority authority_ = NewAuthority();
  TlsOptions options_;
};

// A server with TLS in this process.
class TlsServer : public TlsFolder {
 public:
  explicit TlsServer(std::chrono::milliseconds reload_interval = std::chrono::milliseconds(10),
                     const std::string& listen_address = "127.0.0.1:0");

  const std::string& address() const { return server_->address(); }
  // A client of its own connection.
  std::unique_ptr<Client> Connect(const KeyAndCertificate& own) const {
    return std::make_unique<Client>(address(), Credentials(own, authority().pem().certificate));
  }
  // The serial of the certificate that a new connection is shown; what the call ended with if it failed.
  std::string ShownSerial(const KeyAndCertificate& own) const;

 private:
  std::unique_ptr<Server> server_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_TLS_FIXTURE_H_
