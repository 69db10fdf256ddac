#include "clients/cpp/result_batches.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/any.pb.h"
#include "google/rpc/error_details.pb.h"

namespace muster {
namespace {

// Tag and length in front of a result within a request.
constexpr size_t kFramingBytes = 6;

void Attach(const google::protobuf::Message& detail, absl::Status& status) {
  google::protobuf::Any any;
  any.PackFrom(detail);
  status.SetPayload(any.type_url(), absl::Cord(any.value()));
}

absl::Status TooLarge(const google::rpc::BadRequest& bad_request) {
  absl::Status status = absl::InvalidArgumentError("Some results are too large for a message; see details.");
  google::rpc::ErrorInfo info;
  info.set_domain("muster");
  info.set_reason("RESULT_TOO_LARGE");
  Attach(info, status);
  Attach(bad_request, status);
  return status;
}

}  // namespace

absl::StatusOr<std::vector<ResultBatch>> SplitIntoBatches(absl::Span<const v1::OperationResult> results,
                                                          const BatchLimits& limits) {
  std::vector<ResultBatch> batches;
  size_t batch_bytes = 0;
  google::rpc::BadRequest too_large;
  for (size_t index = 0; index < results.size(); ++index) {
    const size_t bytes = results[index].ByteSizeLong() + kFramingBytes;
    if (bytes > limits.max_bytes) {
      auto* const violation = too_large.add_field_violations();
      violation->set_field(absl::StrCat("results[", index, "]"));
      violation->set_reason("RESULT_TOO_LARGE");
      violation->set_description(absl::StrCat("has ", results[index].figures_size(), " figures and takes ", bytes,
                                              " bytes, a message holds ", limits.max_bytes,
                                              "; report it as several results"));
      continue;
    }
    if (batches.empty() || batches.back().count == limits.max_results || batch_bytes + bytes > limits.max_bytes) {
      batches.push_back({index, 0});
      batch_bytes = 0;
    }
    ++batches.back().count;
    batch_bytes += bytes;
  }
  if (too_large.field_violations_size() > 0) return TooLarge(too_large);
  return batches;
}

}  // namespace muster
