#include "service/caller.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/certificate.h"
#include "domain/quote.h"
#include "domain/status_reason.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "service/rate_limiter.h"

namespace muster {
namespace {

absl::Status Unauthenticated(absl::string_view reason, absl::string_view message) {
  return WithReason(absl::UnauthenticatedError(message), reason);
}

bool IsUnit(const Catalogue& catalogue, absl::string_view id) {
  const std::optional<ForceIndex> index = catalogue.FindForce(id);
  return index && catalogue.force(*index).kind() == v1::FORCE_KIND_REGIONAL_UNIT;
}

}  // namespace

std::string CertificateOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr) return "";
  const std::vector<grpc::string_ref> found = peer->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return found.size() == 1 ? std::string(found.front().data(), found.front().size()) : "";
}

struct Callers::Watched {
  std::string certificate_pem;
  std::function<void(const absl::Status&)> refused;
};

Callers::Watch::Watch(const Callers& callers, std::shared_ptr<Watched> watched)
    : callers_(callers), watched_(std::move(watched)) {}

Callers::Watch::~Watch() {
  const std::lock_guard<std::mutex> lock(callers_.watched_mutex_);
  callers_.watched_.remove(watched_);
}

Callers::Callers(const Catalogue& catalogue, const TlsFiles* tls, std::chrono::milliseconds check_interval,
                 RateLimiter* rates)
    : catalogue_(catalogue), tls_(tls), rates_(rates) {
  if (tls_ != nullptr) task_ = std::make_unique<RepeatedTask>(check_interval, [this] { CheckWatched(); });
}

Callers::~Callers() = default;

absl::StatusOr<Caller> Callers::Identify(const grpc::CallbackServerContext& context) const {
  absl::StatusOr<Caller> caller = IdentifyCertificate(tls_ == nullptr ? "" : CertificateOf(context));
  if (!caller.ok() || rates_ == nullptr) return caller;
  if (absl::Status taken = rates_->Of(*caller)->TakeCall(std::chrono::steady_clock::now()); !taken.ok()) return taken;
  return caller;
}

absl::StatusOr<Caller> Callers::IdentifyCertificate(const std::string& certificate_pem) const {
  if (tls_ == nullptr) {
    return Caller{.role = CallerRole::kOperator, .name = "local", .certificate_serial = "", .is_local = true};
  }
  const TlsState state = tls_->state();
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard<std::mutex> lock(known_mutex_);
    const auto found = known_.find(certificate_pem);
    if (found != known_.end() && found->second.trust_version == state.trust_version &&
        now - found->second.checked < kCallerCheckAge) {
      return found->second.caller;
    }
  }
  // Without the lock: it takes a tenth of a millisecond and more. Two threads may do the same, to the same end.
  absl::StatusOr<Caller> caller = CheckCertificate(certificate_pem, *state.trust);
  const std::lock_guard<std::mutex> lock(known_mutex_);
  if (known_.size() >= kMaxKnownCertificates) known_.clear();  // Those that still call are soon there again.
  known_.insert_or_assign(certificate_pem, Known{caller, state.trust_version, now});
  return caller;
}

absl::StatusOr<Caller> Callers::CheckCertificate(const std::string& certificate_pem, const Trust& trust) const {
  if (certificate_pem.empty()) return Unauthenticated("CERTIFICATE_MISSING", "The connection shows no certificate.");
  const absl::StatusOr<std::vector<Certificate>> read = Certificate::ReadPem(certificate_pem);
  if (!read.ok()) return Unauthenticated("CERTIFICATE_NOT_TRUSTED", "The certificate cannot be read.");
  const Certificate& certificate = read->front();
  if (absl::Status checked = trust.Check(certificate); !checked.ok()) return checked;
  const std::vector<std::string> uris = certificate.uris();
  if (uris.size() != 1) {
    return Unauthenticated("CERTIFICATE_WITHOUT_IDENTITY",
                           absl::StrCat("The certificate names ", uris.size(), " URIs; it must name one, spiffe://",
                                        tls_->trust_domain(), "/ROLE/NAME, which says whose it is."));
  }
  const absl::StatusOr<Identity> identity = ParseSpiffeId(uris.front(), tls_->trust_domain());
  if (!identity.ok()) return Unauthenticated(StatusReason(identity.status()), identity.status().message());
  if (identity->role == CallerRole::kForce && !catalogue_.FindForce(identity->name)) {
    return Unauthenticated("UNKNOWN_FORCE", absl::StrCat("The certificate is of the force ", Quote(identity->name),
                                                         ", which the catalogue does not have",
                                                         DidYouMean(catalogue_.NearestForce(identity->name)), "."));
  }
  if (identity->role == CallerRole::kUnit && !IsUnit(catalogue_, identity->name)) {
    return Unauthenticated("UNKNOWN_UNIT", absl::StrCat("The certificate is of the regional unit ",
                                                        Quote(identity->name), ", which the catalogue does not have."));
  }
  return Caller{.role = identity->role, .name = identity->name, .certificate_serial = certificate.serial()};
}

std::unique_ptr<Callers::Watch> Callers::WatchCall(const grpc::CallbackServerContext& context,
                                                   std::function<void(const absl::Status&)> refused) const {
  if (tls_ == nullptr) return nullptr;
  auto watched = std::make_shared<Watched>(Watched{CertificateOf(context), std::move(refused)});
  const std::lock_guard<std::mutex> lock(watched_mutex_);
  watched_.push_back(watched);
  return std::unique_ptr<Watch>(new Watch(*this, std::move(watched)));
}

void Callers::CheckWatched() const {
  std::vector<std::shared_ptr<Watched>> all;
  {
    const std::lock_guard<std::mutex> lock(watched_mutex_);
    all.assign(watched_.begin(), watched_.end());
  }
  for (const std::shared_ptr<Watched>& watched : all) {
    const absl::Status status = IdentifyCertificate(watched->certificate_pem).status();
    if (status.ok()) continue;
    {
      const std::lock_guard<std::mutex> lock(watched_mutex_);
      watched_.remove(watched);
    }
    watched->refused(status);
  }
}

}  // namespace muster
