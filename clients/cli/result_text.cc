#include "clients/cli/result_text.h"

#include "absl/strings/str_cat.h"

namespace muster::cli {

std::string PeriodText(const v1::OperationResult& result) {
  if (result.start_date() == result.end_date()) return result.start_date();
  return absl::StrCat(result.start_date(), " to ", result.end_date());
}

std::string StateText(const v1::OperationResult& result) {
  if (result.retracted()) return "retracted";
  return absl::StrCat(result.nil() ? "nil, " : "", result.final() ? "final" : "provisional");
}

}  // namespace muster::cli
