#include "clients/cli/certificate_folder.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/input_file.h"
#include "domain/quote.h"

namespace muster::cli {
namespace {

constexpr mode_t kSecretMode = 0600;
constexpr mode_t kPublicMode = 0644;
constexpr mode_t kFolderMode = 0700;

absl::Status ErrorOf(absl::string_view path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(message);
  if (error == EEXIST) return absl::AlreadyExistsError(message);
  return absl::FailedPreconditionError(message);
}

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : descriptor_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

// Writes a file that must not be there yet, down to the disk. What was begun and cannot be ended is removed.
absl::Status WriteNew(const std::string& path, absl::string_view text, mode_t mode) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (file.descriptor() < 0) return ErrorOf(path, errno);
  bool written = fchmod(file.descriptor(), mode) == 0;  // Whatever the umask.
  while (written && !text.empty()) {
    const ssize_t count = write(file.descriptor(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    written = count >= 0;
    if (written) text.remove_prefix(static_cast<size_t>(count));
  }
  if (written && fsync(file.descriptor()) == 0) return absl::OkStatus();
  absl::Status failed = ErrorOf(path, errno);
  unlink(path.c_str());
  return failed;
}

// Readers see the old file or the new one, never a part.
absl::Status Replace(const std::string& path, absl::string_view text, mode_t mode) {
  const std::string new_path = absl::StrCat(path, ".new");
  unlink(new_path.c_str());  // Of one that was broken off.
  if (absl::Status written = WriteNew(new_path, text, mode); !written.ok()) return written;
  if (rename(new_path.c_str(), path.c_str()) != 0) return ErrorOf(path, errno);
  return absl::OkStatus();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Keeps other processes from changing the folder, for as long as it lives.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path) : folder_(path, O_RDONLY | O_DIRECTORY) {
    if (folder_.descriptor() < 0 || flock(folder_.descriptor(), LOCK_EX) != 0) status_ = ErrorOf(path, errno);
  }
  const absl::Status& status() const { return status_; }

 private:
  const File folder_;
  absl::Status status_;
};

bool IsIpAddress(const std::string& host) {
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
  ERR_clear_error();
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

// Letters, digits, '.' and '-', as names of DNS have them, and '*' for a wildcard.
bool IsHostName(absl::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (const char character : host) {
    const auto byte = static_cast<unsigned char>(character);
    if (!absl::ascii_isalnum(byte) && character != '.' && character != '-' && character != '*') return false;
  }
  return true;
}

}  // namespace

absl::Status CertificateFolder::Init(absl::string_view trust_domain, const Validity& validity) {
  const absl::StatusOr<CertificateAuthority> authority = CertificateAuthority::Create(trust_domain, validity);
  if (!authority.ok()) return authority.status();
  if (mkdir(path_.c_str(), kFolderMode) != 0 && errno != EEXIST) return ErrorOf(path_, errno);
  const FolderLock lock(path_);
  if (!lock.status().ok()) return lock.status();
  for (const std::string& path : {key_path(), certificate_path()}) {
    if (Exists(path)) {
      return absl::AlreadyExistsError(absl::StrCat(path, " is there already, and is never overwritten"));
    }
  }
  // A list that ends when the authority does: nobody need renew it while nothing is revoked.
  const absl::StatusOr<std::string> crl = authority->SignCrl({}, validity.not_before, validity.not_after);
  if (!crl.ok()) return crl.status();
  if (absl::Status done = WriteNew(key_path(), authority->pem().key, kSecretMode); !done.ok()) return done;
  if (absl::Status done = Replace(crl_path(), *crl, kPublicMode); !done.ok()) return done;
  return WriteNew(certificate_path(), authority->pem().certificate, kPublicMode);
}

absl::StatusOr<CertificateAuthority> CertificateFolder::Authority() const {
  const absl::StatusOr<std::string> certificate = ReadInput(certificate_path());
  if (absl::IsNotFound(certificate.status())) {
    return absl::NotFoundError(absl::StrCat(path_, " holds no authority; make one with `muster certs init`"));
  }
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> key = ReadInput(key_path());
  if (!key.ok()) return key.status();
  return CertificateAuthority::Read({*key, *certificate});
}

absl::StatusOr<IssuedFiles> CertificateFolder::IssueClient(const Identity& identity, const Validity& validity,
                                                           bool replace) {
  if (!IsIdentityName(identity.role, identity.name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quote(identity.name), " is no name of a certificate: lower-case words joined by hyphens"));
  }
  const absl::StatusOr<CertificateAuthority> authority = Authority();
  if (!authority.ok()) return authority.status();
  CertificateWish wish;
  wish.common_name = identity.name;
  wish.uris = {SpiffeIdOf(authority->trust_domain(), identity)};
  wish.validity = validity;
  return Issue(absl::StrCat(RoleName(identity.role), "-", identity.name), std::move(wish), replace);
}

absl::StatusOr<IssuedFiles> CertificateFolder::IssueServer(const std::vector<std::string>& hosts,
                                                           const Validity& validity, bool replace) {
  CertificateWish wish;
  for (const std::string& host : hosts) {
    if (IsIpAddress(host)) {
      wish.ip_addresses.push_back(host);
    } else if (IsHostName(host)) {
      wish.dns_names.push_back(host);
    } else {
      return absl::InvalidArgumentError(absl::StrCat(Quote(host), " is no name or IP address of a machine"));
    }
  }
  if (hosts.empty()) return absl::InvalidArgumentError("a server needs a name or IP address");
  wish.common_name = hosts.front().substr(0, 64);
  wish.for_server = true;
  wish.validity = validity;
  return Issue("server", std::move(wish), replace);
}

absl::StatusOr<IssuedFiles> CertificateFolder::Issue(const std::string& name, CertificateWish wish, bool replace) {
  const absl::StatusOr<CertificateAuthority> authority = Authority();
  if (!authority.ok()) return authority.status();
  const FolderLock lock(path_);
  if (!lock.status().ok()) return lock.status();
  // Nobody believes a certificate for longer than its issuer.
  wish.validity.not_after = std::min(wish.validity.not_after, authority->certificate().not_after());
  wish.validity.not_before = std::max(wish.validity.not_before, authority->certificate().not_before());
  IssuedFiles files;
  files.certificate_path = absl::StrCat(path_, "/", name, ".pem");
  files.key_path = absl::StrCat(path_, "/", name, "-key.pem");
  if (!replace) {
    for (const std::string& path : {files.key_path, files.certificate_path}) {
      if (Exists(path)) return absl::AlreadyExistsError(absl::StrCat(path, " is there already; see --replace"));
    }
  }
  const absl::StatusOr<KeyAndCertificate> issued = authority->Issue(wish);
  if (!issued.ok()) return issued.status();
  const absl::StatusOr<std::vector<Certificate>> read = Certificate::ReadPem(issued->certificate);
  if (!read.ok()) return read.status();
  files.serial = read->front().serial();
  files.not_after = read->front().not_after();
  if (absl::Status done = Replace(files.key_path, issued->key, kSecretMode); !done.ok()) return done;
  if (absl::Status done = Replace(files.certificate_path, issued->certificate, kPublicMode); !done.ok()) return done;
  return files;
}

absl::StatusOr<bool> CertificateFolder::Revoke(absl::string_view serial, absl::Time now) {
  const absl::StatusOr<CertificateAuthority> authority = Authority();
  if (!authority.ok()) return authority.status();
  const FolderLock lock(path_);
  if (!lock.status().ok()) return lock.status();
  const absl::StatusOr<std::string> crl = ReadInput(crl_path());
  if (!crl.ok()) return crl.status();
  absl::StatusOr<RevokedCertificates> revoked = authority->ReadCrl(*crl);
  if (!revoked.ok()) return revoked.status();
  if (!revoked->by_serial.emplace(absl::AsciiStrToLower(serial), now).second) return false;
  const absl::StatusOr<std::string> signed_crl =
      authority->SignCrl(*revoked, now, authority->certificate().not_after());
  if (!signed_crl.ok()) return signed_crl.status();
  if (absl::Status done = Replace(crl_path(), *signed_crl, kPublicMode); !done.ok()) return done;
  return true;
}

absl::StatusOr<std::string> CertificateFolder::SerialOfFile(const std::string& path) const {
  const absl::StatusOr<CertificateAuthority> authority = Authority();
  if (!authority.ok()) return authority.status();
  const absl::StatusOr<std::string> text = ReadInput(path);
  if (!text.ok()) return text.status();
  const absl::StatusOr<std::vector<Certificate>> certificates = Certificate::ReadPem(*text);
  if (!certificates.ok()) return absl::InvalidArgumentError(absl::StrCat(path, " ", certificates.status().message()));
  const Certificate& certificate = certificates->front();
  if (X509_verify(certificate.x509(), X509_get0_pubkey(authority->certificate().x509())) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat(path, " was not issued by the authority in ", path_));
  }
  return certificate.serial();
}

}  // namespace muster::cli
