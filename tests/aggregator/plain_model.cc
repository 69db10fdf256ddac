#include "tests/aggregator/plain_model.h"

#include <algorithm>
#include <set>

#include "google/protobuf/util/message_differencer.h"

namespace muster {
namespace {

bool Takes(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

// Days of ISO 8601 sort as text. An empty bound is none.
bool Within(const std::string& first, const std::string& day, const std::string& last) {
  return first <= day && (last.empty() || day <= last);
}

struct Sum {
  PlainValue value;
  std::set<const void*> results;
  std::set<std::string> forces;
};

}  // namespace

v1::Outcome PlainModel::Submit(v1::OperationResult result) {
  for (v1::Figure& figure : *result.mutable_figures()) {
    if (figure.qualifier() == v1::QUALIFIER_UNSPECIFIED) figure.set_qualifier(v1::QUALIFIER_EXACT);
  }
  Stored& stored = newest_[{result.operation(), result.force(), result.result_id()}];
  const int64_t stored_revision = stored.result.revision();  // 0: nothing.
  if (result.revision() < stored_revision) return v1::OUTCOME_STALE;
  if (result.revision() == stored_revision) {
    google::protobuf::util::MessageDifferencer same;  // Whatever the order of figures and categories.
    same.set_repeated_field_comparison(google::protobuf::util::MessageDifferencer::AS_SET);
    return same.Compare(result, stored.result) ? v1::OUTCOME_DUPLICATE : v1::OUTCOME_CONFLICT;
  }
  stored = {result, {}};
  if (result.retracted()) return v1::OUTCOME_RETRACTED;
  for (const v1::Metric& metric : catalogue_.metrics()) {
    std::map<PlainValues::Node, PlainValue> values = values_.Of(metric, result);
    const auto& expected = operations_.at(result.operation()).expected_metrics();
    if (result.nil() && std::count(expected.begin(), expected.end(), metric.id()) > 0) {
      values[PlainValues::Node(static_cast<size_t>(metric.breakdowns_size()))] = {};  // None: an exact zero.
    }
    if (!values.empty()) stored.values[metric.id()] = values;
  }
  return stored_revision == 0 ? v1::OUTCOME_ACCEPTED : v1::OUTCOME_REVISED;
}

std::string PlainModel::RegionOf(const v1::OperationResult& result, const v1::TotalsQuery& query) const {
  const std::string day = query.regions_as_of().empty() ? result.end_date() : query.regions_as_of();
  for (const v1::Force& force : catalogue_.forces()) {
    for (const v1::RegionMembership& one : force.memberships()) {
      if (force.id() == result.force() && Within(one.start_date(), day, one.end_date())) return one.region();
    }
  }
  return "";
}

bool PlainModel::InScope(const v1::OperationResult& result, const v1::TotalsQuery& query) const {
  return !result.retracted() && Takes(query.operations(), result.operation()) &&
         Takes(query.forces(), result.force()) && Takes(query.regions(), RegionOf(result, query)) &&
         Within(query.start_date(), result.end_date(), "") && Within("", result.start_date(), query.end_date());
}

bool PlainModel::IsCut(const v1::OperationResult& result, const v1::TotalsQuery& query) {
  return result.start_date() < query.start_date() || !Within("", result.end_date(), query.end_date());
}

int64_t PlainModel::CutByPeriod(const v1::TotalsQuery& query) const {
  return std::count_if(newest_.begin(), newest_.end(), [&](const auto& entry) {
    return InScope(entry.second.result, query) && IsCut(entry.second.result, query);
  });
}

std::vector<v1::TotalsRow> PlainModel::Totals(const v1::TotalsQuery& query) const {
  const std::set<int> by(query.group_by().begin(), query.group_by().end());
  std::set<std::string> outermost(query.categories().begin(), query.categories().end());  // The others lie within.
  for (const std::string& one : query.categories()) {
    std::erase_if(outermost, [&](const auto& other) { return other != one && values_.IsWithin(other, one); });
  }
  std::vector<v1::TotalsRow> rows;
  for (const v1::Metric& metric : catalogue_.metrics()) {
    if (!Takes(query.metrics(), metric.id())) continue;
    std::map<std::string, Sum> sums;
    for (const auto& [key, stored] : newest_) {
      const v1::OperationResult& result = stored.result;
      if (!stored.values.contains(metric.id()) || !InScope(result, query) || IsCut(result, query)) continue;
      for (const auto& [node, value] : stored.values.at(metric.id())) {
        // For each breakdown: is this node wanted, and is it a row of its own or part of a union?
        std::set<std::string> labels, unmet = outermost;
        bool wanted = true;
        for (int axis = 0; axis < metric.breakdowns_size(); ++axis) {
          const std::string& category = node[static_cast<size_t>(axis)];
          const bool split = by.contains(v1::GROUP_BY_CATEGORY) && Takes(query.breakdowns(), metric.breakdowns(axis));
          bool is_asked = false, covered = false;
          for (const std::string& asked : outermost) {
            if (values_.BreakdownOf(asked) != metric.breakdowns(axis)) continue;
            is_asked = true;
            covered |= split ? values_.IsWithin(category, asked) : category == asked;
            unmet.erase(asked);
            if (!split) labels.insert(asked);
          }
          if (split && !category.empty()) labels.insert(category);
          wanted &= is_asked ? covered : split || category.empty();
        }
        if (!wanted || !unmet.empty()) continue;
        v1::TotalsRow row;
        if (by.contains(v1::GROUP_BY_OPERATION)) row.set_operation(result.operation());
        if (by.contains(v1::GROUP_BY_REGION)) row.set_region(RegionOf(result, query));
        if (by.contains(v1::GROUP_BY_FORCE)) row.set_force(result.force());
        if (by.contains(v1::GROUP_BY_DATE) && result.start_date() == result.end_date()) row.set_date(result.end_date());
        row.set_metric(metric.id());
        for (const std::string& label : labels) row.add_categories(label);
        Sum& sum = sums[row.SerializeAsString()];
        sum.value.Add(value);
        sum.results.insert(&stored);
        sum.forces.insert(result.force());
      }
    }
    for (const auto& [key, sum] : sums) {
      const auto& [uncounted, exact, at_least, at_most, estimate] = sum.value.count;
      rows.emplace_back().ParseFromString(key);
      v1::Total& total = *rows.back().mutable_total();
      total.set_sum(sum.value.Sum());
      total.set_unit(metric.base_unit());
      total.set_qualifier(estimate > 0 || (at_most > 0 && at_least + uncounted > 0) ? v1::QUALIFIER_ESTIMATE
                          : at_most > 0                                             ? v1::QUALIFIER_AT_MOST
                          : at_least + uncounted > 0                                ? v1::QUALIFIER_AT_LEAST
                                                                                    : v1::QUALIFIER_EXACT);
      total.set_at_least(sum.value.Certain());
      if (at_least + estimate + uncounted == 0) total.set_at_most(sum.value.Sum());
      total.set_estimate(sum.value.sum[v1::QUALIFIER_ESTIMATE]);
      total.set_result_count(static_cast<int64_t>(sum.results.size()));
      total.set_force_count(static_cast<int32_t>(sum.forces.size()));
      total.set_uncounted_count(uncounted);
      for (int axis = 0; axis < metric.breakdowns_size(); ++axis) {
        if (!Takes(query.breakdowns(), metric.breakdowns(axis))) continue;
        total.set_not_broken_down(std::max(total.not_broken_down(), sum.value.left[static_cast<size_t>(axis)]));
      }
    }
  }
  return rows;
}

}  // namespace muster
