// Cuts many results into messages that the server takes.
#ifndef MUSTER_CLIENTS_CPP_RESULT_BATCHES_H_
#define MUSTER_CLIENTS_CPP_RESULT_BATCHES_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "muster/v1/result.pb.h"

namespace muster {

struct BatchLimits {
  // What a request may hold.
  size_t max_results = 1'000;
  // Of the serialised results of one request. The server's limit is 4 MiB for a message with its headers; this
  // leaves room.
  size_t max_bytes = 3 * 1024 * 1024;
};

// Results `first` to `first + count - 1` of a list.
struct ResultBatch {
  size_t first = 0;
  size_t count = 0;
  friend bool operator==(const ResultBatch&, const ResultBatch&) = default;
};

// Every result is in one batch, in order; each batch is as large as the limits allow.
//
// INVALID_ARGUMENT  results too large for a message of their own, each as a field violation: "results[3]"
absl::StatusOr<std::vector<ResultBatch>> SplitIntoBatches(absl::Span<const v1::OperationResult> results,
                                                          const BatchLimits& limits);

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_RESULT_BATCHES_H_
