// Files of TLS that change while the server runs: good ones are taken without anybody noticing, bad ones are not taken.
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/status_reason.h"
#include "service/configuration.h"
#include "service/startup_check.h"
#include "service/tls_files.h"
#include "tests/service/tls_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;

// Of a server that runs.
class TlsReloadTest : public testing::Test {
 protected:
  bool WaitUntilShown(const KeyAndCertificate& pair) const {
    return WaitUntil([&] { return server_.ShownSerial(kent_) == SerialOf(pair); });
  }

  const TlsServer server_;
  const CertificateAuthority& authority_ = server_.authority();
  const KeyAndCertificate kent_ = IssueToForce(authority_, "kent");
};

// Writes a file where it stands, piece by piece, as an editor or a copy does.
void WriteInPieces(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  for (size_t at = 0; at < text.size(); at += 100) out << text.substr(at, 100) << std::flush;
}

TEST_F(TlsReloadTest, CertificatesSwappedAHundredTimesUnderLoadFailNoCall) {
  constexpr int kSwaps = 100;
  std::atomic<bool> stop = false;
  std::atomic<int> calls = 0;
  std::atomic<int> connections = 0;
  std::atomic<int> failures = 0;
  const auto note = [&](const grpc::Status& status) {
    ++calls;
    if (status.ok()) return;
    ++failures;
    ADD_FAILURE() << status.error_message();
  };
  std::vector<std::thread> callers;
  callers.emplace_back([&] {
    const std::unique_ptr<Client> standing = server_.Connect(kent_);
    while (!stop) note(CallAs(*standing));
  });
  callers.emplace_back([&] {
    for (; !stop; ++connections) note(CallAs(*server_.Connect(kent_)));
  });
  callers.emplace_back([&] {  // One stream from the first swap to the last.
    const std::unique_ptr<Client> streaming = server_.Connect(kent_);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 5 * kCallDeadline);  // A busy machine takes minutes.
    const auto stream = streaming->ingest->StreamResults(&context);
    v1::StreamResultsRequest request;
    v1::StreamResultsResponse response;
    for (int64_t revision = 1; !stop; ++revision) {
      request.Clear();
      *request.add_results() = MakeResult("r", revision, 1, "kent");
      if (!stream->Write(request) || !stream->Read(&response)) break;
      ++calls;
    }
    stream->WritesDone();
    note(stream->Finish());
  });
  for (int swap = 0; swap < kSwaps; ++swap) {
    const KeyAndCertificate next = IssueToServer(authority_);
    if (swap % 3 == 2) {
      WriteInPieces(server_.options().certificate_file, next.certificate);
      WriteInPieces(server_.options().key_file, next.key);
    } else {
      server_.WritePair(next, swap % 3 == 0);
    }
    EXPECT_TRUE(WaitUntilShown(next)) << "swap " << swap;
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  std::cout << kSwaps << " swaps, " << calls << " calls and messages, " << connections << " new connections, "
            << failures << " failed" << std::endl;
  EXPECT_EQ(failures, 0);
  EXPECT_GE(connections, kSwaps / 2) << "too few handshakes to say anything";
}

// The same key, for which a pass phrase would have to be asked.
std::string WithPassPhrase(const std::string& key_pem) {
  const OpenSslHandle<BIO, BIO_free> in(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const OpenSslHandle<EVP_PKEY, EVP_PKEY_free> key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const OpenSslHandle<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
  char phrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(size)};
}

// Of the files alone.
class TlsFilesTest : public testing::Test {
 protected:
  bool WaitUntilTaken(const KeyAndCertificate& pair) const {
    return WaitUntil([&] { return files_->state().key->serial == SerialOf(pair); });
  }
  // The reason why a client's certificate is refused; "" if it is not.
  std::string Refusal(const KeyAndCertificate& own) const {
    return StatusReason(files_->state().trust->Check(Certificate::ReadPem(own.certificate)->front()));
  }

  const TlsFolder folder_;
  const CertificateAuthority& authority_ = folder_.authority();
  const KeyAndCertificate kent_ = IssueToForce(authority_, "kent");
  const std::unique_ptr<TlsFiles> files_ = *TlsFiles::Open(folder_.options());
};

struct BrokenCase {
  std::string name;
  // Spoils the files, beginning with a new good pair.
  std::function<void(const TlsFolder& folder, const KeyAndCertificate& good)> spoil;
  std::string want_complaint;
};

class TlsBrokenPair : public TlsFilesTest, public testing::WithParamInterface<BrokenCase> {};

TEST_P(TlsBrokenPair, IsNotTakenAndTheLastGoodOneHolds) {
  const KeyAndCertificate old = IssueToServer(authority_);
  folder_.WritePair(old);
  ASSERT_TRUE(WaitUntilTaken(old));

  const CapturedLog log;
  GetParam().spoil(folder_, IssueToServer(authority_));
  EXPECT_TRUE(log.WaitFor({"new files are not taken", GetParam().want_complaint})) << log.Text();
  EXPECT_EQ(files_->state().key->serial, SerialOf(old));
  EXPECT_EQ(files_->state().key->private_key, old.key);
  EXPECT_THAT(log.Text(), testing::Not(HasSubstr("PRIVATE KEY")));

  const KeyAndCertificate next = IssueToServer(authority_);
  folder_.WritePair(next);
  EXPECT_TRUE(WaitUntilTaken(next)) << "it is still looking: " << log.Text();
}

void WriteCertificate(const TlsFolder& folder, const std::string& text) {
  TlsFolder::Write(folder.options().certificate_file, text);
}
void WriteKey(const TlsFolder& folder, const std::string& text) { TlsFolder::Write(folder.options().key_file, text); }

INSTANTIATE_TEST_SUITE_P(
    Files, TlsBrokenPair,
    testing::ValuesIn<BrokenCase>({
        {"EmptyCertificate", [](const auto& folder, const auto&) { WriteCertificate(folder, ""); },
         "holds no certificate"},
        {"HalfCertificate",
         [](const auto& folder, const auto& good) {
           WriteCertificate(folder, good.certificate.substr(0, good.certificate.size() / 2));
         },
         "cannot be read"},
        {"CertificateOfAnotherKey",
         [](const auto& folder, const auto& good) { WriteCertificate(folder, good.certificate); },
         "do not belong together"},
        {"KeyOfAnotherCertificate", [](const auto& folder, const auto& good) { WriteKey(folder, good.key); },
         "do not belong together"},
        {"HalfKey",
         [](const auto& folder, const auto& good) { WriteKey(folder, good.key.substr(0, good.key.size() / 2)); },
         "the key cannot be read"},
        {"KeyWithPassPhrase",
         [](const auto& folder, const auto& good) {
           WriteCertificate(folder, good.certificate);
           WriteKey(folder, WithPassPhrase(good.key));
         },
         "the key cannot be read"},
        {"KeyIsGone", [](const auto& folder, const auto&) { std::filesystem::remove(folder.options().key_file); },
         "No such file"},
        {"Expired",
         [](const auto& folder, const auto&) {
           const KeyAndCertificate expired =
               IssueToServer(folder.authority(), {absl::Now() - absl::Hours(2), absl::Now() - absl::Hours(1)});
           WriteKey(folder, expired.key);
           WriteCertificate(folder, expired.certificate);
         },
         "was valid until"},
        {"NotYetValid",
         [](const auto& folder, const auto&) {
           const KeyAndCertificate early =
               IssueToServer(folder.authority(), {absl::Now() + absl::Hours(1), absl::Now() + absl::Hours(2)});
           WriteKey(folder, early.key);
           WriteCertificate(folder, early.certificate);
         },
         "is not valid before"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(TlsFilesTest, ACertificateThatBecomesValidIsTakenThen) {
  const KeyAndCertificate soon =
      IssueToServer(authority_, {absl::Now() + absl::Seconds(2), absl::Now() + absl::Hours(1)});
  const CapturedLog log;
  folder_.WritePair(soon);
  EXPECT_TRUE(log.WaitFor({"new files are not taken", "is not valid before"}));
  EXPECT_TRUE(WaitUntilTaken(soon));
}

struct BrokenListCase {
  std::string name;
  std::function<std::string(const TlsFolder& folder)> text;  // Of the file of lists, or of CAs.
  bool of_authorities = false;
  std::string want_complaint;
};

class TlsBrokenTrust : public TlsFilesTest, public testing::WithParamInterface<BrokenListCase> {};

TEST_P(TlsBrokenTrust, IsNotTakenAndWhoWasRevokedStaysSo) {
  const KeyAndCertificate surrey = IssueToForce(authority_, "surrey");
  EXPECT_EQ(Refusal(surrey), "");
  TlsFolder::Write(folder_.options().crl_file, CrlOf(authority_, {surrey}, 7));
  EXPECT_TRUE(WaitUntil([&] { return Refusal(surrey) == "CERTIFICATE_REVOKED"; }));

  const CapturedLog log;
  TlsFolder::Write(GetParam().of_authorities ? folder_.options().ca_file : folder_.options().crl_file,
                   GetParam().text(folder_));
  EXPECT_TRUE(log.WaitFor({"new files are not taken", GetParam().want_complaint})) << log.Text();
  EXPECT_EQ(Refusal(surrey), "CERTIFICATE_REVOKED");
  EXPECT_EQ(Refusal(kent_), "");

  // It does not keep a certificate of the server's from being renewed, nor the next list from being taken.
  const KeyAndCertificate next = IssueToServer(authority_);
  folder_.WritePair(next);
  EXPECT_TRUE(WaitUntilTaken(next)) << log.Text();
  TlsFolder::Write(folder_.options().ca_file, authority_.pem().certificate);
  TlsFolder::Write(folder_.options().crl_file, CrlOf(authority_, {surrey, kent_}, 8));
  EXPECT_TRUE(WaitUntil([&] { return Refusal(kent_) == "CERTIFICATE_REVOKED"; })) << log.Text();
}

INSTANTIATE_TEST_SUITE_P(
    Files, TlsBrokenTrust,
    testing::ValuesIn<BrokenListCase>({
        {"Empty", [](const auto&) { return ""; }, false, "there is no list of revoked certificates of the CA"},
        {"Garbage", [](const auto&) { return "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"; }, false,
         "cannot be read after the first 0"},
        {"Half",
         [](const auto& folder) {
           const std::string list = CrlOf(folder.authority(), {}, 8);
           return list.substr(0, list.size() / 2);
         },
         false, "cannot be read after the first 0"},
        {"OfAnotherAuthority", [](const auto&) { return CrlOf(NewAuthority(), {}, 8); }, false,
         "signed by no CA of ours"},
        {"Older", [](const auto& folder) { return CrlOf(folder.authority(), {}, 6); }, false,
         "older than the one that holds"},
        {"Twice",
         [](const auto& folder) { return CrlOf(folder.authority(), {}, 8) + CrlOf(folder.authority(), {}, 9); }, false,
         "is the second one of its CA"},
        {"NoAuthority", [](const auto&) { return ""; }, true, "holds no certificate"},
        {"HalfAuthority", [](const auto& folder) { return folder.authority().pem().certificate.substr(0, 200); }, true,
         "cannot be read"},
        {"AuthorityWithoutList",
         [](const auto& folder) { return folder.authority().pem().certificate + NewAuthority().pem().certificate; },
         true, "there is no list of revoked certificates of the CA"},
        {"NotAnAuthority", [](const auto& folder) { return IssueToServer(folder.authority()).certificate; }, true,
         "which is no certificate of a CA"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(TlsReloadTest, ABotchedRenewalIsNotShownAndDoesNotKeepAnybodyFromBeingRevoked) {
  const std::string shown = server_.ShownSerial(kent_);
  const CapturedLog log;
  TlsServer::Write(server_.options().certificate_file, IssueToServer(authority_).certificate.substr(0, 300));
  EXPECT_TRUE(log.WaitFor({"new files are not taken", "cannot be read"}));
  EXPECT_EQ(server_.ShownSerial(kent_), shown);
  const std::unique_ptr<Client> kent = server_.Connect(kent_);
  EXPECT_THAT(CallAs(*kent), IsOkCall());
  TlsServer::Write(server_.options().crl_file, CrlOf(authority_, {kent_}, 2));
  EXPECT_TRUE(WaitUntil([&] { return CallAs(*kent).error_code() == grpc::UNAUTHENTICATED; }));
  EXPECT_THAT(CallAs(*kent), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_REVOKED"));
}

TEST_F(TlsReloadTest, OneAuthorityTakesOverFromAnotherWithoutAStop) {
  const CertificateAuthority next = NewAuthority();
  const KeyAndCertificate kent_of_next = IssueToForce(next, "kent");
  const std::unique_ptr<Client> standing = server_.Connect(kent_);
  EXPECT_THAT(CallAs(*standing), IsOkCall());
  EXPECT_EQ(CallAs(*server_.Connect(kent_of_next)).error_code(), grpc::UNAVAILABLE);

  // Both: the lists first, then the CAs; for a moment they do not fit.
  TlsServer::Write(server_.options().crl_file, CrlOf(authority_, {}, 2) + CrlOf(next, {}));
  TlsServer::Write(server_.options().ca_file, authority_.pem().certificate + next.pem().certificate);
  EXPECT_TRUE(WaitUntil([&] { return CallAs(*server_.Connect(kent_of_next)).ok(); }));
  EXPECT_THAT(CallAs(*server_.Connect(kent_)), IsOkCall());
  EXPECT_THAT(CallAs(*standing), IsOkCall());

  // The new one alone: the old one's are refused, on connections that stand too.
  TlsServer::Write(server_.options().crl_file, CrlOf(next, {}, 2));
  TlsServer::Write(server_.options().ca_file, next.pem().certificate);
  EXPECT_TRUE(WaitUntil([&] { return !CallAs(*standing).ok(); }));
  EXPECT_THAT(CallAs(*standing), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_NOT_TRUSTED"));
  EXPECT_EQ(CallAs(*server_.Connect(kent_)).error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(CallAs(*server_.Connect(kent_of_next)), IsOkCall());
}

TEST_F(TlsFilesTest, AListThatShouldHaveBeenReplacedStillCountsAndIsComplainedOf) {
  const KeyAndCertificate surrey = IssueToForce(authority_, "surrey");
  RevokedCertificates list;
  list.crl_number = 1;
  list.by_serial[SerialOf(surrey)] = absl::Now();
  TlsFolder::Write(folder_.options().crl_file,
                   *authority_.SignCrl(list, absl::Now() - absl::Hours(2), absl::Now() - absl::Hours(1)));
  EXPECT_TRUE(WaitUntil([&] { return Refusal(surrey) == "CERTIFICATE_REVOKED"; }));
  EXPECT_EQ(Refusal(kent_), "");
  const CapturedLog log;
  ASSERT_TRUE(TlsFiles::Open(folder_.options()).ok());
  EXPECT_THAT(log.Text(), HasSubstr("should have been replaced by"));
}

TEST_F(TlsFilesTest, TheCheckBeforeAStartLooksAtThem) {
  ReadConfiguration read;
  read.configuration.store_directory = folder_.Path("store");
  read.configuration.listen_address = "0.0.0.0:0";
  read.configuration.tls = folder_.options();
  const std::string good = ToText(CheckStart(read));
  EXPECT_THAT(good, HasSubstr("TLS: callers are those of muster.example"));
  EXPECT_THAT(good, HasSubstr("0.0.0.0:0 is free"));
  EXPECT_THAT(good, testing::Not(HasSubstr("expires soon")));

  folder_.WritePair(IssueToServer(authority_, {absl::Now() - absl::Hours(1), absl::Now() + absl::Hours(24)}));
  read.configuration.tls.crl_file.clear();
  const std::string soon = ToText(CheckStart(read));
  EXPECT_THAT(soon, HasSubstr("the server's certificate expires soon"));
  EXPECT_THAT(soon, HasSubstr("there is no list of revoked certificates"));

  TlsFolder::Write(folder_.options().key_file, kent_.key);
  EXPECT_TRUE(AnyFailed(CheckStart(read)));
  EXPECT_THAT(ToText(CheckStart(read)), HasSubstr("do not belong together"));
}

struct StartCase {
  std::string name;
  std::function<void(TlsOptions& options)> spoil;
  std::string want_message;
};

class TlsStartIsRefused : public TlsFilesTest, public testing::WithParamInterface<StartCase> {};

TEST_P(TlsStartIsRefused, SayingWhatIsWrong) {
  TlsOptions options = folder_.options();
  ASSERT_TRUE(TlsFiles::Open(options).ok()) << "without the fault it starts";
  GetParam().spoil(options);
  const auto files = TlsFiles::Open(options);
  ASSERT_FALSE(files.ok());
  EXPECT_THAT(std::string(files.status().message()), HasSubstr(GetParam().want_message));
}

INSTANTIATE_TEST_SUITE_P(
    Options, TlsStartIsRefused,
    testing::ValuesIn<StartCase>({
        {"NoCertificate", [](auto& options) { options.certificate_file.clear(); }, "missing: --tls-certificate."},
        {"NoKey", [](auto& options) { options.key_file.clear(); }, "missing: --tls-key."},
        {"NoAuthority", [](auto& options) { options.ca_file.clear(); }, "missing: --tls-ca."},
        {"NoTrustDomain", [](auto& options) { options.trust_domain.clear(); }, "missing: --trust-domain."},
        {"ListAlone",
         [](auto& options) {
           TlsOptions list;
           list.crl_file = options.crl_file;
           options = list;
         },
         "missing: --tls-certificate, --tls-key, --tls-ca, --trust-domain."},
        {"TrustDomainIsAUri", [](auto& options) { options.trust_domain = "spiffe://muster.example"; },
         "--trust-domain is \"spiffe://muster.example\""},
        {"FileIsNotThere", [](auto& options) { options.crl_file += ".gone"; }, "crl.pem.gone: cannot be read"},
        {"KeyForCertificate", [](auto& options) { options.certificate_file = options.key_file; }, "server-key.pem"},
        {"AuthorityForCertificate", [](auto& options) { options.certificate_file = options.ca_file; },
         "do not belong together"},
        {"AuthorityForList", [](auto& options) { options.crl_file = options.ca_file; }, "ca.pem"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
