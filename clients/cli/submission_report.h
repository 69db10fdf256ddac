// What became of a file of results, in the places of that file.
#ifndef MUSTER_CLIENTS_CLI_SUBMISSION_REPORT_H_
#define MUSTER_CLIENTS_CLI_SUBMISSION_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "clients/cli/results_file.h"
#include "google/protobuf/repeated_field.h"
#include "muster/v1/ingest_service.pb.h"

namespace muster::cli {

// Gathers the receipts of a file as they come in.
class SubmissionReport {
 public:
  // `file` is not owned and must outlive this object.
  explicit SubmissionReport(const ResultsFile& file) : file_(file) {}

  // Receipts of results `first_index` and following; call in order.
  void Add(size_t first_index, const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts);
  void set_position(int64_t position) { response_.set_position(position); }

  // All receipts in order, as one answer.
  const v1::SubmitResultsResponse& response() const { return response_; }
  int64_t acknowledged_count() const { return response_.receipts_size(); }
  int64_t refused_count() const;

  // Why results were refused, and what looks odd in those that were not; each by its place in the file.
  std::vector<FileProblem> Problems() const;
  std::vector<FileProblem> Warnings() const;

  // "40 accepted, 2 duplicate, 1 rejected; 3 warnings". "nothing" where there is no receipt.
  std::string Summary() const;

  // One line a receipt, with a header.
  std::string Csv() const;

 private:
  const ResultsFile& file_;
  v1::SubmitResultsResponse response_;
  std::map<v1::Outcome, int64_t> outcome_counts_;
  int64_t warning_count_ = 0;
};

// Whether nothing was written although something should have been.
bool IsRefused(v1::Outcome outcome);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_SUBMISSION_REPORT_H_
