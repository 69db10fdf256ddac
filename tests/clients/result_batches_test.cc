#include "clients/cpp/result_batches.h"

#include <ostream>
#include <string>
#include <vector>

#include "clients/cpp/error_details.h"
#include "clients/cpp/receipt_paths.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "muster/v1/ingest_service.pb.h"

namespace muster {

void PrintTo(const ResultBatch& batch, std::ostream* out) { *out << batch.first << "+" << batch.count; }

namespace {

using ::testing::ElementsAre;

constexpr size_t kFramingBytes = 6;

// A result that takes exactly `bytes` in a request, with its framing. 20 to 120.
v1::OperationResult ResultOfBytes(size_t bytes) {
  v1::OperationResult result;
  result.set_reason(std::string(bytes - kFramingBytes - 2, 'x'));  // Its tag and its length take two.
  EXPECT_EQ(result.ByteSizeLong() + kFramingBytes, bytes);
  return result;
}

struct SplitCase {
  std::string name;
  std::vector<size_t> bytes;  // Of each result.
  BatchLimits limits;
  std::vector<ResultBatch> want;
  friend void PrintTo(const SplitCase& row, std::ostream* out) { *out << row.name; }
};

class SplitsResults : public testing::TestWithParam<SplitCase> {};

TEST_P(SplitsResults, AsLargeAsTheLimitsAllow) {
  std::vector<v1::OperationResult> results;
  for (const size_t bytes : GetParam().bytes) results.push_back(ResultOfBytes(bytes));
  const auto batches = SplitIntoBatches(results, GetParam().limits);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(*batches, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Lists, SplitsResults,
                         testing::ValuesIn<SplitCase>({
                             {"Nothing", {}, {3, 100}, {}},
                             {"One", {100}, {3, 100}, {{0, 1}}},
                             {"JustTheCount", {20, 20, 20}, {3, 100}, {{0, 3}}},
                             {"OneOverTheCount", {20, 20, 20, 20}, {3, 100}, {{0, 3}, {3, 1}}},
                             {"TwiceTheCount", {20, 20, 20, 20, 20, 20}, {3, 100}, {{0, 3}, {3, 3}}},
                             {"JustTheBytes", {50, 50}, {3, 100}, {{0, 2}}},
                             {"OneByteOver", {50, 51}, {3, 100}, {{0, 1}, {1, 1}}},
                             {"BytesBeforeCount", {40, 40, 40, 20}, {3, 100}, {{0, 2}, {2, 2}}},
                             {"LargeBetweenSmall", {20, 100, 20}, {3, 100}, {{0, 1}, {1, 1}, {2, 1}}},
                             {"OneAMessage", {20, 20}, {1, 100}, {{0, 1}, {1, 1}}},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(SplitIntoBatchesTest, TheRequestOfABatchFitsTheLimit) {
  // Results whose lengths take one byte, two and three, each filled up to the limit.
  for (const size_t reason_bytes : {1, 100, 300, 20'000}) {
    v1::OperationResult result;
    result.set_reason(std::string(reason_bytes, 'x'));
    const std::vector<v1::OperationResult> results(200, result);
    BatchLimits limits;
    limits.max_bytes = 50'000;
    const auto batches = SplitIntoBatches(results, limits);
    ASSERT_TRUE(batches.ok());
    for (const ResultBatch& batch : *batches) {
      v1::SubmitResultsRequest request;
      for (size_t index = 0; index < batch.count; ++index) *request.add_results() = results[batch.first + index];
      EXPECT_LE(request.ByteSizeLong(), limits.max_bytes);
    }
  }
}

TEST(SplitIntoBatchesTest, EveryResultThatIsTooLargeIsNamed) {
  const std::vector<v1::OperationResult> results = {ResultOfBytes(101), ResultOfBytes(100), ResultOfBytes(110)};
  const absl::Status status = SplitIntoBatches(results, {3, 100}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(ErrorInfoOf(status).has_value());
  EXPECT_EQ(ErrorInfoOf(status)->reason(), "RESULT_TOO_LARGE");
  std::vector<std::string> fields;
  for (const auto& violation : FieldViolationsOf(status)) fields.push_back(violation.field());
  EXPECT_THAT(fields, ElementsAre("results[0]", "results[2]"));
}

// --- The paths of receipts ---

struct PathCase {
  std::string name;
  size_t first_index;
  std::string sent;  // In the second of two receipts.
  std::string want;
  friend void PrintTo(const PathCase& row, std::ostream* out) { *out << row.name; }
};

class RenumbersPaths : public testing::TestWithParam<PathCase> {};

TEST_P(RenumbersPaths, InProblemsAndWarnings) {
  google::protobuf::RepeatedPtrField<v1::Receipt> receipts;
  receipts.Add()->set_result_id("first");
  v1::Receipt& receipt = *receipts.Add();
  receipt.add_warnings()->set_field(GetParam().sent);
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_RESULT");
  receipt.mutable_problem()->add_details()->PackFrom(info);
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field(GetParam().sent);
  bad_request.mutable_field_violations(0)->set_reason("UNKNOWN_METRIC");
  bad_request.add_field_violations()->set_field(GetParam().sent);
  receipt.mutable_problem()->add_details()->PackFrom(bad_request);

  RenumberPaths(GetParam().first_index, receipts);
  EXPECT_EQ(receipts[0].ShortDebugString(), "result_id: \"first\"");
  EXPECT_EQ(receipts[1].warnings(0).field(), GetParam().want);
  ASSERT_TRUE(receipts[1].problem().details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "INVALID_RESULT");
  ASSERT_TRUE(receipts[1].problem().details(1).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations(0).field(), GetParam().want);
  EXPECT_EQ(bad_request.field_violations(0).reason(), "UNKNOWN_METRIC");
  EXPECT_EQ(bad_request.field_violations(1).field(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Paths, RenumbersPaths,
                         testing::ValuesIn<PathCase>({
                             {"FirstMessage", 0, "results[1].figures[0].unit", "results[1].figures[0].unit"},
                             {"SecondMessage", 1'000, "results[1].figures[0].unit", "results[1001].figures[0].unit"},
                             {"WholeResult", 1'000, "results[1]", "results[1001]"},
                             {"LongNumber", 12'345'678, "results[1].nil", "results[12345679].nil"},
                             {"AnotherResult", 1'000, "results[10].nil", "results[10].nil"},
                             {"NoResult", 1'000, "results", "results"},
                             {"Empty", 1'000, "", ""},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(RenumberPathsTest, ADetailThatCannotBeReadStaysAsItIs) {
  google::protobuf::RepeatedPtrField<v1::Receipt> receipts;
  google::protobuf::Any& detail = *receipts.Add()->mutable_problem()->add_details();
  detail.PackFrom(google::rpc::BadRequest());
  detail.set_value("\xFF\xFF");
  RenumberPaths(5, receipts);
  EXPECT_EQ(receipts[0].problem().details(0).value(), "\xFF\xFF");
}

}  // namespace
}  // namespace muster
