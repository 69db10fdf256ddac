// Who is calling.
#ifndef MUSTER_SERVICE_CALLER_H_
#define MUSTER_SERVICE_CALLER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/catalogue.h"
#include "domain/identity.h"
#include "grpcpp/server_context.h"
#include "service/limits.h"
#include "service/repeated_task.h"
#include "service/tls_files.h"

namespace muster {

struct Caller {
  CallerRole role = CallerRole::kOperator;
  std::string name;                // Within its role: the id of a force, the slug of a regional unit, or a person's.
  std::string certificate_serial;  // Lower-case hexadecimal digits; empty without a certificate.
  bool is_local = false;           // The local operator, whom no certificate vouches for and who may do everything.
};

class RateLimiter;

// The certificate that the connection of a call has shown, PEM; "" if there is none.
std::string CertificateOf(const grpc::ServerContextBase& context);

// Tells who makes a call. Every handler asks this first, so that there is one place to say who is who. Thread-safe.
class Callers {
 public:
  // Without TLS the server listens on loopback only, and everyone there is the local operator, who may do everything.
  // With it a caller is who its certificate says. `tls` is nullptr or, as the catalogue, must outlive this object.
  // Callers of long calls are looked at every `check_interval`.
  explicit Callers(const Catalogue& catalogue, const TlsFiles* tls = nullptr,
                   std::chrono::milliseconds check_interval = kCallerCheckInterval, RateLimiter* rates = nullptr);
  ~Callers();

  // UNAUTHENTICATED, with the reasons of Trust::Check and ParseSpiffeId and these:
  //
  // CERTIFICATE_MISSING           the connection has none
  // CERTIFICATE_WITHOUT_IDENTITY  it has no URI, or several
  // UNKNOWN_FORCE                 the catalogue has no such force; UNKNOWN_UNIT likewise
  // RESOURCE_EXHAUSTED, with CALLER_RATE_EXCEEDED: the caller makes more calls than `rates`, if there are any, give it.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context) const;
  // The same of a certificate (PEM); "" is none.
  absl::StatusOr<Caller> IdentifyCertificate(const std::string& certificate_pem) const;

  // While it lives, the caller of a long call is looked at again and again.
  class Watch;
  // For a call that stands for as long as its client likes. `refused` is called, once, if its caller is no longer to be
  // there, with why: its certificate was revoked, or has expired, say. It runs on a thread of this object, and may
  // still run when the watch has gone: let it hold the call weakly.
  std::unique_ptr<Watch> WatchCall(const grpc::CallbackServerContext& context,
                                   std::function<void(const absl::Status&)> refused) const;

 private:
  struct Known {
    absl::StatusOr<Caller> caller;
    int64_t trust_version = 0;
    std::chrono::steady_clock::time_point checked;
  };
  struct Watched;

  absl::StatusOr<Caller> CheckCertificate(const std::string& certificate_pem, const Trust& trust) const;
  void CheckWatched() const;

  const Catalogue& catalogue_;
  const TlsFiles* const tls_;
  RateLimiter* const rates_;

  mutable std::mutex known_mutex_;
  mutable std::unordered_map<std::string, Known> known_;  // Guarded by known_mutex_, by the certificate's text.

  mutable std::mutex watched_mutex_;
  mutable std::list<std::shared_ptr<Watched>> watched_;  // Guarded by watched_mutex_.

  std::unique_ptr<RepeatedTask> task_;  // Last: it uses the others.
};

class Callers::Watch {
 public:
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  friend class Callers;
  Watch(const Callers& callers, std::shared_ptr<Watched> watched);

  const Callers& callers_;
  const std::shared_ptr<Watched> watched_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_CALLER_H_
