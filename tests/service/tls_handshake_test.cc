// Whom the handshake lets in. The client is OpenSSL's, because gRPC's own cannot be told to do it wrong.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <string>

#include "absl/strings/numbers.h"
#include "grpc/support/log.h"
#include "tests/service/raw_http2.h"
#include "tests/service/tls_fixture.h"

namespace muster {
namespace {

// A connection to an address of this machine. Reads end with an error if nothing comes for long.
class Socket {
 public:
  explicit Socket(const std::string& address) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    const timeval patience = {.tv_sec = kCallDeadline.count(), .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Socket() { close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

struct Attempt {
  const KeyAndCertificate* own = nullptr;  // Shown, unless it is nullptr.
  int min_version = TLS1_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string sent = {};  // After the handshake.
  int answer_bytes = 1;   // That are waited for.
};

// Connects, and waits for the first that the server says after the handshake: with TLS 1.3 it refuses a certificate
// only then. "" if it says so many bytes; otherwise what OpenSSL says of it.
std::string Handshake(const std::string& address, const Attempt& attempt) {
  ERR_clear_error();
  const OpenSslHandle<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), attempt.min_version);
  SSL_CTX_set_max_proto_version(context.get(), attempt.max_version);
  EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0"), 1);  // Or this client would not do old TLS.
  const std::array<unsigned char, 3> http2 = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), http2.data(), http2.size());
  if (attempt.own != nullptr) {
    const OpenSslHandle<BIO, BIO_free> key_text(BIO_new_mem_buf(attempt.own->key.data(), -1));
    const OpenSslHandle<EVP_PKEY, EVP_PKEY_free> key(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    EXPECT_EQ(SSL_CTX_use_certificate(context.get(), Certificate::ReadPem(attempt.own->certificate)->front().x509()),
              1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.get()), 1);
  }
  const Socket socket(address);
  const OpenSslHandle<SSL, SSL_free> connection(SSL_new(context.get()));
  SSL_set_fd(connection.get(), socket.descriptor());
  if (SSL_connect(connection.get()) != 1) return "handshake: " + OpenSslError();
  if (!attempt.sent.empty()) {
    EXPECT_EQ(SSL_write(connection.get(), attempt.sent.data(), static_cast<int>(attempt.sent.size())),
              static_cast<int>(attempt.sent.size()));
  }
  for (int left = attempt.answer_bytes; left > 0; --left) {
    char byte = 0;
    if (SSL_read(connection.get(), &byte, 1) != 1) return "after the handshake: " + OpenSslError();
  }
  return "";
}

// What gRPC's core logs as an error. It tells the client nothing, it hangs up.
class CoreLog {
 public:
  CoreLog() {
    Texts().clear();
    gpr_set_log_function([](gpr_log_func_args* line) {
      if (line->severity != GPR_LOG_SEVERITY_ERROR) return;
      const std::lock_guard<std::mutex> lock(Mutex());
      Texts() += line->message;
    });
  }
  ~CoreLog() { gpr_set_log_function(nullptr); }
  CoreLog(const CoreLog&) = delete;
  CoreLog& operator=(const CoreLog&) = delete;

  static std::string Text() {
    const std::lock_guard<std::mutex> lock(Mutex());
    return Texts();
  }

 private:
  static std::mutex& Mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::string& Texts() {
    static std::string texts;
    return texts;
  }
};

class TlsHandshakeTest : public testing::Test {
 protected:
  std::string Try(const Attempt& attempt) const { return Handshake(server_.address(), attempt); }
  // Neither OpenSSL's client nor gRPC's gets an answer, and the server knows why.
  void ExpectRefused(const Attempt& attempt, const std::string& why) const {
    const CoreLog log;
    EXPECT_NE(Try(attempt), "");
    EXPECT_TRUE(WaitUntil([&] { return log.Text().find(why) != std::string::npos; })) << log.Text();
  }
  void ExpectCertificateRefused(const KeyAndCertificate& own, const std::string& why) const {
    ExpectRefused({.own = &own}, why);
    ExpectRefused({.own = &own, .max_version = TLS1_2_VERSION}, why);
    const std::unique_ptr<Client> client = server_.Connect(own);
    EXPECT_EQ(CallAs(*client).error_code(), grpc::UNAVAILABLE);
  }

  const TlsServer server_;
  const KeyAndCertificate kent_ = IssueToForce(server_.authority(), "kent");
};

TEST_F(TlsHandshakeTest, AGoodCertificateIsTakenWithTls12And13) {
  EXPECT_EQ(Try({.own = &kent_}), "");
  EXPECT_EQ(Try({.own = &kent_, .max_version = TLS1_2_VERSION}), "");
  EXPECT_EQ(Try({.own = &kent_, .min_version = TLS1_3_VERSION}), "");
  const std::unique_ptr<Client> client = server_.Connect(kent_);
  EXPECT_THAT(CallAs(*client), IsOkCall());
}

// While its store opens, another server listens there, with the same certificates.
TEST(TlsServerTest, AServerOfAPortThatIsGivenTakesOverFromTheOneThatAnswersWhileItStarts) {
  std::string address;
  {
    const TlsServer earlier;
    address = earlier.address();
  }
  const TlsServer server(std::chrono::milliseconds(10), address);
  EXPECT_EQ(server.address(), address);
  const std::unique_ptr<Client> client = server.Connect(IssueToForce(server.authority(), "kent"));
  EXPECT_THAT(CallAs(*client), IsOkCall());
}

TEST_F(TlsHandshakeTest, OlderTlsIsRefused) {
  ExpectRefused({.own = &kent_, .max_version = TLS1_1_VERSION}, "unsupported protocol");
  ExpectRefused({.own = &kent_, .max_version = TLS1_VERSION}, "unsupported protocol");
}

TEST_F(TlsHandshakeTest, NoCertificateIsRefused) {
  ExpectRefused({}, "peer did not return a certificate");
  ExpectRefused({.max_version = TLS1_2_VERSION}, "peer did not return a certificate");
  const std::unique_ptr<Client> client = server_.Connect({});
  EXPECT_EQ(CallAs(*client).error_code(), grpc::UNAVAILABLE);
}

TEST_F(TlsHandshakeTest, ACertificateOfAnotherAuthorityIsRefused) {
  // One of the same name, which the server has not been told of.
  ExpectCertificateRefused(IssueToForce(NewAuthority(), "kent"), "certificate verify failed");
}

TEST_F(TlsHandshakeTest, ACertificateIsRefusedBeforeAndAfterItsTime) {
  const std::string uri = "spiffe://muster.example/force/kent";
  const absl::Time now = absl::Now();
  ExpectCertificateRefused(IssueTo(server_.authority(), {uri}, {now - absl::Hours(2), now - absl::Seconds(1)}),
                           "certificate verify failed");
  ExpectCertificateRefused(IssueTo(server_.authority(), {uri}, {now + absl::Hours(1), now + absl::Hours(2)}),
                           "certificate verify failed");
}

TEST_F(TlsHandshakeTest, TheCertificateOfAServerIsNoCallers) {
  ExpectCertificateRefused(IssueToServer(server_.authority()), "certificate verify failed");
}

TEST_F(TlsHandshakeTest, PlainTextIsRefused) {
  Client plain(server_.address());
  EXPECT_EQ(CallAs(plain).error_code(), grpc::UNAVAILABLE);
  // Nor is a word of HTTP/2 said to who speaks it in the clear: all there is, is a TLS alert or the end.
  const Socket socket(server_.address());
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  ASSERT_EQ(send(socket.descriptor(), preface.data(), preface.size(), 0), static_cast<ssize_t>(preface.size()));
  std::string heard(256, '\0');
  const ssize_t count = recv(socket.descriptor(), heard.data(), heard.size(), 0);
  EXPECT_TRUE(count <= 0 || heard[0] == '\x15') << "it said " << count << " bytes";
}

// CVE-2023-1428 and its like: with TLS the packaged gRPC may look at more of the headers than without.
TEST_F(TlsHandshakeTest, NoHeaderEndsTheServer) {
  for (const auto& [name, value] : HeaderList{{"grpclb_client_stats", "x"},
                                              {"te", "x"},
                                              {":scheme", "x"},
                                              {"x-bin", "no base64, no base64"},
                                              {"grpc-timeout", "x"},
                                              {"grpc-status", "x"},
                                              {"grpc-retry-pushback-ms", "x"},
                                              {"lb-cost-bin", "x"},
                                              {":status", "x"}}) {
    for (const char* const path : {"/muster.v1.CatalogueService/GetCatalogue", "/grpc.health.v1.Health/Check"}) {
      SCOPED_TRACE(name);
      HeaderList headers = CallHeaders(path);
      std::erase_if(headers, [name = name](const auto& header) { return header.first == name; });
      headers.emplace_back(name, value);
      // What it says first are its settings, some 60 bytes with what belongs to them: more is an answer.
      EXPECT_EQ(Try({.own = &kent_, .sent = BytesOfCall(headers), .answer_bytes = 70}), "");
      EXPECT_THAT(CallAs(*server_.Connect(kent_)), IsOkCall());
    }
  }
}

}  // namespace
}  // namespace muster
