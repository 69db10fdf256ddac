// Health, as a whole and by service; and what an error from within becomes before it leaves.
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/errors.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class HealthTest : public ServerTest, public testing::WithParamInterface<std::string> {
 protected:
  // A context of one call, with a deadline.
  struct Context : grpc::ClientContext {
    Context() { set_deadline(std::chrono::system_clock::now() + kCallDeadline); }
  };
  std::unique_ptr<grpc::health::v1::Health::Stub> health_ = grpc::health::v1::Health::NewStub(client().channel);
};

TEST_P(HealthTest, SaysThatItServes) {
  Context context;
  HealthCheckRequest request;
  request.set_service(GetParam());
  HealthCheckResponse response;
  ASSERT_THAT(health_->Check(&context, request, &response), IsOkCall());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
}

TEST_P(HealthTest, SaysThatItServesNoMoreBeforeItStops) {
  Context context;
  HealthCheckRequest request;
  request.set_service(GetParam());
  const auto watch = health_->Watch(&context, request);
  HealthCheckResponse state;
  ASSERT_TRUE(watch->Read(&state));
  EXPECT_EQ(state.status(), HealthCheckResponse::SERVING);
  std::thread stop([this] { StopServer(); });
  EXPECT_TRUE(watch->Read(&state));
  EXPECT_EQ(state.status(), HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
  stop.join();
}

INSTANTIATE_TEST_SUITE_P(Services, HealthTest,
                         testing::Values("", "muster.v1.IngestService", "muster.v1.TotalsService",
                                         "muster.v1.CatalogueService", "muster.v1.StoreService"),
                         [](const auto& row) {
                           return row.param.empty() ? "Whole" : row.param.substr(row.param.rfind('.') + 1);
                         });

using HealthOfAnotherTest = HealthTest;

TEST_F(HealthOfAnotherTest, AServiceThatIsNotHereIsNotFound) {
  Context context;
  HealthCheckRequest request;
  request.set_service("muster.v1.PublicationService");
  HealthCheckResponse response;
  EXPECT_EQ(health_->Check(&context, request, &response).error_code(), grpc::NOT_FOUND);
}

// What a status from below becomes.
struct InnerStatus {
  std::string name;
  absl::Status status;
  std::string reason;
  bool may_retry;
  bool is_hidden;
  friend void PrintTo(const InnerStatus& row, std::ostream* out) { *out << row.name; }
};

class InnerStatusTest : public testing::TestWithParam<InnerStatus> {};

TEST_P(InnerStatusTest, GetsItsReasonAndKeepsWhatIsNotForCallers) {
  const grpc::Status status = ToGrpcStatus(GetParam().status);
  EXPECT_EQ(status.error_code(), static_cast<grpc::StatusCode>(GetParam().status.code()));
  const RichError error = ErrorOf(status);
  EXPECT_EQ(error.reason, GetParam().reason);
  EXPECT_EQ(error.has_retry, GetParam().may_retry);
  EXPECT_THAT(error.violations, IsEmpty());
  if (GetParam().is_hidden) {
    EXPECT_THAT(error.message, Not(HasSubstr("/data/store")));
    EXPECT_THAT(error.message, HasSubstr("call-"));
  } else {
    EXPECT_THAT(error.message, HasSubstr("/data/store"));
  }
}

INSTANTIATE_TEST_SUITE_P(Codes, InnerStatusTest,
                         testing::ValuesIn<InnerStatus>({
                             {"QueueFull", absl::ResourceExhaustedError("/data/store"), "QUEUE_FULL", true, false},
                             {"DiskRefused", absl::UnavailableError("/data/store"), "STORE_UNAVAILABLE", true, false},
                             {"TotalTooLarge", absl::OutOfRangeError("/data/store"), "TOTAL_TOO_LARGE", false, false},
                             {"Corrupt", absl::DataLossError("/data/store"), "STORE_CORRUPT", false, true},
                             {"Internal", absl::InternalError("/data/store"), "INTERNAL", false, true},
                             {"Unknown", absl::UnknownError("/data/store"), "INTERNAL", false, true},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(ErrorsTest, TwoFaultsOfTheServerHaveTwoNames) {
  const absl::Status fault = absl::InternalError("a fault");
  EXPECT_NE(ToGrpcStatus(fault).error_message(), ToGrpcStatus(fault).error_message());
}

TEST(ErrorsTest, NoErrorIsNoError) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

}  // namespace
}  // namespace muster
