#include "tests/faults/reporter.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr std::array kForces = {"kent", "essex", "surrey", "thames-valley", "british-transport-police"};
constexpr std::array kOperations = {"county-lines-2021-10", "county-lines-2022-03"};
constexpr std::array kFirstDays = {"2021-10-11", "2022-03-07"};
constexpr std::array kDrugs = {"heroin", "lsd", "crack-cocaine", "cannabis-herbal", "cannabis-resin", "ketamine"};

}  // namespace

Reporter::Reporter(uint32_t seed, int number) : number_(number) {
  std::seed_seq seeds{seed, static_cast<uint32_t>(number)};
  random_.seed(seeds);
}

std::vector<v1::OperationResult> Reporter::Next() {
  std::vector<v1::OperationResult> results;
  for (int i = 0, count = 1 + (OneIn(2) ? 0 : Below(6)); i < count; ++i) {
    const int what = Below(10);
    if (what < 2 && !sent_.empty()) {
      results.push_back(sent_[static_cast<size_t>(Below(static_cast<int>(sent_.size())))]);
      continue;
    }
    if (what < 4 && !revisions_.empty()) {
      const int index = Below(static_cast<int>(revisions_.size()));
      results.push_back(Make(absl::StrCat("reporter-", number_, ".", index), ++revisions_[static_cast<size_t>(index)]));
    } else if (what < 5) {
      results.push_back(Make(absl::StrCat("shared-", Below(5)), 1 + Below(8)));
    } else {
      revisions_.push_back(1);
      results.push_back(Make(absl::StrCat("reporter-", number_, ".", revisions_.size() - 1), 1));
    }
    sent_.push_back(results.back());
  }
  return results;
}

v1::OperationResult Reporter::Make(const std::string& result_id, int64_t revision) {
  v1::OperationResult result;
  // One id is always of one force and operation, so that a correction meets what it corrects.
  const size_t hash = std::hash<std::string>()(result_id);
  result.set_operation(kOperations[hash % kOperations.size()]);
  result.set_force(kForces[hash / 7 % kForces.size()]);
  result.set_result_id(result_id);
  result.set_revision(revision);
  if (OneIn(12)) {
    result.set_retracted(true);
    result.set_reason("entered twice");
    return result;
  }
  result.set_start_date(kFirstDays[hash % kFirstDays.size()]);
  result.set_end_date(result.start_date());
  if (revision > 1 && OneIn(4)) result.set_reason(std::string(static_cast<size_t>(1 + Below(400)), 'r'));
  if (OneIn(12)) {
    result.set_nil(true);
  } else {
    AddFigures(&result);
  }
  return result;
}

void Reporter::AddFigures(v1::OperationResult* result) {
  const auto add = [&](const std::string& metric, v1::Unit unit, const std::string& category) {
    v1::Figure& figure = *result->add_figures();
    figure.set_metric(metric);
    if (!category.empty()) figure.add_categories(category);
    if (OneIn(15)) return;  // Not yet counted.
    figure.set_value(Below(100));
    figure.set_unit(unit);
    figure.set_qualifier(static_cast<v1::Qualifier>(OneIn(3) ? Below(5) : 0));
  };
  add("arrests", v1::UNIT_COUNT, "");
  if (OneIn(2)) add("arrests", v1::UNIT_COUNT, "child");
  if (OneIn(2)) add("cash-seized", OneIn(2) ? v1::UNIT_POUND : v1::UNIT_PENNY, "");
  for (const char* const drug : kDrugs) {
    if (OneIn(6)) add("drugs-weight", OneIn(2) ? v1::UNIT_GRAM : v1::UNIT_KILOGRAM, drug);
  }
}

v1::Operation Reporter::NextOperation() {
  v1::Operation operation;
  operation.set_id(absl::StrCat("week-", number_, "-", ++operation_count_));
  operation.set_title("A week of action");
  operation.set_start_date("2022-05-02");
  operation.set_end_date("2022-05-08");
  return operation;
}

}  // namespace muster
