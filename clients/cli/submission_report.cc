#include "clients/cli/submission_report.h"

#include <array>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/enum_names.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "clients/cpp/error_details.h"

namespace muster::cli {
namespace {

// In the order of the summary.
constexpr std::array<v1::Outcome, 7> kOutcomes = {
    v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE, v1::OUTCOME_REVISED,  v1::OUTCOME_RETRACTED,
    v1::OUTCOME_CONFLICT, v1::OUTCOME_STALE,     v1::OUTCOME_REJECTED,
};

std::string OutcomeName(v1::Outcome outcome) { return ShortEnumName(v1::Outcome_Name(outcome), "OUTCOME_"); }

std::string WarningName(v1::WarningReason reason) {
  return ShortEnumName(v1::WarningReason_Name(reason), "WARNING_REASON_");
}

}  // namespace

bool IsRefused(v1::Outcome outcome) {
  return outcome == v1::OUTCOME_CONFLICT || outcome == v1::OUTCOME_STALE || outcome == v1::OUTCOME_REJECTED;
}

void SubmissionReport::Add(size_t first_index, const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts) {
  // Receipts come in order, each once: what is there is what came before.
  if (first_index != static_cast<size_t>(response_.receipts_size())) std::abort();
  for (const v1::Receipt& receipt : receipts) {
    ++outcome_counts_[receipt.outcome()];
    warning_count_ += receipt.warnings_size();
    *response_.add_receipts() = receipt;
  }
}

int64_t SubmissionReport::refused_count() const {
  int64_t refused = 0;
  for (const auto& [outcome, count] : outcome_counts_) refused += IsRefused(outcome) ? count : 0;
  return refused;
}

std::vector<FileProblem> SubmissionReport::Problems() const {
  std::vector<FileProblem> problems;
  for (int index = 0; index < response_.receipts_size(); ++index) {
    const v1::Receipt& receipt = response_.receipts(index);
    if (!IsRefused(receipt.outcome())) continue;
    const auto place = static_cast<size_t>(index);
    const v1::OperationResult& result = file_.results[place];
    const std::string which = absl::StrCat(" (", OutcomeName(receipt.outcome()), ": ", result.force(), " ",
                                           result.result_id(), ", revision ", result.revision(), ")");
    const absl::Status problem = StatusFromProto(receipt.problem());
    const auto violations = FieldViolationsOf(problem);
    for (const google::rpc::BadRequest::FieldViolation& violation : violations) {
      problems.push_back(
          {file_.PlaceOf(place, WithinResult(violation.field())), absl::StrCat(violation.description(), which)});
    }
    if (violations.empty()) {
      problems.push_back({file_.PlaceOf(place, ""), absl::StrCat(std::string(problem.message()), which)});
    }
  }
  return problems;
}

std::vector<FileProblem> SubmissionReport::Warnings() const {
  std::vector<FileProblem> warnings;
  for (int index = 0; index < response_.receipts_size(); ++index) {
    for (const v1::Warning& warning : response_.receipts(index).warnings()) {
      warnings.push_back({file_.PlaceOf(static_cast<size_t>(index), WithinResult(warning.field())),
                          absl::StrCat("warning: ", warning.description(), " (", WarningName(warning.reason()), ")")});
    }
  }
  return warnings;
}

std::string SubmissionReport::Summary() const {
  std::vector<std::string> parts;
  for (const v1::Outcome outcome : kOutcomes) {
    const auto found = outcome_counts_.find(outcome);
    if (found != outcome_counts_.end()) {
      parts.push_back(absl::StrCat(WithThousands(found->second), " ", OutcomeName(outcome)));
    }
  }
  if (parts.empty()) return "nothing";
  return absl::StrCat(absl::StrJoin(parts, ", "),
                      warning_count_ == 0 ? "" : absl::StrCat("; ", Counted(warning_count_, "warning")));
}

std::string SubmissionReport::Csv() const {
  std::string csv = "place,operation,force,result_id,revision,outcome,position,accept_time,digest,problems,warnings\n";
  for (int index = 0; index < response_.receipts_size(); ++index) {
    const v1::Receipt& receipt = response_.receipts(index);
    const auto place = static_cast<size_t>(index);
    const v1::OperationResult& result = file_.results[place];
    std::vector<std::string> problems;
    const absl::Status problem = StatusFromProto(receipt.problem());
    for (const google::rpc::BadRequest::FieldViolation& violation : FieldViolationsOf(problem)) {
      problems.push_back(absl::StrCat(WithinResult(violation.field()), ": ", violation.description()));
    }
    if (problems.empty() && receipt.has_problem()) problems.emplace_back(receipt.problem().message());
    std::vector<std::string> warnings;
    for (const v1::Warning& warning : receipt.warnings()) warnings.push_back(WarningName(warning.reason()));
    const std::vector<std::string> cells = {
        file_.PlaceOf(place, "").text,
        result.operation(),
        result.force(),
        receipt.result_id(),
        absl::StrCat(receipt.revision()),
        OutcomeName(receipt.outcome()),
        receipt.position() == 0 ? "" : absl::StrCat(receipt.position()),
        receipt.has_accept_time() ? TimeForPrograms(receipt.accept_time()) : "",
        absl::BytesToHexString(receipt.digest()),
        absl::StrJoin(problems, "; "),
        absl::StrJoin(warnings, "; "),
    };
    absl::StrAppend(&csv, CsvLine(cells));
  }
  return csv;
}

}  // namespace muster::cli
