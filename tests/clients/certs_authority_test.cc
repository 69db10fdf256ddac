// The development authority: what it issues and revokes, as OpenSSL's own verification sees it, and what it refuses.
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/cli/certificate_authority.h"
#include "clients/cli/certificate_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kTrustDomain[] = "muster.example";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const Validity kYear = {kNow, kNow + absl::Hours(24 * 365)};

class CertificateFolderTest : public testing::Test {
 protected:
  CertificateFolderTest() {
    path_ = (std::filesystem::temp_directory_path() / "muster-certs-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder at " + path_);
  }
  ~CertificateFolderTest() override { std::filesystem::remove_all(path_); }

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }
  // Every file with its content.
  static std::map<std::string, std::string> Everything(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      files[entry.path().filename()] = Read(entry.path());
    }
    return files;
  }

 private:
  std::string path_;
};

// What OpenSSL says of a certificate: 0 is fine.
int Verify(const std::string& certificate_pem, const std::string& ca_pem, const std::string& crl_pem, int purpose,
           absl::Time at) {
  const Certificate certificate = Certificate::ReadPem(certificate_pem)->front();
  const Certificate authority = Certificate::ReadPem(ca_pem)->front();
  const OpenSslHandle<BIO, BIO_free> in(BIO_new_mem_buf(crl_pem.data(), static_cast<int>(crl_pem.size())));
  const OpenSslHandle<X509_CRL, X509_CRL_free> crl(PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr));
  const OpenSslHandle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), authority.x509());
  X509_STORE_add_crl(store.get(), crl.get());
  X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store.get()), absl::ToTimeT(at));
  const OpenSslHandle<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.x509(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST_F(CertificateFolderTest, IssuesWhatOpenSslVerifiesAndRevokesIt) {
  CertificateFolder folder(Path("certs"));
  ASSERT_TRUE(folder.Init(kTrustDomain, {kNow - absl::Hours(24), kYear.not_after + absl::Hours(24)}).ok());
  const auto force = folder.IssueClient({CallerRole::kForce, "thames-valley"}, kYear, false);
  ASSERT_TRUE(force.ok()) << force.status();
  const auto analyst = folder.IssueClient({CallerRole::kAnalyst, "a.jones"}, kYear, false);
  ASSERT_TRUE(analyst.ok()) << analyst.status();
  const auto server = folder.IssueServer({"muster.example", "127.0.0.1", "::1"}, kYear, false);
  ASSERT_TRUE(server.ok()) << server.status();

  const std::string ca = Read(folder.certificate_path());
  const absl::Time soon = kNow + absl::Hours(1);
  const auto verify = [&](const IssuedFiles& files, int purpose, absl::Time at) {
    return Verify(Read(files.certificate_path), ca, Read(folder.crl_path()), purpose, at);
  };
  EXPECT_EQ(verify(*force, X509_PURPOSE_SSL_CLIENT, soon), X509_V_OK);
  EXPECT_EQ(verify(*force, X509_PURPOSE_SSL_SERVER, soon), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(verify(*server, X509_PURPOSE_SSL_SERVER, soon), X509_V_OK);
  EXPECT_EQ(verify(*server, X509_PURPOSE_SSL_CLIENT, soon), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(verify(*force, X509_PURPOSE_SSL_CLIENT, kYear.not_before - absl::Seconds(1)),
            X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verify(*force, X509_PURPOSE_SSL_CLIENT, kYear.not_after + absl::Seconds(1)), X509_V_ERR_CERT_HAS_EXPIRED);

  EXPECT_THAT(Certificate::ReadPem(Read(force->certificate_path))->front().uris(),
              ElementsAre("spiffe://muster.example/force/thames-valley"));
  EXPECT_THAT(Certificate::ReadPem(Read(analyst->certificate_path))->front().uris(),
              ElementsAre("spiffe://muster.example/analyst/a.jones"));
  const Certificate of_server = Certificate::ReadPem(Read(server->certificate_path))->front();
  EXPECT_THAT(of_server.uris(), ElementsAre()) << "a server is nobody's caller";
  EXPECT_EQ(X509_check_host(of_server.x509(), "muster.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(of_server.x509(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(of_server.x509(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(of_server.x509(), "127.0.0.2", 0), 0);

  EXPECT_EQ(*folder.SerialOfFile(force->certificate_path), force->serial);
  EXPECT_EQ(folder.Revoke(force->serial, soon).value(), true);
  EXPECT_EQ(folder.Revoke(force->serial, soon).value(), false) << "it was revoked already";
  EXPECT_EQ(folder.Revoke(server->serial, soon).value(), true) << "a second entry joins the first";
  EXPECT_EQ(verify(*force, X509_PURPOSE_SSL_CLIENT, soon), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verify(*server, X509_PURPOSE_SSL_SERVER, soon), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verify(*analyst, X509_PURPOSE_SSL_CLIENT, soon), X509_V_OK);
}

TEST_F(CertificateFolderTest, KeysAreTheirOwnersAlone) {
  const mode_t before = umask(0);
  CertificateFolder folder(Path("certs"));
  ASSERT_TRUE(folder.Init(kTrustDomain, kYear).ok());
  const auto force = folder.IssueClient({CallerRole::kForce, "kent"}, kYear, false);
  umask(before);
  ASSERT_TRUE(force.ok()) << force.status();
  EXPECT_EQ(ModeOf(Path("certs")), 0700);
  EXPECT_EQ(ModeOf(folder.key_path()), 0600);
  EXPECT_EQ(ModeOf(force->key_path), 0600);
  EXPECT_EQ(ModeOf(force->certificate_path), 0644);
  for (const auto& [name, content] : Everything(Path("certs"))) {
    const bool is_secret = content.find("PRIVATE KEY") != std::string::npos;
    EXPECT_EQ(ModeOf(Path("certs/" + name)), is_secret ? 0600 : 0644) << name;
  }
}

TEST_F(CertificateFolderTest, NothingIsOverwrittenUnasked) {
  CertificateFolder folder(Path("certs"));
  ASSERT_TRUE(folder.Init(kTrustDomain, kYear).ok());
  const auto first = folder.IssueClient({CallerRole::kForce, "kent"}, kYear, false);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto before = Everything(Path("certs"));
  EXPECT_EQ(folder.Init(kTrustDomain, kYear).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(folder.Init("other.example", kYear).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(folder.IssueClient({CallerRole::kForce, "kent"}, kYear, false).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Everything(Path("certs")), before);

  // Only the key is left of an authority: it still may be what somebody needs.
  std::filesystem::remove(folder.certificate_path());
  EXPECT_EQ(folder.Init(kTrustDomain, kYear).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Read(folder.key_path()), before.at("ca-key.pem"));
}

TEST_F(CertificateFolderTest, AReplacementIsAnotherKey) {
  CertificateFolder folder(Path("certs"));
  ASSERT_TRUE(folder.Init(kTrustDomain, kYear).ok());
  const auto first = folder.IssueClient({CallerRole::kUnit, "serocu"}, kYear, false);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string key = Read(first->key_path);
  const auto second = folder.IssueClient({CallerRole::kUnit, "serocu"}, kYear, true);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->key_path, first->key_path);
  EXPECT_NE(second->serial, first->serial);
  EXPECT_NE(Read(second->key_path), key);
  EXPECT_EQ(ModeOf(second->key_path), 0600);
}

TEST_F(CertificateFolderTest, NoCertificateOutlivesItsIssuer) {
  CertificateFolder folder(Path("certs"));
  ASSERT_TRUE(folder.Init(kTrustDomain, kYear).ok());
  const auto force = folder.IssueClient({CallerRole::kForce, "kent"}, {kNow, kYear.not_after + absl::Hours(24)}, false);
  ASSERT_TRUE(force.ok()) << force.status();
  EXPECT_EQ(force->not_after, kYear.not_after);
}

TEST_F(CertificateFolderTest, WrongWishesAreRefusedAndLeaveNothing) {
  CertificateFolder folder(Path("certs"));
  EXPECT_EQ(folder.Init("Muster Example", kYear).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(Path("certs")));
  EXPECT_EQ(folder.IssueClient({CallerRole::kForce, "kent"}, kYear, false).status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(folder.Init(kTrustDomain, kYear).ok());
  const auto before = Everything(Path("certs"));
  for (const std::string name :
       {"", "Kent", "thames valley", "kent,URI:spiffe://muster.example/operator/me", "../kent"}) {
    EXPECT_EQ(folder.IssueClient({CallerRole::kForce, name}, kYear, false).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
  for (const std::string host : {"", "a b", "localhost,DNS:other", "10.0.0.1/8"}) {
    EXPECT_EQ(folder.IssueServer({host}, kYear, false).status().code(), absl::StatusCode::kInvalidArgument) << host;
  }
  EXPECT_EQ(folder.IssueServer({}, kYear, false).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(folder.Revoke("not-hex", kNow).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Everything(Path("certs")), before);
}

TEST_F(CertificateFolderTest, OnlyItsOwnCertificatesAndListsCount) {
  CertificateFolder folder(Path("certs"));
  CertificateFolder other(Path("other"));
  ASSERT_TRUE(folder.Init(kTrustDomain, kYear).ok());
  ASSERT_TRUE(other.Init(kTrustDomain, kYear).ok());
  const auto foreign = other.IssueClient({CallerRole::kForce, "kent"}, kYear, false);
  ASSERT_TRUE(foreign.ok()) << foreign.status();
  const auto serial = folder.SerialOfFile(foreign->certificate_path);
  EXPECT_EQ(serial.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(serial.status().message()), HasSubstr("was not issued by"));

  std::filesystem::copy_file(other.crl_path(), folder.crl_path(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(folder.Revoke("aa", kNow).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Read(folder.crl_path()), Read(other.crl_path())) << "a list that is not ours is not replaced either";

  std::filesystem::copy_file(other.key_path(), folder.key_path(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(folder.IssueClient({CallerRole::kForce, "kent"}, kYear, false).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CertificateFolderTest, AListKeepsItsEntriesAndCounts) {
  const absl::StatusOr<CertificateAuthority> authority = CertificateAuthority::Create(kTrustDomain, kYear);
  ASSERT_TRUE(authority.ok()) << authority.status();
  RevokedCertificates revoked;
  revoked.crl_number = 41;
  revoked.by_serial = {{"1", kNow}, {"ab0", kNow + absl::Seconds(7)}};
  const absl::StatusOr<std::string> crl = authority->SignCrl(revoked, kNow, kYear.not_after);
  ASSERT_TRUE(crl.ok()) << crl.status();
  const absl::StatusOr<RevokedCertificates> read = authority->ReadCrl(*crl);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->crl_number, 42);
  EXPECT_EQ(read->by_serial, revoked.by_serial);
}

TEST(CertificateTest, ATextThatIsCutShortIsNotTakenForAShorterOne) {
  const absl::StatusOr<CertificateAuthority> authority = CertificateAuthority::Create(kTrustDomain, kYear);
  ASSERT_TRUE(authority.ok()) << authority.status();
  const std::string one = authority->pem().certificate;
  const std::string two = one + one;
  ASSERT_EQ(Certificate::ReadPem(two)->size(), 2U);
  EXPECT_EQ(Certificate::ReadPem("# a comment\n" + one)->size(), 1U);
  for (size_t size = 0; size < two.size(); ++size) {
    const absl::StatusOr<std::vector<Certificate>> read = Certificate::ReadPem(two.substr(0, size));
    // Whole without its last line feed; and where the second has not begun to be one.
    const bool first_whole = size + 1 >= one.size() && size < one.size() + std::string("-----BEGIN ").size();
    const bool both_whole = size + 1 >= two.size();
    EXPECT_EQ(read.ok(), first_whole || both_whole) << size << " of " << two.size();
    if (read.ok()) {
      EXPECT_EQ(read->size(), both_whole ? 2U : 1U);
    }
  }
}

}  // namespace
}  // namespace muster::cli
