#include "domain/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster {

std::string OpenSslError() {
  const auto error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "no reason given";
  const char* const reason = ERR_reason_error_string(error);
  return reason == nullptr ? absl::StrCat("error ", error) : reason;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromCivil(absl::CivilSecond(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                           parts.tm_min, parts.tm_sec),
                         absl::UTCTimeZone());
}

std::string SerialOf(const ASN1_INTEGER* serial) {
  const OpenSslHandle<BIGNUM, BN_free> number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (number == nullptr) return "";
  char* const digits = BN_bn2hex(number.get());
  std::string text = absl::AsciiStrToLower(digits == nullptr ? "" : digits);
  OPENSSL_free(digits);
  const size_t first = text.find_first_not_of('0');
  return first == std::string::npos ? "0" : text.substr(first);
}

int CountPemBlocks(absl::string_view text) {
  constexpr absl::string_view kBegin = "-----BEGIN ";
  int count = 0;
  for (size_t at = text.find(kBegin); at != absl::string_view::npos; at = text.find(kBegin, at + kBegin.size())) {
    ++count;
  }
  return count;
}

absl::StatusOr<std::vector<Certificate>> Certificate::ReadPem(absl::string_view text) {
  ERR_clear_error();
  const OpenSslHandle<BIO, BIO_free> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Certificate> certificates;
  while (X509* const x509 = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    certificates.push_back(Certificate(std::shared_ptr<X509>(x509, X509_free)));
  }
  const std::string error = OpenSslError();
  if (certificates.empty() && CountPemBlocks(text) == 0) {
    return absl::InvalidArgumentError("holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\")");
  }
  if (static_cast<int>(certificates.size()) != CountPemBlocks(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot be read after its first ", certificates.size(), " certificates: ", error));
  }
  return certificates;
}

std::string Certificate::serial() const { return SerialOf(X509_get0_serialNumber(x509())); }
absl::Time Certificate::not_before() const { return TimeOf(X509_get0_notBefore(x509())); }
absl::Time Certificate::not_after() const { return TimeOf(X509_get0_notAfter(x509())); }
bool Certificate::is_authority() const { return X509_check_ca(x509()) == 1; }

std::string Certificate::subject() const {
  const OpenSslHandle<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(x509()), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : "";
}

std::vector<std::string> Certificate::uris() const {
  std::vector<std::string> uris;
  const OpenSslHandle<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509(), NID_subject_alt_name, nullptr, nullptr)));
  for (int index = 0; names != nullptr && index < sk_GENERAL_NAME_num(names.get()); ++index) {
    int type = 0;
    const auto* const value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), index), &type));
    if (type != GEN_URI) continue;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                      static_cast<size_t>(ASN1_STRING_length(value)));
  }
  return uris;
}

}  // namespace muster
