// From the results of one request to the applier, and from its decisions to receipts.
#ifndef MUSTER_SERVICE_RECEIPTS_H_
#define MUSTER_SERVICE_RECEIPTS_H_

#include <vector>

#include "aggregator/checked_results.h"
#include "aggregator/group_builder.h"
#include "domain/catalogue.h"
#include "domain/operation.h"
#include "google/protobuf/repeated_field.h"
#include "muster/v1/ingest_service.pb.h"
#include "muster/v1/result.pb.h"
#include "service/rights.h"
#include "storage/store.h"

namespace muster {

// The results of one request that may be stored, and where their receipts stand among all.
struct CheckedRequest {
  CheckedResults valid;
  std::vector<int> places;  // Of each valid result.

  // Keeps the memory.
  void Clear() {
    valid.Clear();
    places.clear();
  }
};

// Validates every result into `request`, which is empty; `serialised` are the bytes that they were parsed from, or
// none. Appends one receipt for each to `receipts`, in order: those of refused results are finished, also of results
// for which `rights` does not let the caller submit.
void CheckResults(const google::protobuf::RepeatedPtrField<v1::OperationResult>& results,
                  absl::Span<const absl::string_view> serialised, const CallerRights& rights,
                  const Catalogue& catalogue, const OperationDirectory& operations, CheckedRequest* request,
                  google::protobuf::RepeatedPtrField<v1::Receipt>* receipts);

// INVALID_ARGUMENT unless a request has 1 to 1,000 results.
absl::Status CheckResultCount(int count);

// Finishes the receipts of the valid results, which stand at `places`.
void FinishReceipts(const std::vector<int>& places, const std::vector<Decision>& decisions,
                    google::protobuf::RepeatedPtrField<v1::Receipt>* receipts);

// A result as it is stored, with the receipt that it got.
v1::StoredResult StoredResultOf(const LoggedEntry& entry);

}  // namespace muster

#endif  // MUSTER_SERVICE_RECEIPTS_H_
