// muster certs, musterd and muster as people run them: a server with TLS from nothing, and what is said where it fails.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/service/child_process.h"
#include "tests/service/musterd_process.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kUnreachable = 4;

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class CertsCommandTest : public testing::Test {
 protected:
  CertsCommandTest() {
    path_ = (std::filesystem::temp_directory_path() / "muster-certs-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder at " + path_);
  }
  ~CertsCommandTest() override {
    servers_.clear();
    std::filesystem::remove_all(path_);
  }

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

  Ran Muster(std::vector<std::string> words) {
    words.insert(words.begin(), MUSTER_BINARY_DIR "/muster");
    ChildProcess process(words, Path(absl::StrCat("log-", ++log_count_)));
    Ran ran;
    ran.exit_code = process.WaitUntilEnded().value_or(-1);
    ran.out = process.RestOfOutput();
    ran.err = process.Log();
    return ran;
  }
  void MusterDone(const std::vector<std::string>& words) {
    const Ran ran = Muster(words);
    ASSERT_EQ(ran.exit_code, kDone) << ran.err;
  }

  // An authority in the folder `name`, with certificates for the server, Kent and an operator.
  void MakeCertificates(const std::string& name) {
    MusterDone({"certs", "init", Path(name), "--trust-domain", "muster.example"});
    MusterDone({"certs", "issue", Path(name), "--host", "127.0.0.1,localhost"});
    MusterDone({"certs", "issue", Path(name), "--force", "kent"});
    MusterDone({"certs", "issue", Path(name), "--operator", "sam"});
  }

  // Returns its address.
  std::string StartServer(const std::vector<std::string>& tls) {
    std::vector<std::string> arguments = ServeStore(Path(absl::StrCat("store-", ++log_count_)));
    arguments.insert(arguments.end(), tls.begin(), tls.end());
    servers_.push_back(std::make_unique<MusterdProcess>(arguments, Path(absl::StrCat("log-", ++log_count_))));
    std::string address = servers_.back()->WaitUntilListening();
    EXPECT_NE(address, "") << servers_.back()->Log();
    return address;
  }
  std::vector<std::string> ServerTls(const std::string& folder) const {
    return {"--tls-certificate", Path(folder + "/server.pem"),
            "--tls-key",         Path(folder + "/server-key.pem"),
            "--tls-ca",          Path(folder + "/ca.pem"),
            "--tls-crl",         Path(folder + "/crl.pem"),
            "--trust-domain",    "muster.example"};
  }
  std::vector<std::string> ClientTls(const std::string& folder, const std::string& who) const {
    return {"--tls-certificate", Path(folder + "/" + who + ".pem"), "--tls-key", Path(folder + "/" + who + "-key.pem"),
            "--tls-ca",          Path(folder + "/ca.pem")};
  }
  // Asks a server for its regions.
  Ran Ask(const std::string& address, const std::vector<std::string>& tls) {
    std::vector<std::string> words = {"--server", address, "catalogue", "regions"};
    words.insert(words.end(), tls.begin(), tls.end());
    return Muster(words);
  }
  const MusterdProcess& newest_server() const { return *servers_.back(); }

 private:
  std::string path_;
  int log_count_ = 0;
  std::vector<std::unique_ptr<MusterdProcess>> servers_;
};

TEST_F(CertsCommandTest, AServerWithTlsFromNothingUntilItsCallerIsRevoked) {
  MakeCertificates("certs");
  const std::string address = StartServer(ServerTls("certs"));
  EXPECT_THAT(newest_server().Log(), HasSubstr("callers are those of muster.example"));
  EXPECT_THAT(newest_server().Log(), testing::Not(HasSubstr("no TLS")));
  const Ran asked = Ask(address, ClientTls("certs", "force-kent"));
  EXPECT_EQ(asked.exit_code, kDone) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("south-east"));

  MusterDone({"certs", "revoke", Path("certs"), Path("certs/force-kent.pem")});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  Ran refused;
  do {
    refused = Ask(address, ClientTls("certs", "force-kent"));
  } while (refused.exit_code == kDone && std::chrono::steady_clock::now() < end);
  EXPECT_EQ(refused.exit_code, kFailed);
  EXPECT_THAT(refused.err, HasSubstr("The certificate was revoked; ask for a new one. (CERTIFICATE_REVOKED)"));
  EXPECT_EQ(Ask(address, ClientTls("certs", "operator-sam")).exit_code, kDone);
}

TEST_F(CertsCommandTest, EachWayToFailIsSaidAsFarAsItIsKnown) {
  MakeCertificates("certs");
  MakeCertificates("other");
  MusterDone({"certs", "issue", Path("certs"), "--force", "nowhere"});
  const std::string with_tls = StartServer(ServerTls("certs"));
  const std::string without_tls = StartServer({});
  std::vector<std::string> other_ca = ClientTls("certs", "force-kent");
  other_ca.back() = Path("other/ca.pem");
  std::vector<std::string> other_key = ClientTls("certs", "force-kent");
  other_key[3] = Path("certs/server-key.pem");
  std::vector<std::string> other_certificate = ClientTls("other", "force-kent");
  other_certificate.back() = Path("certs/ca.pem");
  std::vector<std::string> half = ClientTls("certs", "force-kent");
  half.resize(4);
  std::vector<std::string> absent = ClientTls("certs", "force-surrey");
  std::vector<std::string> no_certificate = ClientTls("certs", "force-kent");
  no_certificate[1] = Path("certs/crl.pem");

  struct Row {
    std::string name;
    std::string address;
    std::vector<std::string> tls;
    int want_exit_code;
    std::string want_error;
  };
  const std::vector<Row> rows = {
      {"nobody there", "127.0.0.1:1", ClientTls("certs", "force-kent"), kUnreachable, "Is musterd running there?"},
      {"no TLS to a server with it", with_tls, {}, kUnreachable, "if it speaks TLS, give --tls-certificate"},
      {"TLS to a server without it", without_tls, ClientTls("certs", "force-kent"), kUnreachable,
       "does not speak TLS: leave the --tls options out"},
      {"the server of another authority", with_tls, other_ca, kUnreachable,
       "The server's certificate was issued by no CA of --tls-ca"},
      {"a certificate of another authority", with_tls, other_certificate, kUnreachable, "it takes no such certificate"},
      {"a server's certificate", with_tls, ClientTls("certs", "server"), kUnreachable, "it takes no such certificate"},
      {"nobody that the server knows", with_tls, ClientTls("certs", "force-nowhere"), kFailed, "(UNKNOWN_FORCE)"},
      {"a key of another certificate", with_tls, other_key, kFailed, "does not belong to the certificate"},
      {"a file that is not there", with_tls, absent, kFailed, "force-surrey.pem: No such file"},
      {"a file that is something else", with_tls, no_certificate, kFailed, "crl.pem cannot be read"},
      {"no authority", with_tls, half, kUsage, "TLS needs all three"},
  };
  for (const Row& row : rows) {
    const Ran ran = Ask(row.address, row.tls);
    EXPECT_EQ(ran.exit_code, row.want_exit_code) << row.name << "\n" << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(row.want_error)) << row.name;
    EXPECT_EQ(ran.out, "") << row.name;
    EXPECT_THAT(ran.err, testing::Not(HasSubstr("ssl_transport_security"))) << row.name << ": no log of gRPC's";
  }
}

TEST_F(CertsCommandTest, AServerCalledByANameThatItsCertificateDoesNotHaveIsSaid) {
  MakeCertificates("certs");
  MusterDone({"certs", "issue", Path("certs"), "--host", "muster.example", "--replace"});
  const Ran ran = Ask(StartServer(ServerTls("certs")), ClientTls("certs", "force-kent"));
  EXPECT_EQ(ran.exit_code, kUnreachable);
  EXPECT_THAT(ran.err, HasSubstr("The server's certificate is for other names"));
}

TEST_F(CertsCommandTest, FilesMayComeFromTheEnvironment) {
  MakeCertificates("certs");
  const std::string address = StartServer(ServerTls("certs"));
  setenv("MUSTER_SERVER", address.c_str(), 1);
  setenv("MUSTER_TLS_CERTIFICATE", Path("certs/force-kent.pem").c_str(), 1);
  setenv("MUSTER_TLS_KEY", Path("certs/force-kent-key.pem").c_str(), 1);
  setenv("MUSTER_TLS_CA", Path("certs/ca.pem").c_str(), 1);
  const Ran asked = Muster({"catalogue", "regions"});
  setenv("MUSTER_TLS_KEY", Path("certs/gone-key.pem").c_str(), 1);
  const Ran broken = Muster({"catalogue", "regions"});
  const Ran local = Muster({"completion", "bash"});
  for (const char* const name : {"MUSTER_SERVER", "MUSTER_TLS_CERTIFICATE", "MUSTER_TLS_KEY", "MUSTER_TLS_CA"}) {
    unsetenv(name);
  }
  EXPECT_EQ(asked.exit_code, kDone) << asked.err;
  EXPECT_EQ(broken.exit_code, kFailed);
  EXPECT_THAT(broken.err, HasSubstr("gone-key.pem"));
  EXPECT_EQ(local.exit_code, kDone) << "what needs no server needs no certificate: " << local.err;
}

TEST_F(CertsCommandTest, AServerThatWouldBeOpenToTheNetworkWithoutTlsDoesNotStart) {
  MakeCertificates("certs");
  const auto start = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--store", Path("store")});
    MusterdProcess process(arguments, Path("log"));
    EXPECT_EQ(process.WaitUntilListening(), "");
    EXPECT_EQ(process.WaitUntilEnded(), 1);
    return process.Log();
  };
  EXPECT_THAT(start({"--listen", "0.0.0.0:0"}), HasSubstr("without TLS the server listens on loopback only"));
  std::vector<std::string> tls = ServerTls("certs");
  EXPECT_THAT(start({"--listen", "0.0.0.0:0", "--tls-certificate", tls[1], "--tls-key", tls[3]}),
              HasSubstr("missing: --tls-ca, --trust-domain"));
  tls.insert(tls.end(), {"--listen", "0.0.0.0:0"});
  std::vector<std::string> arguments = {"--store", Path("store")};
  arguments.insert(arguments.end(), tls.begin(), tls.end());
  MusterdProcess open(arguments, Path("log-open"));
  const std::string address = open.WaitUntilListening();
  ASSERT_THAT(address, testing::StartsWith("0.0.0.0:"));
  const Ran asked =
      Ask(absl::StrCat("127.0.0.1", address.substr(address.rfind(':'))), ClientTls("certs", "force-kent"));
  EXPECT_EQ(asked.exit_code, kDone) << asked.err;
}

}  // namespace
}  // namespace muster
