// A certificate that was revoked, or has expired, gets nothing more: on new connections, on those that stand, and in
// the middle of a stream. At the pace of the real server.
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "tests/service/tls_fixture.h"

namespace muster {
namespace {

using std::chrono::steady_clock;

// Within so long a revoked certificate is refused.
constexpr std::chrono::seconds kPromise{10};

// A stream that stands for as long as it may.
class StandingStream {
 public:
  StandingStream(Client& client, std::string force) : force_(std::move(force)) {
    context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    stream_ = client.ingest->StreamResults(&context_);
  }

  // Sends one result and waits for its receipt; false if the stream has ended.
  bool Submit() {
    v1::StreamResultsRequest request;
    *request.add_results() = MakeResult("r", ++revision_, 1, force_);
    v1::StreamResultsResponse response;
    return stream_->Write(request) && stream_->Read(&response);
  }
  // Waits, sending nothing, until the server ends it.
  grpc::Status WaitForEnd() {
    v1::StreamResultsResponse response;
    EXPECT_FALSE(stream_->Read(&response));
    return stream_->Finish();
  }
  void HalfClose() { stream_->WritesDone(); }

 private:
  const std::string force_;
  int64_t revision_ = 0;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamResultsRequest, v1::StreamResultsResponse>> stream_;
};

// A watch of a force's own totals.
class StandingWatch {
 public:
  StandingWatch(Client& client, const std::string& force) {
    context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    v1::WatchTotalsRequest request;
    request.mutable_query()->add_forces(force);
    request.mutable_query()->add_group_by(v1::GROUP_BY_FORCE);
    stream_ = client.totals->WatchTotals(&context_, request);
  }

  bool Next() {
    v1::WatchTotalsResponse response;
    return stream_->Read(&response);
  }
  grpc::Status WaitForEnd() {
    while (Next()) {
    }
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchTotalsResponse>> stream_;
};

class TlsRevocationTest : public testing::Test {
 protected:
  const TlsServer server_{kTlsReloadInterval};
  const CertificateAuthority& authority_ = server_.authority();
};

TEST_F(TlsRevocationTest, ARevokedCertificateIsRefusedEverywhereWithinTenSecondsWhileAGoodOneGoesOn) {
  const KeyAndCertificate lost = IssueToForce(authority_, "surrey");
  const KeyAndCertificate good = IssueToForce(authority_, "kent");
  const std::unique_ptr<Client> standing = server_.Connect(lost);
  ASSERT_THAT(CallAs(*standing), IsOkCall());
  const std::unique_ptr<Client> of_stream = server_.Connect(lost);
  StandingStream lost_stream(*of_stream, "surrey");
  ASSERT_TRUE(lost_stream.Submit());
  StandingWatch lost_watch(*standing, "surrey");
  ASSERT_TRUE(lost_watch.Next());
  const std::unique_ptr<Client> of_good_stream = server_.Connect(good);
  StandingStream good_stream(*of_good_stream, "kent");
  ASSERT_TRUE(good_stream.Submit());

  std::atomic<bool> stop = false;
  std::atomic<int> good_calls = 0;
  std::thread good_caller([&] {
    const std::unique_ptr<Client> client = server_.Connect(good);
    for (; !stop; ++good_calls) EXPECT_THAT(CallAs(*client), IsOkCall());
  });

  const auto begin = steady_clock::now();
  TlsServer::Write(server_.options().crl_file, CrlOf(authority_, {lost}, 2));
  const auto took = [begin] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
  };
  EXPECT_TRUE(WaitUntil([&] { return !CallAs(*standing).ok(); }));
  const auto standing_took = took();
  EXPECT_THAT(CallAs(*standing), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_REVOKED"));
  EXPECT_THAT(CallAs(*server_.Connect(lost)), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_REVOKED"));
  const auto new_took = took();
  EXPECT_THAT(lost_stream.WaitForEnd(), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_REVOKED"));
  EXPECT_THAT(lost_watch.WaitForEnd(), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_REVOKED"));
  const auto stream_took = took();
  std::cout << "refused after " << standing_took.count() << " ms on a standing connection, at " << new_took.count()
            << " ms on a new one, and its stream ended at " << stream_took.count() << " ms; meanwhile " << good_calls
            << " calls of a good client" << std::endl;
  EXPECT_LT(standing_took, kPromise);
  EXPECT_LT(new_took, kPromise);
  EXPECT_LT(stream_took, kPromise);

  EXPECT_TRUE(good_stream.Submit());
  good_stream.HalfClose();
  EXPECT_THAT(good_stream.WaitForEnd(), IsOkCall());
  stop = true;
  good_caller.join();
  EXPECT_GT(good_calls, 0);
}

TEST_F(TlsRevocationTest, ACertificateThatExpiresIsRefusedOnConnectionsThatStand) {
  const KeyAndCertificate brief = IssueTo(authority_, {"spiffe://muster.example/force/kent"},
                                          {absl::Now() - absl::Hours(1), absl::Now() + absl::Seconds(2)});
  const std::unique_ptr<Client> standing = server_.Connect(brief);
  ASSERT_THAT(CallAs(*standing), IsOkCall());
  StandingStream stream(*standing, "kent");
  ASSERT_TRUE(stream.Submit());
  EXPECT_THAT(stream.WaitForEnd(), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_EXPIRED"));
  EXPECT_THAT(CallAs(*standing), FailsWith(grpc::UNAUTHENTICATED, "CERTIFICATE_EXPIRED"));
}

}  // namespace
}  // namespace muster
