#include "service/receipts.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "domain/quote.h"
#include "domain/timestamp.h"
#include "domain/validation.h"
#include "service/errors.h"
#include "service/limits.h"

namespace muster {
namespace {

// Adds as many warnings as `bytes_left` lasts for, but at least one, and says how many more there are.
void AddWarnings(const store::v1::LoggedResult& logged, absl::string_view path, size_t* bytes_left,
                 v1::Receipt* receipt) {
  for (const store::v1::LoggedWarning& from : logged.warnings()) {
    ResultWarning warning{from.reason(), std::nullopt};
    if (from.has_figure_index()) warning.figure_index = from.figure_index();
    v1::Warning to;
    to.set_reason(from.reason());
    std::string field(path);
    if (warning.figure_index) absl::StrAppend(&field, field.empty() ? "" : ".", "figures[", *warning.figure_index, "]");
    to.set_field(std::move(field));
    to.set_description(DescribeWarning(warning, logged.result()));
    const size_t bytes = to.ByteSizeLong();
    if (bytes > *bytes_left && receipt->warnings_size() > 0) {
      v1::Warning& last = *receipt->mutable_warnings(receipt->warnings_size() - 1);
      absl::StrAppend(last.mutable_description(), ". ", logged.warnings_size() - receipt->warnings_size(),
                      " more warnings do not fit this answer: send fewer results at once");
      return;
    }
    *bytes_left -= std::min(bytes, *bytes_left);
    *receipt->add_warnings() = std::move(to);
  }
}

absl::Status ProblemOf(const Decision& decision, const v1::Receipt& receipt) {
  const std::string stored = absl::StrCat(decision.stored_revision);
  if (decision.operation_closed) {
    return Error(absl::StatusCode::kFailedPrecondition, "OPERATION_CLOSED",
                 "The operation is closed and takes no further results; ask for it to be reopened.");
  }
  if (decision.outcome == v1::OUTCOME_CONFLICT) {
    return Error(
        absl::StatusCode::kAlreadyExists, "REVISION_CONFLICT",
        absl::StrCat("Revision ", receipt.revision(), " is stored with other content; send this content as revision ",
                     decision.stored_revision + 1, " to replace it."),
        {{"stored_revision", stored}});
  }
  return Error(absl::StatusCode::kFailedPrecondition, "REVISION_STALE",
               absl::StrCat("Revision ", decision.stored_revision, " is stored, which is newer than ",
                            receipt.revision(), "; nothing is to be done, or send a revision above it."),
               {{"stored_revision", stored}});
}

bool IsRefused(const Decision& decision) {
  return decision.operation_closed || decision.outcome == v1::OUTCOME_CONFLICT || decision.outcome == v1::OUTCOME_STALE;
}

// All that is wrong with a result for which the caller may not submit. Whether its force is known is not said.
FieldProblems ProblemsOfAnothers(const v1::OperationResult& result, const CallerRights& rights,
                                 const Catalogue& catalogue, const OperationDirectory& operations) {
  FieldProblems problems = {
      {"force", "FORCE_NOT_YOURS",
       absl::StrCat("is ", Quote(result.force()), "; you may submit for ", rights.WhomItSubmitsFor(), " only")}};
  ResultValues values;
  ValidatedResult validated;
  for (FieldProblem& problem : ValidateResult(result, catalogue, operations, &values, &validated)) {
    if (problem.field != "force") problems.push_back(std::move(problem));
  }
  return problems;
}

std::string PathOf(int index) { return absl::StrCat("results[", index, "]"); }

void Finish(const Decision& decision, int place, size_t* warning_bytes_left, v1::Receipt* receipt) {
  receipt->set_outcome(decision.outcome);
  if (IsRefused(decision)) {
    *receipt->mutable_problem() = ToRpcStatus(ProblemOf(decision, *receipt));
    return;
  }
  receipt->set_position(decision.position);
  if (decision.position != 0) *receipt->mutable_accept_time() = TimestampOf(decision.accept_time_us);
  if (decision.warned.empty()) return;
  store::v1::LoggedResult warned;
  MUSTER_CHECK(warned.ParseFromString(decision.warned));
  AddWarnings(warned, PathOf(place), warning_bytes_left, receipt);
}

}  // namespace

void CheckResults(const google::protobuf::RepeatedPtrField<v1::OperationResult>& results,
                  absl::Span<const absl::string_view> serialised, const CallerRights& rights,
                  const Catalogue& catalogue, const OperationDirectory& operations, CheckedRequest* request,
                  google::protobuf::RepeatedPtrField<v1::Receipt>* receipts) {
  receipts->Reserve(results.size());
  size_t violation_bytes_left = kMaxReceiptViolationBytes;
  for (int index = 0; index < results.size(); ++index) {
    const v1::OperationResult& result = results[index];
    v1::Receipt& receipt = *receipts->Add();
    receipt.set_result_id(result.result_id());
    receipt.set_revision(result.revision());
    const bool is_allowed = rights.MaySubmitFor(result.force());
    FieldProblems problems =
        is_allowed
            ? request->valid.Add(result, catalogue, operations,
                                 serialised.empty() ? absl::string_view() : serialised[static_cast<size_t>(index)])
            : ProblemsOfAnothers(result, rights, catalogue, operations);
    if (problems.empty()) {
      const Sha256Digest& digest = request->valid[request->valid.size() - 1].digest;
      receipt.set_digest(digest.data(), digest.size());
      request->places.push_back(index);
      continue;
    }
    for (FieldProblem& problem : problems) {
      problem.field = absl::StrCat(PathOf(index), problem.field.empty() ? "" : ".", problem.field);
    }
    receipt.set_outcome(v1::OUTCOME_REJECTED);
    const absl::Status status =
        is_allowed
            ? InvalidFields("INVALID_RESULT", "The result has invalid fields; see details.", problems,
                            violation_bytes_left)
            : InvalidFields("FORCE_NOT_YOURS", "The result is of a force for which you may not submit; see details.",
                            problems, violation_bytes_left, absl::StatusCode::kPermissionDenied);
    *receipt.mutable_problem() = ToRpcStatus(status);
    violation_bytes_left -= std::min(receipt.problem().ByteSizeLong(), violation_bytes_left);
  }
}

absl::Status CheckResultCount(int count) {
  if (count == 0) {
    return InvalidFields("NO_RESULTS", "The request holds no results.",
                         {{"results", "NO_RESULTS", "is empty; send 1 to 1,000"}});
  }
  if (count > kMaxResultsPerRequest) {
    return InvalidFields("TOO_MANY_RESULTS", "The request holds too many results.",
                         {{"results", "TOO_MANY_RESULTS",
                           absl::StrCat("has ", count, "; at most ", kMaxResultsPerRequest, ". Split the request")}});
  }
  return absl::OkStatus();
}

void FinishReceipts(const std::vector<int>& places, const std::vector<Decision>& decisions,
                    google::protobuf::RepeatedPtrField<v1::Receipt>* receipts) {
  size_t warning_bytes_left = kMaxReceiptWarningBytes;
  for (size_t index = 0; index < decisions.size(); ++index) {
    Finish(decisions[index], places[index], &warning_bytes_left, receipts->Mutable(places[index]));
  }
}

v1::StoredResult StoredResultOf(const LoggedEntry& entry) {
  const store::v1::LoggedResult& logged = entry.entry.result();
  v1::StoredResult stored;
  *stored.mutable_result() = logged.result();
  v1::Receipt& receipt = *stored.mutable_receipt();
  receipt.set_result_id(logged.result().result_id());
  receipt.set_revision(logged.result().revision());
  receipt.set_outcome(logged.outcome());
  receipt.set_position(entry.position);
  *receipt.mutable_accept_time() = TimestampOf(entry.accept_time_us);
  receipt.set_digest(logged.digest());
  size_t bytes_left = std::numeric_limits<size_t>::max();
  AddWarnings(logged, "", &bytes_left, &receipt);
  *stored.mutable_nil_metrics() = logged.nil_metrics();
  return stored;
}

}  // namespace muster
