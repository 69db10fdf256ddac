// What the metrics say of calls, results and the state of the server; and that no caller can make them many.
#include "service/metrics.h"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "grpcpp/generic/generic_stub.h"
#include "service/metrics_listener.h"
#include "tests/service/http_get.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// One of each: `name{label="value",…}` and its value.
using Samples = std::map<std::string, double>;

Samples Scrape(const std::string& address) {
  Samples samples;
  for (const absl::string_view split : absl::StrSplit(HttpGet(address, "/metrics"), '\n')) {
    const std::string line(split);
    const size_t end = line.rfind(' ');
    double value = 0;
    if (line.empty() || line.front() == '#' || end == std::string::npos) continue;
    if (!absl::SimpleAtod(line.substr(end + 1), &value)) continue;
    EXPECT_TRUE(samples.emplace(line.substr(0, end), value).second) << "twice: " << line;
  }
  return samples;
}

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    ServerOptions options;
    options.store_directory = folder_.Path("store");
    options.listen_address = "127.0.0.1:0";
    options.metrics_listen_address = "127.0.0.1:0";
    options.catalogue = ShippedCatalogue();
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<Client>(server_->address());
  }

  // A call is counted before its answer is sent.
  Samples Scrape() { return muster::Scrape(server_->metrics_address()); }
  double Value(const std::string& sample) {
    const Samples samples = Scrape();
    const auto found = samples.find(sample);
    return found == samples.end() ? -1 : found->second;
  }
  double Ended(const std::string& method, const std::string& code) {
    return Value(absl::StrCat("grpc_server_call_duration_seconds_count{grpc_method=\"", method, "\",grpc_status=\"",
                              code, "\"}"));
  }
  double Started(const std::string& method) {
    return Value(absl::StrCat("grpc_server_call_started_total{grpc_method=\"", method, "\"}"));
  }
  double Results(const std::string& outcome, const std::string& name = "muster_results_total") {
    return Value(absl::StrCat(name, "{outcome=\"", outcome, "\"}"));
  }
  // Makes a call of a method that there may not be.
  grpc::Status CallPath(const std::string& path, const std::string& bytes) {
    grpc::GenericStub stub(client_->channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return status;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

constexpr char kSubmit[] = "muster.v1.IngestService/SubmitResults";
constexpr char kStream[] = "muster.v1.IngestService/StreamResults";

TEST_F(MetricsTest, ACallIsCountedByItsMethodAndCode) {
  EXPECT_EQ(Started(kSubmit), 0) << "before the first call, too";
  client_->SubmitOne(MakeResult("r1", 1, 7));
  client_->SubmitOne(MakeResult("r2", 1, 7));
  v1::SubmitResultsResponse response;
  EXPECT_FALSE(client_->TrySubmit(v1::SubmitResultsRequest(), &response).ok());
  EXPECT_EQ(Started(kSubmit), 3);
  EXPECT_EQ(Ended(kSubmit, "OK"), 2);
  EXPECT_EQ(Ended(kSubmit, "INVALID_ARGUMENT"), 1);
  EXPECT_EQ(Ended(kSubmit, "NOT_FOUND"), -1) << "a code that nobody got has no series";

  v1::GetResultRequest request;
  request.set_operation(kOctober2021);
  request.set_force("kent");
  request.set_result_id("none");
  v1::GetResultResponse result;
  EXPECT_FALSE(MUSTER_CALL(*client_, ingest, GetResult, request, &result).ok());
  EXPECT_EQ(Ended("muster.v1.IngestService/GetResult", "NOT_FOUND"), 1);
}

TEST_F(MetricsTest, AMessageThatCannotBeReadIsCountedAsItIsAnswered) {
  EXPECT_EQ(CallPath("/muster.v1.TotalsService/GetCoverage", "\xff").error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(Ended("muster.v1.TotalsService/GetCoverage", "INVALID_ARGUMENT"), 1);
  EXPECT_EQ(Ended("muster.v1.TotalsService/GetCoverage", "UNIMPLEMENTED"), -1);
}

TEST_F(MetricsTest, ACallTakesAsLongAsItTook) {
  const auto begin = std::chrono::steady_clock::now();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client_->ingest->StreamResults(&context);
  v1::StreamResultsRequest message;
  *message.add_results() = MakeResult("r1", 1, 7);
  ASSERT_TRUE(stream->Write(message));
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  constexpr std::chrono::milliseconds kOpen{20};
  const auto read = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - read < kOpen) std::this_thread::yield();
  EXPECT_EQ(Started(kStream), 1);
  EXPECT_EQ(Ended(kStream, "OK"), -1) << "it goes on";
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), IsOkCall());
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(Ended(kStream, "OK"), 1);
  const std::string labels = absl::StrCat("grpc_method=\"", kStream, "\",grpc_status=\"OK\"");
  const double sum = Value(absl::StrCat("grpc_server_call_duration_seconds_sum{", labels, "}"));
  EXPECT_GE(sum, 0.02);
  EXPECT_LE(sum, took);
  EXPECT_EQ(Value(absl::StrCat("grpc_server_call_duration_seconds_bucket{", labels, ",le=\"0.016\"}")), 0);
  EXPECT_EQ(Value(absl::StrCat("grpc_server_call_duration_seconds_bucket{", labels, ",le=\"+Inf\"}")), 1);
}

TEST_F(MetricsTest, ACallThatItsClientGaveUpIsCancelled) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client_->ingest->StreamResults(&context);
  v1::StreamResultsRequest message;
  *message.add_results() = MakeResult("r1", 1, 7);
  ASSERT_TRUE(stream->Write(message));
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);
  const auto deadline = std::chrono::steady_clock::now() + kCallDeadline;
  while (Ended(kStream, "CANCELLED") < 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(Ended(kStream, "CANCELLED"), 1);
  EXPECT_EQ(Ended(kStream, "OK"), -1);
}

TEST_F(MetricsTest, ResultsAreCountedByOutcomeAndWhatIsValidatedOnlyApart) {
  v1::OperationResult rejected = MakeResult("r4", 1, 7);
  rejected.set_force("no-such-force");
  client_->Submit({MakeResult("r1", 1, 7), MakeResult("r2", 1, 7), MakeResult("r3", 1, 7), rejected});
  client_->Submit({MakeResult("r1", 1, 7), MakeResult("r1", 1, 8), MakeResult("r2", 2, 9), MakeRetraction("r3", 2)});
  client_->Submit({MakeResult("r2", 1, 7)});
  client_->Submit({MakeResult("new", 1, 7), rejected}, /*validate_only=*/true);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client_->ingest->StreamResults(&context);
  v1::StreamResultsRequest message;
  *message.add_results() = MakeResult("s1", 1, 7);
  *message.add_results() = rejected;
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream->Write(message));
  ASSERT_TRUE(stream->Read(&answer));
  message.set_validate_only(true);
  ASSERT_TRUE(stream->Write(message));
  ASSERT_TRUE(stream->Read(&answer));
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), IsOkCall());

  const std::map<std::string, double> want = {{"accepted", 4}, {"duplicate", 1}, {"revised", 1}, {"retracted", 1},
                                              {"conflict", 1}, {"stale", 1},     {"rejected", 2}};
  for (const auto& [outcome, count] : want) EXPECT_EQ(Results(outcome), count) << outcome;
  const std::map<std::string, double> want_validated = {
      {"accepted", 1}, {"duplicate", 1}, {"revised", 0}, {"rejected", 2}};
  for (const auto& [outcome, count] : want_validated) {
    EXPECT_EQ(Results(outcome, "muster_results_validated_total"), count) << outcome;
  }
}

TEST_F(MetricsTest, TheStateOfTheServerIsRead) {
  const Samples before = Scrape();
  EXPECT_EQ(before.at("muster_state{state=\"serving\"}"), 1);
  EXPECT_EQ(before.at("muster_state{state=\"starting\"}"), 0);
  EXPECT_EQ(before.at("muster_log_position"), 0);
  EXPECT_EQ(before.at("muster_sync_seconds_count"), 0);
  client_->Submit({MakeResult("r1", 1, 7), MakeResult("r2", 1, 7), MakeResult("r3", 1, 7)});
  const Samples after = Scrape();
  EXPECT_EQ(after.at("muster_log_position"), 3);
  EXPECT_EQ(after.at("muster_sync_seconds_count"), 1);
  EXPECT_GT(after.at("muster_sync_seconds_sum"), 0);
  EXPECT_EQ(after.at("muster_group_results_sum"), 3);
  EXPECT_EQ(after.at("muster_group_results_count"), 1);
  EXPECT_GE(after.at("muster_checkpoint_lag_entries"), 0);
  EXPECT_EQ(after.at("muster_queue_bytes"), 0);
  EXPECT_GT(after.at("muster_queue_limit_bytes"), 0);
  EXPECT_GE(after.at("muster_store_bytes{part=\"buffered\"}"), before.at("muster_store_bytes{part=\"buffered\"}"));
  EXPECT_GT(after.at("muster_disk_free_bytes"), 0);
  EXPECT_EQ(after.at("muster_scrub_mismatches_total"), 0);
  EXPECT_GT(after.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(after.at("process_open_fds"), 3);
  EXPECT_GT(after.at("process_start_time_seconds"), 1.7e9);
}

TEST_F(MetricsTest, EveryMethodThatThereIsHasALabelOfItsOwn) {
  std::set<std::string> want = {"other", "grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch",
                                "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* const file : {"muster/v1/ingest_service.proto", "muster/v1/totals_service.proto",
                                 "muster/v1/catalogue_service.proto", "muster/v1/store_service.proto"}) {
    const google::protobuf::FileDescriptor* const descriptor = pool->FindFileByName(file);
    ASSERT_NE(descriptor, nullptr) << file;
    for (int service = 0; service < descriptor->service_count(); ++service) {
      for (int method = 0; method < descriptor->service(service)->method_count(); ++method) {
        want.insert(absl::StrCat(descriptor->service(service)->full_name(), "/",
                                 descriptor->service(service)->method(method)->name()));
      }
    }
  }
  std::set<std::string> found;
  const std::string prefix = "grpc_server_call_started_total{grpc_method=\"";
  for (const auto& [sample, value] : Scrape()) {
    if (sample.rfind(prefix, 0) == 0) found.insert(sample.substr(prefix.size(), sample.size() - prefix.size() - 2));
  }
  EXPECT_EQ(found, want);
}

TEST_F(MetricsTest, NothingThatACallerSaysMakesAnotherSeries) {
  client_->SubmitOne(MakeResult("r1", 1, 7));
  EXPECT_EQ(CallPath("/no.such.Service/Method", "").error_code(), grpc::UNIMPLEMENTED);
  v1::OperationResult unknown = MakeResult("r0", 1, 7);
  unknown.set_force("unknown");
  client_->SubmitOne(unknown);
  const size_t before = Scrape().size();
  constexpr int kCallers = 50;
  for (int index = 0; index < kCallers; ++index) {
    EXPECT_EQ(CallPath(absl::StrCat("/muster.v1.IngestService/Submit", index), "").error_code(), grpc::UNIMPLEMENTED);
    EXPECT_EQ(CallPath(absl::StrCat("/no.such.Service", index, "/Method"), "").error_code(), grpc::UNIMPLEMENTED);
    unknown.set_force(absl::StrCat("unknown-", index));
    unknown.set_operation(absl::StrCat("unknown-", index));
    unknown.mutable_figures(0)->set_metric(absl::StrCat("unknown-", index));
    client_->SubmitOne(unknown);
    client_->SubmitOne(MakeResult(absl::StrCat("id-", index), 1, index, index % 2 == 0 ? "kent" : "essex"));
  }
  EXPECT_EQ(Ended("other", "UNIMPLEMENTED"), 2 * kCallers + 1);
  EXPECT_EQ(Scrape().size(), before);
}

TEST_F(MetricsTest, MetricsAreAllThatIsServedThere) {
  EXPECT_THAT(HttpGet(server_->metrics_address(), "/metrics"), HasSubstr(" 200 OK\r\n"));
  EXPECT_THAT(HttpGet(server_->metrics_address(), "/"), HasSubstr(" 404 Not Found\r\n"));
  EXPECT_THAT(HttpGet(server_->metrics_address(), "/../etc/passwd"), HasSubstr(" 404 Not Found\r\n"));
  EXPECT_THAT(server_->metrics_address(), StartsWith("127.0.0.1:"));
}

TEST_F(MetricsTest, AfterAStopNothingIsReadThatIsGone) {
  server_->Stop();
  const Samples samples = Scrape();
  EXPECT_EQ(samples.at("muster_state{state=\"draining\"}"), 1);
  EXPECT_EQ(samples.count("muster_log_position"), 0);
}

struct AddressCase {
  std::string name;
  std::string address;
  absl::StatusCode want;
  friend void PrintTo(const AddressCase& row, std::ostream* out) { *out << row.name; }
};

class MetricsAddressTest : public testing::TestWithParam<AddressCase> {};

TEST_P(MetricsAddressTest, IsTakenOrRefused) {
  const auto listener =
      MetricsListener::Start(GetParam().address, std::make_shared<Metrics>(std::vector<std::string>{}));
  EXPECT_EQ(listener.status().code(), GetParam().want) << listener.status();
}

INSTANTIATE_TEST_SUITE_P(Addresses, MetricsAddressTest,
                         testing::ValuesIn<AddressCase>({
                             {"Loopback", "127.0.0.1:0", absl::StatusCode::kOk},
                             {"Name", "localhost:0", absl::StatusCode::kOk},
                             {"EveryAddress", "0.0.0.0:0", absl::StatusCode::kInvalidArgument},
                             {"EveryAddressOfSix", "[::]:0", absl::StatusCode::kInvalidArgument},
                             {"OfTheNetwork", "192.0.2.1:9464", absl::StatusCode::kInvalidArgument},
                             {"NoPort", "127.0.0.1", absl::StatusCode::kInvalidArgument},
                             {"PortAlone", "9464", absl::StatusCode::kInvalidArgument},
                             {"PortBeyondAll", "127.0.0.1:65536", absl::StatusCode::kInvalidArgument},
                             {"MoreThanAnAddress", "127.0.0.1:0,0.0.0.0:0", absl::StatusCode::kInvalidArgument},
                             {"Empty", "", absl::StatusCode::kInvalidArgument},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(MetricsListenerTest, AnAddressThatIsTakenIsRefused) {
  const auto metrics = std::make_shared<Metrics>(std::vector<std::string>{});
  const auto first = MetricsListener::Start("127.0.0.1:0", metrics);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = MetricsListener::Start((*first)->address(), metrics);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr((*first)->address()));
}

TEST(CertificateTest, ItsEndIsShownOnceItIsKnown) {
  const auto metrics = std::make_shared<Metrics>(std::vector<std::string>{});
  const auto listener = MetricsListener::Start("127.0.0.1:0", metrics);
  ASSERT_TRUE(listener.ok()) << listener.status();
  const std::string sample = "muster_certificate_expiry_timestamp_seconds{certificate=\"server\"}";
  EXPECT_EQ(Scrape((*listener)->address()).count(sample), 0);
  MetricReadings readings;
  metrics->SetReader([&readings] { return readings; });
  EXPECT_EQ(Scrape((*listener)->address()).count(sample), 0) << "there is none without TLS";
  readings.certificate_expiry = std::chrono::system_clock::from_time_t(2'000'000'000);
  EXPECT_EQ(Scrape((*listener)->address()).at(sample), 2e9);
  readings.certificate_expiry = std::chrono::system_clock::from_time_t(2'000'000'001);
  EXPECT_EQ(Scrape((*listener)->address()).at(sample), 2'000'000'001.0) << "it is read for every scrape";
  metrics->SetReader(nullptr);
}

TEST(HistogramTest, AValueIsInTheFirstBucketWhoseBoundIsNotBelowIt) {
  const std::vector<int64_t> bounds = {10, 20, 40};
  Histogram histogram(&bounds, 0.5);
  EXPECT_TRUE(histogram.empty());
  for (const int64_t value : {0, 10, 11, 20, 41, 1'000}) histogram.Add(value);
  EXPECT_FALSE(histogram.empty());
  const prometheus::ClientMetric metric = histogram.Collect();
  std::vector<uint64_t> counts;
  std::vector<double> upper_bounds;
  for (const auto& bucket : metric.histogram.bucket) {
    counts.push_back(bucket.cumulative_count);
    upper_bounds.push_back(bucket.upper_bound);
  }
  EXPECT_THAT(counts, testing::ElementsAre(2, 4, 4));
  EXPECT_THAT(upper_bounds, testing::ElementsAre(5, 10, 20));
  EXPECT_EQ(metric.histogram.sample_count, 6);
  EXPECT_EQ(metric.histogram.sample_sum, 541);
}

}  // namespace
}  // namespace muster
