#include "tests/service/tls_fixture.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/spdlog.h"

namespace muster {

Validity ValidNow() { return {absl::Now() - absl::Hours(1), absl::Now() + absl::Hours(24 * 30)}; }

CertificateAuthority NewAuthority() {
  absl::StatusOr<CertificateAuthority> authority =
      CertificateAuthority::Create(kTrustDomain, {absl::Now() - absl::Hours(48), absl::Now() + absl::Hours(24 * 60)});
  if (!authority.ok()) throw std::runtime_error(authority.status().ToString());
  return *std::move(authority);
}

namespace {

KeyAndCertificate Issue(const CertificateAuthority& authority, const CertificateWish& wish) {
  absl::StatusOr<KeyAndCertificate> issued = authority.Issue(wish);
  if (!issued.ok()) throw std::runtime_error(issued.status().ToString());
  return *std::move(issued);
}

}  // namespace

KeyAndCertificate IssueTo(const CertificateAuthority& authority, const std::vector<std::string>& uris,
                          const Validity& validity) {
  CertificateWish wish;
  wish.common_name = "A caller";
  wish.uris = uris;
  wish.validity = validity;
  return Issue(authority, wish);
}

KeyAndCertificate IssueToForce(const CertificateAuthority& authority, const std::string& force) {
  return IssueTo(authority, {absl::StrCat("spiffe://", kTrustDomain, "/force/", force)});
}

KeyAndCertificate IssueToServer(const CertificateAuthority& authority, const Validity& validity) {
  CertificateWish wish;
  wish.common_name = "The server";
  wish.ip_addresses = {"127.0.0.1"};
  wish.for_server = true;
  wish.validity = validity;
  return Issue(authority, wish);
}

std::string SerialOf(const KeyAndCertificate& pem) { return Certificate::ReadPem(pem.certificate)->front().serial(); }

std::string CrlOf(const CertificateAuthority& authority, const std::vector<KeyAndCertificate>& revoked,
                  int64_t number) {
  RevokedCertificates list;
  list.crl_number = number - 1;
  for (const KeyAndCertificate& pem : revoked) list.by_serial[SerialOf(pem)] = absl::Now();
  absl::StatusOr<std::string> crl = authority.SignCrl(list, absl::Now() - absl::Hours(1), absl::Now() + absl::Hours(1));
  if (!crl.ok()) throw std::runtime_error(crl.status().ToString());
  return *std::move(crl);
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const KeyAndCertificate& own, const std::string& ca) {
  return grpc::SslCredentials({ca, own.key, own.certificate});
}

grpc::Status CallAs(Client& client) {
  v1::GetCoverageResponse response;
  return MUSTER_CALL(client, totals, GetCoverage, v1::GetCoverageRequest(), &response);
}

bool WaitUntil(const std::function<bool()>& done, std::chrono::seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

namespace {

class MemorySink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string Text() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return text_;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    text_.append(line.payload.data(), line.payload.size());
    text_.push_back('\n');
  }
  void flush_() override {}

  std::string text_;  // Guarded by mutex_.
};

// Logs there for good: a thread may be logging whenever the logger would be replaced.
MemorySink& LogSink() {
  static const std::shared_ptr<MemorySink> sink = [] {
    auto made = std::make_shared<MemorySink>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", made));
    return made;
  }();
  return *sink;
}

}  // namespace

CapturedLog::CapturedLog() : begin_(LogSink().Text().size()) {}

std::string CapturedLog::Text() const { return LogSink().Text().substr(begin_); }

bool CapturedLog::WaitFor(const std::vector<std::string>& words) const {
  return WaitUntil([&] {
    for (const absl::string_view line : absl::StrSplit(Text(), '\n')) {
      const bool has_all = std::all_of(words.begin(), words.end(), [line](const std::string& word) {
        return line.find(word) != absl::string_view::npos;
      });
      if (has_all) return true;
    }
    return false;
  });
}

TlsFolder::TlsFolder(std::chrono::milliseconds reload_interval) {
  options_.certificate_file = Path("server.pem");
  options_.key_file = Path("server-key.pem");
  options_.ca_file = Path("ca.pem");
  options_.crl_file = Path("crl.pem");
  options_.trust_domain = kTrustDomain;
  options_.reload_interval = reload_interval;
  WritePair(IssueToServer(authority_));
  Write(options_.ca_file, authority_.pem().certificate);
  Write(options_.crl_file, CrlOf(authority_, {}));
}

void TlsFolder::Write(const std::string& path, const std::string& text) {
  const std::string new_path = path + ".new";
  std::ofstream(new_path, std::ios::binary) << text;
  if (std::rename(new_path.c_str(), path.c_str()) != 0) throw std::runtime_error("cannot write " + path);
}

void TlsFolder::WritePair(const KeyAndCertificate& pair, bool key_first) const {
  if (key_first) Write(options_.key_file, pair.key);
  Write(options_.certificate_file, pair.certificate);
  if (!key_first) Write(options_.key_file, pair.key);
}

TlsServer::TlsServer(std::chrono::milliseconds reload_interval, const std::string& listen_address)
    : TlsFolder(reload_interval) {
  ServerOptions server_options;
  server_options.store_directory = Path("store");
  server_options.listen_address = listen_address;
  server_options.catalogue = ShippedCatalogue();
  server_options.tls = options();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(server_options);
  if (!server.ok()) throw std::runtime_error(server.status().ToString());
  server_ = *std::move(server);
}

std::string TlsServer::ShownSerial(const KeyAndCertificate& own) const {
  const std::unique_ptr<Client> client = Connect(own);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  v1::GetCoverageResponse response;
  const grpc::Status status = client->totals->GetCoverage(&context, v1::GetCoverageRequest(), &response);
  if (!status.ok()) return status.error_message();
  const auto shown = context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (shown.size() != 1) return "no certificate";
  return Certificate::ReadPem({shown[0].data(), shown[0].size()})->front().serial();
}

}  // namespace muster
