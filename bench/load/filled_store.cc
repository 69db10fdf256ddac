#include "bench/load/filled_store.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "bench/load/asked.h"
#include "bench/load/connection.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/ingest_service.grpc.pb.h"

namespace muster::bench {
namespace {

constexpr int kResultsPerCall = 1'000;

// Sends `results`, and others up to whole calls.
StreamTotals Submit(const std::string& address, Workload& workload, std::vector<v1::OperationResult> results) {
  while (results.size() % kResultsPerCall != 0) results.push_back(workload.Make(workload.AnySender()));
  const auto stub = v1::IngestService::NewStub(OwnConnection(address));
  uint64_t name = FreshResultIds::Take(static_cast<int64_t>(results.size()));
  StreamTotals totals;
  for (size_t start = 0; start < results.size(); start += kResultsPerCall) {
    v1::SubmitResultsRequest request;
    for (size_t index = start; index < start + kResultsPerCall; ++index) {
      v1::OperationResult* const result = request.add_results();
      *result = results[index];
      FreshResultIds::Write(name++, result->mutable_result_id());
      totals.result_bytes += static_cast<int64_t>(result->ByteSizeLong());
    }
    grpc::ClientContext context;
    v1::SubmitResultsResponse response;
    const grpc::Status status = stub->SubmitResults(&context, request, &response);
    if (!status.ok()) throw std::runtime_error("SubmitResults: " + status.error_message());
    for (const v1::Receipt& receipt : response.receipts()) {
      if (receipt.outcome() != v1::OUTCOME_ACCEPTED) throw std::runtime_error("a result was not accepted");
      totals.warnings += receipt.warnings_size();
    }
    totals.results += response.receipts_size();
  }
  return totals;
}

}  // namespace

StreamTotals FillStore(const std::string& address, Workload& workload, int64_t results) {
  StreamTotals totals = Submit(address, workload, workload.MakeOneOfEach(kAskedOperation, kAskedRegion));
  if (totals.results > results) throw std::invalid_argument("a store of so few results has not every row");
  StreamShape shape;
  shape.results = results - totals.results;
  StreamIngest ingest(address, workload, shape);
  ingest.Start();
  const StreamTotals rest = ingest.Finish();
  totals.results += rest.results;
  totals.result_bytes += rest.result_bytes;
  totals.warnings += rest.warnings;
  return totals;
}

}  // namespace muster::bench
