#include "service/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "domain/identity.h"
#include "domain/quote.h"
#include "domain/status_reason.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

using BioHandle = OpenSslHandle<BIO, BIO_free>;
using CrlHandle = OpenSslHandle<X509_CRL, X509_CRL_free>;

BioHandle BioOf(const std::string& text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string DerOf(const X509_NAME* name) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_NAME(name, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(bytes);
  return der;
}

// Tells CAs apart, also those of one name: a new key is a new CA.
std::string NameAndKeyOf(const Certificate& authority) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(authority.x509()), &bytes);
  std::string text = DerOf(X509_get_subject_name(authority.x509()));
  text.append(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(bytes);
  return text;
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()); }

// A key with a pass phrase is refused; without this OpenSSL would ask for it on the terminal.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) { return 0; }

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::FailedPreconditionError(absl::StrCat("cannot be read: ", std::strerror(errno)));
  std::string text;
  text.resize(kMaxTlsFileBytes + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return absl::FailedPreconditionError("cannot be read");
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxTlsFileBytes) {
    return absl::InvalidArgumentError(absl::StrCat("is larger than ", kMaxTlsFileBytes, " bytes"));
  }
  return text;
}

// A list that should have been replaced still says who was revoked, and one of a machine whose clock is a little ahead
// does so too: what they say counts. Everybody would be locked out otherwise, and the log says so loudly.
int TolerateDatesOfLists(int ok, X509_STORE_CTX* context) {
  const int error = X509_STORE_CTX_get_error(context);
  if (error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID) return 1;
  return ok;
}

absl::Status Refused(absl::string_view reason, absl::string_view message) {
  return WithReason(absl::UnauthenticatedError(message), reason);
}

// Puts the names of the files before what is wrong with them.
absl::Status Naming(const std::vector<std::string>& paths, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(absl::StrJoin(paths, " and "), ": ", status.message()));
}

}  // namespace

absl::Status CheckTlsOptions(const TlsOptions& options) {
  std::vector<std::string> missing;
  for (const auto& [name, value] : {std::pair{"--tls-certificate", &options.certificate_file},
                                    {"--tls-key", &options.key_file},
                                    {"--tls-ca", &options.ca_file},
                                    {"--trust-domain", &options.trust_domain}}) {
    if (value->empty()) missing.emplace_back(name);
  }
  if (!missing.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "TLS needs --tls-certificate, --tls-key, --tls-ca and --trust-domain; missing: ", absl::StrJoin(missing, ", "),
        "."));
  }
  if (!IsTrustDomain(options.trust_domain)) {
    return absl::InvalidArgumentError(absl::StrCat("--trust-domain is ", Quote(options.trust_domain),
                                                   "; must be lower-case letters, digits, '.', '-' and '_'."));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const ServerKey>> ServerKey::Read(const std::string& certificate_text,
                                                                 const std::string& key_text, absl::Time now) {
  absl::StatusOr<std::vector<Certificate>> chain = Certificate::ReadPem(certificate_text);
  if (!chain.ok()) return absl::InvalidArgumentError(absl::StrCat("the certificate ", chain.status().message()));
  const Certificate& own = chain->front();
  const OpenSslHandle<EVP_PKEY, EVP_PKEY_free> key(
      PEM_read_bio_PrivateKey(BioOf(key_text).get(), nullptr, NoPassPhrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key cannot be read (PEM, without a pass phrase): ", OpenSslError()));
  }
  if (X509_check_private_key(own.x509(), key.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("certificate and key do not belong together");
  }
  if (now < own.not_before()) {
    return absl::FailedPreconditionError(absl::StrCat("the certificate is not valid before ", Day(own.not_before())));
  }
  if (now >= own.not_after()) {
    return absl::FailedPreconditionError(absl::StrCat("the certificate was valid until ", Day(own.not_after())));
  }
  return std::make_shared<const ServerKey>(ServerKey{certificate_text, key_text, own.serial(), own.not_after()});
}

absl::StatusOr<std::shared_ptr<const Trust>> Trust::Read(const std::string& ca_text, const std::string* crl_text,
                                                         const Trust* before) {
  absl::StatusOr<std::vector<Certificate>> authorities = Certificate::ReadPem(ca_text);
  if (!authorities.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the file of CAs ", authorities.status().message()));
  }
  const std::shared_ptr<Trust> trust(new Trust());
  trust->ca_text_ = ca_text;
  trust->store_.reset(X509_STORE_new(), X509_STORE_free);
  for (const Certificate& authority : *authorities) {
    if (!authority.is_authority()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the file of CAs holds ", Quote(authority.subject()), ", which is no certificate of a CA"));
    }
    X509_STORE_add_cert(trust->store_.get(), authority.x509());
  }
  if (crl_text != nullptr) {
    if (absl::Status added = trust->AddLists(*crl_text, *authorities, before); !added.ok()) return added;
  }
  ERR_clear_error();
  return trust;
}

absl::Status Trust::AddLists(const std::string& crl_text, const std::vector<Certificate>& authorities,
                             const Trust* before) {
  ERR_clear_error();
  const BioHandle in = BioOf(crl_text);
  int count = 0;
  while (const CrlHandle crl{PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)}) {
    ++count;
    const std::string issuer = DerOf(X509_CRL_get_issuer(crl.get()));
    const auto signer = std::find_if(authorities.begin(), authorities.end(), [&](const Certificate& authority) {
      return DerOf(X509_get_subject_name(authority.x509())) == issuer &&
             X509_CRL_verify(crl.get(), X509_get0_pubkey(authority.x509())) == 1;
    });
    ERR_clear_error();
    const std::string which = absl::StrCat("list of revoked certificates ", count);
    if (signer == authorities.end()) {
      return absl::InvalidArgumentError(absl::StrCat(which, " is signed by no CA of ours"));
    }
    // Such as: only the changes since another list, or only some of the certificates.
    if (X509_CRL_get_ext_by_critical(crl.get(), 1, -1) >= 0) {
      return absl::InvalidArgumentError(absl::StrCat(which, " is not a plain and whole one"));
    }
    const OpenSslHandle<ASN1_INTEGER, ASN1_INTEGER_free> number(
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl.get(), NID_crl_number, nullptr, nullptr)));
    List list = {number == nullptr ? "" : SerialOf(number.get()), TimeOf(X509_CRL_get0_lastUpdate(crl.get()))};
    const std::string authority = NameAndKeyOf(*signer);
    if (before != nullptr && before->lists_.contains(authority)) {
      const List& known = before->lists_.at(authority);
      const auto rank = [](const List& of) { return std::pair(of.number.size(), of.number); };  // As numbers.
      const bool numbered = !list.number.empty() && !known.number.empty();
      if (numbered ? rank(list) < rank(known) : list.this_update < known.this_update) {
        return absl::InvalidArgumentError(absl::StrCat(which, " is older than the one that holds"));
      }
    }
    if (!lists_.emplace(authority, std::move(list)).second) {
      return absl::InvalidArgumentError(absl::StrCat(which, " is the second one of its CA"));
    }
    const ASN1_TIME* const next_update = X509_CRL_get0_nextUpdate(crl.get());
    if (next_update != nullptr) crl_next_update_ = std::min(crl_next_update_, TimeOf(next_update));
    X509_STORE_add_crl(store_.get(), crl.get());
  }
  const std::string error = OpenSslError();
  if (count != CountPemBlocks(crl_text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the lists of revoked certificates cannot be read after the first ", count, ": ", error));
  }
  for (const Certificate& authority : authorities) {
    if (!lists_.contains(NameAndKeyOf(authority))) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no list of revoked certificates of the CA ", Quote(authority.subject())));
    }
  }
  X509_STORE_set_flags(store_.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  X509_STORE_set_verify_cb(store_.get(), TolerateDatesOfLists);
  return absl::OkStatus();
}

absl::Status Trust::Check(const Certificate& certificate) const {
  const OpenSslHandle<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  if (context == nullptr || X509_STORE_CTX_init(context.get(), store_.get(), certificate.x509(), nullptr) != 1 ||
      X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT) != 1) {
    return absl::InternalError(absl::StrCat("a certificate cannot be verified: ", OpenSslError()));
  }
  const bool verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (verified) return absl::OkStatus();
  const int error = X509_STORE_CTX_get_error(context.get());
  switch (error) {
    case X509_V_ERR_CERT_REVOKED:
      return Refused("CERTIFICATE_REVOKED", "The certificate was revoked; ask for a new one.");
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Refused("CERTIFICATE_EXPIRED",
                     absl::StrCat("The certificate was valid until ", Day(certificate.not_after()), "; renew it."));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Refused("CERTIFICATE_NOT_YET_VALID",
                     absl::StrCat("The certificate is not valid before ", Day(certificate.not_before()),
                                  "; are the clocks right?"));
    default:
      return Refused("CERTIFICATE_NOT_TRUSTED",
                     absl::StrCat("The certificate is not trusted: ", X509_verify_cert_error_string(error), "."));
  }
}

std::vector<std::string> TlsWarnings(const TlsOptions& options, const TlsState& state, absl::Time now) {
  std::vector<std::string> warnings;
  if (now >= state.key->not_after) {
    warnings.push_back(
        absl::StrCat("the server's certificate was valid until ", Day(state.key->not_after), "; clients refuse it"));
  } else if (now >= state.key->not_after - absl::FromChrono(kCertificateExpiresSoon)) {
    warnings.push_back(absl::StrCat("the server's certificate expires soon, ", Day(state.key->not_after)));
  }
  if (now >= state.trust->crl_next_update()) {
    warnings.push_back(absl::StrCat("a list of revoked certificates should have been replaced by ",
                                    Day(state.trust->crl_next_update()), "; who was revoked since is not known here"));
  }
  if (options.crl_file.empty()) {
    warnings.emplace_back("there is no list of revoked certificates: one whose key was stolen counts until it expires");
  }
  struct stat status = {};
  if (stat(options.key_file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
    warnings.push_back(absl::StrCat("everybody on this machine may read the key ", options.key_file));
  }
  return warnings;
}

TlsFiles::TlsFiles(const TlsOptions& options) : options_(options) {
  key_part_.paths = {options.certificate_file, options.key_file};
  trust_part_.paths = {options.ca_file};
  if (!options.crl_file.empty()) trust_part_.paths.push_back(options.crl_file);
}

absl::StatusOr<std::unique_ptr<TlsFiles>> TlsFiles::Open(const TlsOptions& options) {
  if (absl::Status checked = CheckTlsOptions(options); !checked.ok()) return checked;
  std::unique_ptr<TlsFiles> files(new TlsFiles(options));
  if (absl::Status loaded = files->LoadAll(); !loaded.ok()) return loaded;
  files->Warn();
  files->task_ = std::make_unique<RepeatedTask>(options.reload_interval, [raw = files.get()] { raw->LookAgain(); });
  return files;
}

absl::StatusOr<TlsState> TlsFiles::ReadOnce(const TlsOptions& options) {
  if (absl::Status checked = CheckTlsOptions(options); !checked.ok()) return checked;
  TlsFiles files(options);
  if (absl::Status loaded = files.LoadAll(); !loaded.ok()) return loaded;
  return files.state();
}

TlsState TlsFiles::state() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_;
}

absl::Status TlsFiles::LoadAll() {
  for (Part* const part : {&key_part_, &trust_part_}) {
    for (const std::string& path : part->paths) {
      absl::StatusOr<std::string> text = ReadFile(path);
      if (!text.ok()) return Naming({path}, text.status());
      part->seen.push_back(*std::move(text));
    }
  }
  if (absl::Status taken = TakeKey(key_part_.seen); !taken.ok()) return Naming(key_part_.paths, taken);
  if (absl::Status taken = TakeTrust(trust_part_.seen); !taken.ok()) return Naming(trust_part_.paths, taken);
  key_part_.taken = key_part_.seen;
  trust_part_.taken = trust_part_.seen;
  return absl::OkStatus();
}

void TlsFiles::LookAgain() {
  LookAt(&key_part_, [this](const std::vector<std::string>& texts) { return TakeKey(texts); });
  LookAt(&trust_part_, [this](const std::vector<std::string>& texts) { return TakeTrust(texts); });
  Warn();
}

template <typename Take>
void TlsFiles::LookAt(Part* part, const Take& take) {
  std::vector<std::string> texts;
  absl::Status status;
  for (const std::string& path : part->paths) {
    absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) {
      status = Naming({path}, text.status());
      break;
    }
    texts.push_back(*std::move(text));
  }
  if (status.ok()) {
    const bool settled = texts == part->seen;
    part->seen = texts;
    if (!settled) return;  // Somebody may still be writing: what is the same the next time counts.
    if (texts == part->taken) {
      part->complaint.clear();
      return;
    }
    // Also when it was refused before: a certificate becomes valid some day.
    status = Naming(part->paths, take(texts));
    if (status.ok()) {
      part->taken = std::move(texts);
      part->complaint.clear();
      spdlog::info("TLS: took the new {}", absl::StrJoin(part->paths, " and "));
      return;
    }
  }
  const std::string complaint(status.message());
  const absl::Time now = absl::Now();
  if (complaint == part->complaint && now - part->complained < absl::FromChrono(kTlsComplaintInterval)) return;
  part->complaint = complaint;
  part->complained = now;
  spdlog::error("TLS: new files are not taken, and those from before hold on: {}", complaint);
}

absl::Status TlsFiles::TakeKey(const std::vector<std::string>& texts) {
  absl::StatusOr<std::shared_ptr<const ServerKey>> key = ServerKey::Read(texts[0], texts[1], absl::Now());
  if (!key.ok()) return key.status();
  const std::lock_guard<std::mutex> lock(mutex_);
  state_.key = *std::move(key);
  ++state_.key_version;
  return absl::OkStatus();
}

absl::Status TlsFiles::TakeTrust(const std::vector<std::string>& texts) {
  const std::shared_ptr<const Trust> before = state().trust;
  absl::StatusOr<std::shared_ptr<const Trust>> trust =
      Trust::Read(texts[0], texts.size() > 1 ? &texts[1] : nullptr, before.get());
  if (!trust.ok()) return trust.status();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (before == nullptr || before->ca_text() != (*trust)->ca_text()) ++state_.key_version;
  state_.trust = *std::move(trust);
  ++state_.trust_version;
  return absl::OkStatus();
}

void TlsFiles::Warn() {
  const absl::Time now = absl::Now();
  if (now - warned_ < absl::FromChrono(kTlsComplaintInterval)) return;
  for (const std::string& warning : TlsWarnings(options_, state(), now)) spdlog::warn("TLS: {}", warning);
  warned_ = now;
}

}  // namespace muster
