#include "aggregator/checked_results.h"

#include "absl/hash/hash.h"
#include "storage/log_chunk.h"

namespace muster {

FieldProblems CheckedResults::Add(const v1::OperationResult& result, const Catalogue& catalogue,
                                  const OperationDirectory& operations, absl::string_view serialised) {
  FieldProblems problems = ValidateResult(result, catalogue, operations, &values_, &validated_);
  if (!problems.empty()) return problems;
  Result checked;
  checked.revision = result.revision();
  checked.force = validated_.force;
  checked.retracted = result.retracted();
  checked.final = result.final();
  checked.nil = result.nil();
  checked.period = validated_.period;
  checked.digest = validated_.digest;

  checked.begin = bytes_.size();
  checked.operation_bytes = result.operation().size();
  checked.force_bytes = result.force().size();
  checked.result_id_bytes = result.result_id().size();
  bytes_.append(result.operation()).append(result.force()).append(result.result_id());
  checked.key_hash =
      absl::HashOf(absl::string_view(bytes_).substr(checked.begin), checked.operation_bytes, checked.force_bytes);
  const size_t head = bytes_.size();
  AppendResultHead(result, serialised, validated_.digest, bytes_);
  checked.head_bytes = bytes_.size() - head;

  checked.first_metric = validated_.values.first;
  checked.metric_count = validated_.values.count;
  checked.first_warning = warnings_.size();
  checked.warning_count = validated_.warnings.size();
  warnings_.insert(warnings_.end(), validated_.warnings.begin(), validated_.warnings.end());
  results_.push_back(checked);
  return problems;
}

void CheckedResults::Clear() {
  bytes_.clear();
  results_.clear();
  values_.Clear();
  warnings_.clear();
}

ResultKey CheckedResults::KeyOf(const Result& result) const {
  const absl::string_view bytes = absl::string_view(bytes_).substr(result.begin);
  return {bytes.substr(0, result.operation_bytes), bytes.substr(result.operation_bytes, result.force_bytes),
          bytes.substr(result.operation_bytes + result.force_bytes, result.result_id_bytes)};
}

absl::string_view CheckedResults::HeadOf(const Result& result) const {
  const size_t begin = result.begin + result.operation_bytes + result.force_bytes + result.result_id_bytes;
  return absl::string_view(bytes_).substr(begin, result.head_bytes);
}

ValuesView CheckedResults::ValuesOf(const Result& result) const {
  return {&values_, result.first_metric, result.metric_count};
}

absl::Span<const ResultWarning> CheckedResults::WarningsOf(const Result& result) const {
  return absl::MakeConstSpan(warnings_).subspan(result.first_warning, result.warning_count);
}

int64_t CheckedResults::bytes() const {
  // The results themselves, and again while their group is made up.
  return static_cast<int64_t>(2 * bytes_.size() + results_.size() * (sizeof(Result) + 256) + values_.bytes() +
                              warnings_.size() * sizeof(ResultWarning));
}

}  // namespace muster
