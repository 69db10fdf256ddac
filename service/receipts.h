// From the results of one request to the applier, and from its decisions to receipts.
#ifndef MUSTER_SERVICE_RECEIPTS_H_
#define MUSTER_SERVICE_RECEIPTS_H_

#include <string>
#include <vector>

#include "aggregator/group_builder.h"
#include "domain/catalogue.h"
#include "domain/operation.h"
#include "domain/validation.h"
#include "google/protobuf/repeated_field.h"
#include "muster/v1/ingest_service.pb.h"
#include "muster/v1/result.pb.h"
#include "storage/store.h"

namespace muster {

// The results of one request: those that may be stored, and one unfinished receipt for each of all.
struct CheckedRequest {
  std::vector<ValidatedResult> valid;
  std::vector<v1::Receipt> receipts;  // In the order of the request; the refused ones are finished.
  std::vector<size_t> valid_index;    // Of each valid result, its index among the receipts.
};

// Validates every result. Takes the results over.
CheckedRequest CheckResults(google::protobuf::RepeatedPtrField<v1::OperationResult>* results,
                            const Catalogue& catalogue, const OperationDirectory& operations);

// INVALID_ARGUMENT unless a request has 1 to 1,000 results.
absl::Status CheckResultCount(int count);

// Finishes the receipts of the valid results and hands all of them over.
void FinishReceipts(CheckedRequest&& request, const std::vector<Decision>& decisions,
                    google::protobuf::RepeatedPtrField<v1::Receipt>* receipts);

// A result as it is stored, with the receipt that it got.
v1::StoredResult StoredResultOf(const LoggedEntry& entry);

}  // namespace muster

#endif  // MUSTER_SERVICE_RECEIPTS_H_
