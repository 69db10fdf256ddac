// A certificate, or a list of revoked ones, as somebody may have made it up: it is refused, or is the one that the CA
// has signed. The first byte says what follows: 'C', a client's certificate, 'L', a list, and 'A', a CA, all in DER;
// 'P', any of them in PEM. The seeds were made with OpenSSL and are valid for 99 years; the keys are gone.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "domain/certificate.h"
#include "domain/check.h"
#include "domain/digest.h"
#include "domain/identity.h"
#include "service/tls_files.h"

namespace muster::fuzz {
namespace {

const std::string kAuthority =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjzCCATWgAwIBAgIUD7E70K4A0quj34r3U5b5hcKCcGQwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJRnV6emVkIENBMCAXDTI2MTEyNjEzNTM0N1oYDzIxMjYxMTAy\n"
    "MTM1MzQ3WjAUMRIwEAYDVQQDDAlGdXp6ZWQgQ0EwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAAQON2sszcBDOtc9nlk7kV9zDhbCHHp2qKPsT35tFSyfJlQHuZMH7J3b\n"
    "aRZ1jP+/dD8uTY3qsaUSI+P92b0rsnXto2MwYTAdBgNVHQ4EFgQUvvX/Ch+2BD9Z\n"
    "8eKCr4yEP1rR/EEwHwYDVR0jBBgwFoAUvvX/Ch+2BD9Z8eKCr4yEP1rR/EEwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwIDSAAwRQIg\n"
    "MXlHYMKWfbMR5eFwzAr5/QnZgfRj/zFoqBEbqSKhBvICIQCUd26vnjlEEk5WEI2f\n"
    "s6vxUfa8B24dvVU9Y4lZtD2MuA==\n"
    "-----END CERTIFICATE-----\n";
// Of it: one of the two seeds is revoked.
const std::string kList =
    "-----BEGIN X509 CRL-----\n"
    "MIH5MIGfAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCUZ1enplZCBDQRcNMjYx\n"
    "MTI2MTM1MzQ3WhgPMjEyNTA2MjAxMzUzNDdaMCcwJQIUHiD70/LPoVNMS/a1QZQv\n"
    "NhA9NlsXDTI2MTEyNjEzNTM0N1qgLzAtMB8GA1UdIwQYMBaAFL71/woftgQ/WfHi\n"
    "gq+MhD9a0fxBMAoGA1UdFAQDAgEBMAoGCCqGSM49BAMCA0kAMEYCIQClKw+VXaYF\n"
    "VKz1IqrxmuGCug49aGuk71OoLq4hW+LL0wIhAOb3D/zlDZI+qGa3T+ws9yavXZBr\n"
    "nnE2JI1geoaWBGON\n"
    "-----END X509 CRL-----\n";
// Of the part that was signed, of the certificates that were issued: the good one, and the one that was revoked.
constexpr char kGoodDigest[] = "4d726a804b9cbfcce79b1c602b0202cfb76a6d21d09e8f74729254a6fca6db43";
constexpr char kRevokedDigest[] = "45c1a38c46020a8beb8632c4bdd5e7d30f576d7534a169226cd8dd68fedd4cbc";

std::string Pem(absl::string_view label, absl::string_view der) {
  return absl::StrCat("-----BEGIN ", label, "-----\n", absl::Base64Escape(der), "\n-----END ", label, "-----\n");
}

std::string SignedPartDigest(const Certificate& certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_re_X509_tbs(certificate.x509(), &bytes);
  if (size <= 0) return "";
  std::string digest = Sha256Hex({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
  OPENSSL_free(bytes);
  return digest;
}

const Trust& TrustInAuthority(bool with_list) {
  static const std::shared_ptr<const Trust> without = Trust::Read(kAuthority, nullptr, nullptr).value();
  static const std::shared_ptr<const Trust> with = Trust::Read(kAuthority, &kList, nullptr).value();
  return with_list ? *with : *without;
}

void CheckCertificates(const std::string& pem) {
  const absl::StatusOr<std::vector<Certificate>> read = Certificate::ReadPem(pem);
  if (!read.ok()) {
    MUSTER_CHECK(absl::IsInvalidArgument(read.status()) && !read.status().message().empty());
    return;
  }
  MUSTER_CHECK(!read->empty() && static_cast<int>(read->size()) == CountPemBlocks(pem));
  for (const Certificate& certificate : *read) {
    for (const char digit : certificate.serial()) {
      MUSTER_CHECK((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') || digit == '-');
    }
    certificate.not_before();
    certificate.not_after();
    certificate.subject();
    for (const std::string& uri : certificate.uris()) (void)ParseSpiffeId(uri, "muster.example");
    const std::string digest = SignedPartDigest(certificate);
    MUSTER_CHECK(!TrustInAuthority(false).Check(certificate).ok() || digest == kGoodDigest || digest == kRevokedDigest);
    MUSTER_CHECK(!TrustInAuthority(true).Check(certificate).ok() || digest == kGoodDigest);
  }
}

void CheckLists(const std::string& pem) {
  const absl::StatusOr<std::shared_ptr<const Trust>> trust = Trust::Read(kAuthority, &pem, &TrustInAuthority(true));
  if (!trust.ok()) {
    MUSTER_CHECK(absl::IsInvalidArgument(trust.status()) && !trust.status().message().empty());
    return;
  }
  // Only the CA can sign one, and it has signed a single one.
  MUSTER_CHECK((*trust)->crl_next_update() == TrustInAuthority(true).crl_next_update());
}

void CheckAuthorities(const std::string& pem) {
  if (const auto trust = Trust::Read(pem, nullptr, nullptr); trust.ok()) {
    const std::vector<Certificate> own = Certificate::ReadPem(kAuthority).value();
    (void)(*trust)->Check(own.front());
    (void)Trust::Read(pem, &kList, nullptr);
  } else {
    MUSTER_CHECK(absl::IsInvalidArgument(trust.status()) && !trust.status().message().empty());
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster::fuzz;  // NOLINT(google-build-using-namespace)
  if (size == 0) return -1;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'C':
      CheckCertificates(Pem("CERTIFICATE", bytes));
      break;
    case 'L':
      CheckLists(Pem("X509 CRL", bytes));
      break;
    case 'A':
      CheckAuthorities(Pem("CERTIFICATE", bytes));
      break;
    case 'P':
      CheckCertificates(bytes);
      CheckLists(bytes);
      CheckAuthorities(bytes);
      break;
    default:
      return -1;  // Not worth keeping.
  }
  return 0;
}
