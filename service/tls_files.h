// Certificates, keys and lists of revoked certificates as they stand on disk now, checked before anything uses them.
#ifndef MUSTER_SERVICE_TLS_FILES_H_
#define MUSTER_SERVICE_TLS_FILES_H_

#include <openssl/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/certificate.h"
#include "service/repeated_task.h"
#include "service/tls.h"

namespace muster {

// What the server shows of itself. Key and certificate belong together.
struct ServerKey {
  std::string certificate_chain;  // PEM.
  std::string private_key;        // PEM; in no log and no message.
  std::string serial;             // Of the server's own certificate.
  absl::Time not_after;           // Of that one too.

  // INVALID_ARGUMENT says what is wrong with them, FAILED_PRECONDITION that the certificate is not valid now.
  static absl::StatusOr<std::shared_ptr<const ServerKey>> Read(const std::string& certificate_text,
                                                               const std::string& key_text, absl::Time now);
};

// Whose certificates count, and which of them do not. Immutable; thread-safe.
class Trust {
 public:
  // `crl_text` is nullptr where nothing is revoked; otherwise it has one list of every CA. `before` is nullptr, or what
  // held until now: a list that is older than its list of the same CA is refused, for it would let in again who was
  // revoked. INVALID_ARGUMENT says what is wrong.
  static absl::StatusOr<std::shared_ptr<const Trust>> Read(const std::string& ca_text, const std::string* crl_text,
                                                           const Trust* before);

  // Whether a client may show this certificate, now. The CAs between it and a root must be among ours. What fails is
  // UNAUTHENTICATED with a reason (status_reason.h): CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED,
  // CERTIFICATE_NOT_YET_VALID, or CERTIFICATE_NOT_TRUSTED, which says why.
  absl::Status Check(const Certificate& certificate) const;

  const std::string& ca_text() const { return ca_text_; }
  // When the first of the lists should have been replaced; the infinite future without lists.
  absl::Time crl_next_update() const { return crl_next_update_; }

 private:
  struct List {
    std::string number;  // As hexadecimal digits; empty if it has none.
    absl::Time this_update;
  };

  Trust() = default;
  absl::Status AddLists(const std::string& crl_text, const std::vector<Certificate>& authorities, const Trust* before);

  std::string ca_text_;
  std::shared_ptr<X509_STORE> store_;
  std::map<std::string, List> lists_;  // By name and key of the CA.
  absl::Time crl_next_update_ = absl::InfiniteFuture();
};

// What holds at one moment.
struct TlsState {
  std::shared_ptr<const ServerKey> key;
  std::shared_ptr<const Trust> trust;
  int64_t key_version = 1;    // Grows when `key` or the CAs change: what handshakes need.
  int64_t trust_version = 1;  // Grows when `trust` changes.
};

// What is right so far and somebody should see to, in sentences without their full stops: dates that come or have
// passed, nothing that could be revoked, a key that everybody may read.
std::vector<std::string> TlsWarnings(const TlsOptions& options, const TlsState& state, absl::Time now);

// Reads the files again and again. Whatever is wrong with new ones is logged as an error, once, and again each hour;
// what held before holds on. Certificate and key on the one hand, CAs and lists of revoked certificates on the other
// are taken separately, so that a botched renewal does not keep anybody from being revoked. Thread-safe.
class TlsFiles {
 public:
  // Everything must be right at the start: INVALID_ARGUMENT or FAILED_PRECONDITION names the file and says what is
  // wrong.
  static absl::StatusOr<std::unique_ptr<TlsFiles>> Open(const TlsOptions& options);

  // The same, once.
  static absl::StatusOr<TlsState> ReadOnce(const TlsOptions& options);

  TlsState state() const;
  const std::string& trust_domain() const { return options_.trust_domain; }

 private:
  // Files that are taken together.
  struct Part {
    std::vector<std::string> paths;
    std::vector<std::string> taken;  // Their content, as it holds.
    std::vector<std::string> seen;   // Their content, as it was seen last.
    std::string complaint;           // Of the content seen last; empty if there is none.
    absl::Time complained;           // When it was logged.
  };

  explicit TlsFiles(const TlsOptions& options);
  absl::Status LoadAll();
  void LookAgain();
  // Reads a part; `take` is given its texts if they are new, and says what is wrong with them.
  template <typename Take>
  void LookAt(Part* part, const Take& take);
  absl::Status TakeKey(const std::vector<std::string>& texts);
  absl::Status TakeTrust(const std::vector<std::string>& texts);
  void Warn();

  const TlsOptions options_;
  // Touched by the task's thread alone, once it runs.
  Part key_part_;
  Part trust_part_;
  absl::Time warned_ = absl::InfinitePast();

  mutable std::mutex mutex_;
  TlsState state_;  // Guarded by mutex_.

  std::unique_ptr<RepeatedTask> task_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_TLS_FILES_H_
