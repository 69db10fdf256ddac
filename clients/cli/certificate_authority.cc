#include "clients/cli/certificate_authority.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "domain/identity.h"

namespace muster::cli {
namespace {

constexpr char kScheme[] = "spiffe://";
constexpr size_t kMaxCommonNameBytes = 64;  // X.509's own bound.
// Random, so that nobody need count. 127 bits are a positive number in 16 bytes.
constexpr size_t kSerialBytes = 16;

using KeyHandle = OpenSslHandle<EVP_PKEY, EVP_PKEY_free>;
using X509Handle = OpenSslHandle<X509, X509_free>;
using CrlHandle = OpenSslHandle<X509_CRL, X509_CRL_free>;
using BioHandle = OpenSslHandle<BIO, BIO_free>;
using TimeHandle = OpenSslHandle<ASN1_TIME, ASN1_TIME_free>;
using IntegerHandle = OpenSslHandle<ASN1_INTEGER, ASN1_INTEGER_free>;
using NumberHandle = OpenSslHandle<BIGNUM, BN_free>;

absl::Status Failed(absl::string_view what) {
  return absl::InternalError(absl::StrCat("OpenSSL cannot ", what, ": ", OpenSslError()));
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const int64_t size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : "";
}

BioHandle BioOf(absl::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

absl::StatusOr<std::string> PemOf(const EVP_PKEY* key) {
  const BioHandle out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("write a key");
  }
  return TextOf(out.get());
}

absl::StatusOr<std::string> PemOf(X509* certificate) {
  const BioHandle out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), certificate) != 1) return Failed("write a certificate");
  return TextOf(out.get());
}

TimeHandle Asn1TimeOf(absl::Time time) { return TimeHandle(ASN1_TIME_set(nullptr, absl::ToTimeT(time))); }

bool SetRandomSerial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes = {};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 0x40U);  // Positive, and always as long.
  const NumberHandle number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetCommonName(X509_NAME* name, absl::string_view common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

// `value` is ours, never somebody's words: OpenSSL reads it as a small language.
bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const OpenSslHandle<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

using NamesHandle = OpenSslHandle<GENERAL_NAMES, GENERAL_NAMES_free>;

// Adds a name of the type's own form; takes `value`.
bool AddName(GENERAL_NAMES* names, int type, ASN1_STRING* value) {
  if (value == nullptr) return false;
  GENERAL_NAME* const name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, value);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

ASN1_STRING* Ia5(absl::string_view text) {
  ASN1_STRING* const string = ASN1_IA5STRING_new();
  ASN1_STRING_set(string, text.data(), static_cast<int>(text.size()));
  return string;
}

absl::Status AddAlternativeNames(X509* certificate, const CertificateWish& wish) {
  const NamesHandle names(GENERAL_NAMES_new());
  for (const std::string& uri : wish.uris) AddName(names.get(), GEN_URI, Ia5(uri));
  for (const std::string& name : wish.dns_names) AddName(names.get(), GEN_DNS, Ia5(name));
  for (const std::string& address : wish.ip_addresses) {
    if (!AddName(names.get(), GEN_IPADD, a2i_IPADDRESS(address.c_str()))) {
      return absl::InvalidArgumentError(absl::StrCat("\"", address, "\" is no IP address"));
    }
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return absl::OkStatus();
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) return Failed("name a certificate");
  return absl::OkStatus();
}

// A certificate of version 3 for `key`, without issuer, names and signature.
absl::StatusOr<X509Handle> Begin(EVP_PKEY* key, absl::string_view common_name, const Validity& validity) {
  if (common_name.empty() || common_name.size() > kMaxCommonNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name must have 1 to ", kMaxCommonNameBytes, " bytes, and has ", common_name.size()));
  }
  if (validity.not_after <= validity.not_before) {
    return absl::InvalidArgumentError("a certificate must be valid for some time");
  }
  X509Handle certificate(X509_new());
  const bool done = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && SetRandomSerial(certificate.get()) &&
                    X509_set1_notBefore(certificate.get(), Asn1TimeOf(validity.not_before).get()) == 1 &&
                    X509_set1_notAfter(certificate.get(), Asn1TimeOf(validity.not_after).get()) == 1 &&
                    SetCommonName(X509_get_subject_name(certificate.get()), common_name) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  if (!done) return Failed("make a certificate");
  return certificate;
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::shared_ptr<EVP_PKEY> key, Certificate certificate,
                                           KeyAndCertificate pem, std::string trust_domain)
    : key_(std::move(key)),
      certificate_(std::move(certificate)),
      pem_(std::move(pem)),
      trust_domain_(std::move(trust_domain)) {}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(absl::string_view trust_domain,
                                                                  const Validity& validity) {
  if (!IsTrustDomain(trust_domain)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", trust_domain,
                                                   "\" is no trust domain: lower-case letters, digits, '.', '-' and "
                                                   "'_', like a name of DNS"));
  }
  const KeyHandle key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("make a key");
  absl::StatusOr<X509Handle> certificate = Begin(key.get(), "Muster development CA", validity);
  if (!certificate.ok()) return certificate.status();
  X509* const x509 = certificate->get();
  CertificateWish names;
  names.uris = {absl::StrCat(kScheme, trust_domain)};  // Says which trust domain it is of, as SPIFFE has it.
  if (absl::Status named = AddAlternativeNames(x509, names); !named.ok()) return named;
  const bool done = X509_set_issuer_name(x509, X509_get_subject_name(x509)) == 1 &&
                    AddExtension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    AddExtension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    AddExtension(x509, x509, NID_subject_key_identifier, "hash") &&
                    X509_sign(x509, key.get(), EVP_sha256()) > 0;
  if (!done) return Failed("make the certificate of the authority");
  absl::StatusOr<std::string> key_pem = PemOf(key.get());
  if (!key_pem.ok()) return key_pem.status();
  absl::StatusOr<std::string> certificate_pem = PemOf(x509);
  if (!certificate_pem.ok()) return certificate_pem.status();
  return Read({*std::move(key_pem), *std::move(certificate_pem)});
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Read(const KeyAndCertificate& pem) {
  absl::StatusOr<std::vector<Certificate>> certificates = Certificate::ReadPem(pem.certificate);
  if (!certificates.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the certificate of the authority ", certificates.status().message()));
  }
  Certificate certificate = std::move(certificates->front());
  const std::vector<std::string> uris = certificate.uris();
  if (!certificate.is_authority() || uris.size() != 1) {
    return absl::InvalidArgumentError("this is no certificate of an authority that `muster certs init` made");
  }
  std::string trust_domain(absl::StripPrefix(uris.front(), kScheme));
  if (trust_domain.size() == uris.front().size() || !IsTrustDomain(trust_domain)) {
    return absl::InvalidArgumentError("the certificate of the authority names no trust domain");
  }
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(BioOf(pem.key).get(), nullptr, nullptr, nullptr);
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("the key of the authority cannot be read: ", OpenSslError()));
  }
  std::shared_ptr<EVP_PKEY> owned(key, EVP_PKEY_free);
  if (X509_check_private_key(certificate.x509(), key) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("key and certificate of the authority do not belong together");
  }
  return CertificateAuthority(std::move(owned), std::move(certificate), pem, std::move(trust_domain));
}

absl::StatusOr<KeyAndCertificate> CertificateAuthority::Issue(const CertificateWish& wish) const {
  const KeyHandle key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("make a key");
  absl::StatusOr<X509Handle> certificate = Begin(key.get(), wish.common_name, wish.validity);
  if (!certificate.ok()) return certificate.status();
  X509* const x509 = certificate->get();
  if (absl::Status named = AddAlternativeNames(x509, wish); !named.ok()) return named;
  X509* const issuer = certificate_.x509();
  const bool done = X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(x509, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(x509, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(x509, issuer, NID_ext_key_usage, wish.for_server ? "serverAuth" : "clientAuth") &&
                    AddExtension(x509, issuer, NID_subject_key_identifier, "hash") &&
                    AddExtension(x509, issuer, NID_authority_key_identifier, "keyid:always") &&
                    X509_sign(x509, key_.get(), EVP_sha256()) > 0;
  if (!done) return Failed("make a certificate");
  KeyAndCertificate pem;
  absl::StatusOr<std::string> key_pem = PemOf(key.get());
  if (!key_pem.ok()) return key_pem.status();
  pem.key = *std::move(key_pem);
  absl::StatusOr<std::string> certificate_pem = PemOf(x509);
  if (!certificate_pem.ok()) return certificate_pem.status();
  pem.certificate = *std::move(certificate_pem);
  return pem;
}

absl::StatusOr<std::string> CertificateAuthority::SignCrl(const RevokedCertificates& revoked, absl::Time this_update,
                                                          absl::Time next_update) const {
  const CrlHandle crl(X509_CRL_new());
  bool done = X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate_.x509())) == 1 &&
              X509_CRL_set1_lastUpdate(crl.get(), Asn1TimeOf(this_update).get()) == 1 &&
              X509_CRL_set1_nextUpdate(crl.get(), Asn1TimeOf(next_update).get()) == 1;
  for (const auto& [serial, time] : revoked.by_serial) {
    BIGNUM* parsed = nullptr;
    if (static_cast<size_t>(BN_hex2bn(&parsed, serial.c_str())) != serial.size() || serial.empty()) {
      BN_free(parsed);
      return absl::InvalidArgumentError(absl::StrCat("\"", serial, "\" is no serial: it has hexadecimal digits"));
    }
    const NumberHandle number(parsed);
    const IntegerHandle integer(BN_to_ASN1_INTEGER(number.get(), nullptr));
    X509_REVOKED* const entry = X509_REVOKED_new();
    done = done && X509_REVOKED_set_serialNumber(entry, integer.get()) == 1 &&
           X509_REVOKED_set_revocationDate(entry, Asn1TimeOf(time).get()) == 1 &&
           X509_CRL_add0_revoked(crl.get(), entry) == 1;
  }
  const IntegerHandle crl_number(ASN1_INTEGER_new());
  ASN1_INTEGER_set_int64(crl_number.get(), revoked.crl_number + 1);
  const OpenSslHandle<AUTHORITY_KEYID, AUTHORITY_KEYID_free> key_id(AUTHORITY_KEYID_new());
  key_id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(certificate_.x509()));
  done = done && X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, crl_number.get(), 0, 0) == 1 &&
         X509_CRL_add1_ext_i2d(crl.get(), NID_authority_key_identifier, key_id.get(), 0, 0) == 1 &&
         X509_CRL_sort(crl.get()) == 1 && X509_CRL_sign(crl.get(), key_.get(), EVP_sha256()) > 0;
  if (!done) return Failed("make a list of revoked certificates");
  const BioHandle out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509_CRL(out.get(), crl.get()) != 1) return Failed("write a list of revoked certificates");
  return TextOf(out.get());
}

absl::StatusOr<RevokedCertificates> CertificateAuthority::ReadCrl(absl::string_view pem) const {
  const CrlHandle crl(PEM_read_bio_X509_CRL(BioOf(pem).get(), nullptr, nullptr, nullptr));
  if (crl == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the list of revoked certificates cannot be read: ", OpenSslError()));
  }
  if (X509_CRL_verify(crl.get(), key_.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the list of revoked certificates was not signed by this authority");
  }
  RevokedCertificates revoked;
  const IntegerHandle number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl.get(), NID_crl_number, nullptr, nullptr)));
  if (number != nullptr) ASN1_INTEGER_get_int64(&revoked.crl_number, number.get());
  STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(crl.get());
  for (int index = 0; index < sk_X509_REVOKED_num(entries); ++index) {
    const X509_REVOKED* const entry = sk_X509_REVOKED_value(entries, index);
    revoked.by_serial[SerialOf(X509_REVOKED_get0_serialNumber(entry))] =
        TimeOf(X509_REVOKED_get0_revocationDate(entry));
  }
  return revoked;
}

}  // namespace muster::cli
