#include "clients/cpp/client_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "domain/certificate.h"

namespace muster {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const std::string message = absl::StrCat(path, ": ", std::strerror(errno));
    return errno == EACCES ? absl::PermissionDeniedError(message) : absl::NotFoundError(message);
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

absl::StatusOr<std::vector<Certificate>> ReadCertificates(const std::string& path, const std::string& text) {
  absl::StatusOr<std::vector<Certificate>> certificates = Certificate::ReadPem(text);
  if (certificates.ok()) return certificates;
  return absl::InvalidArgumentError(absl::StrCat(path, " ", certificates.status().message()));
}

std::string Moment(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()); }

// A key with a pass phrase is refused; without this OpenSSL would ask for it on the terminal.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) { return 0; }

absl::Status CheckKey(const ClientTlsFiles& files, const Certificate& certificate, const std::string& key_text) {
  const OpenSslHandle<BIO, BIO_free> in(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
  const OpenSslHandle<EVP_PKEY, EVP_PKEY_free> key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassPhrase, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat(files.key_file, " holds no key that can be read (PEM, without a pass phrase)"));
  }
  const bool belongs = X509_check_private_key(certificate.x509(), key.get()) == 1;
  ERR_clear_error();
  if (belongs) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the key ", files.key_file, " does not belong to the certificate ", files.certificate_file));
}

}  // namespace

absl::StatusOr<ClientTls> ReadClientTls(const ClientTlsFiles& files, absl::Time now) {
  if (files.certificate_file.empty() || files.key_file.empty() || files.ca_file.empty()) {
    return absl::InvalidArgumentError("TLS needs all three: a certificate, its key, and the CA of the server");
  }
  ClientTls tls;
  for (const auto& [path, text] :
       {std::pair{&files.ca_file, &tls.ca}, {&files.certificate_file, &tls.certificate}, {&files.key_file, &tls.key}}) {
    absl::StatusOr<std::string> read = ReadFile(*path);
    if (!read.ok()) return read.status();
    *text = *std::move(read);
  }
  if (const auto authorities = ReadCertificates(files.ca_file, tls.ca); !authorities.ok()) return authorities.status();
  const absl::StatusOr<std::vector<Certificate>> chain = ReadCertificates(files.certificate_file, tls.certificate);
  if (!chain.ok()) return chain.status();
  const Certificate& own = chain->front();
  if (absl::Status checked = CheckKey(files, own, tls.key); !checked.ok()) return checked;
  if (now < own.not_before()) {
    return absl::FailedPreconditionError(absl::StrCat("the certificate ", files.certificate_file,
                                                      " is not valid before ", Moment(own.not_before()),
                                                      "; is the clock right?"));
  }
  if (now >= own.not_after()) {
    return absl::FailedPreconditionError(absl::StrCat("the certificate ", files.certificate_file, " was valid until ",
                                                      Moment(own.not_after()), "; get a new one"));
  }
  return tls;
}

}  // namespace muster
