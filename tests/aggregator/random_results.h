// Valid results and questions at random, for histories that are compared with the plain model.
#ifndef MUSTER_TESTS_AGGREGATOR_RANDOM_RESULTS_H_
#define MUSTER_TESTS_AGGREGATOR_RANDOM_RESULTS_H_

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "domain/check.h"
#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// The operations of a history: Kent changed its region within the days of the second.
inline v1::Operation MakeOperation(const std::string& id, absl::CivilDay first) {
  v1::Operation operation;
  operation.set_id(id);
  operation.set_title("A week of action");
  operation.set_start_date(absl::FormatCivilTime(first));
  operation.set_end_date(absl::FormatCivilTime(first + 8));
  operation.add_expected_metrics("arrests");
  operation.add_expected_metrics("cash-seized");
  return operation;
}

// Makes valid results that meet each other often: few forces, days and ids.
class ResultMaker {
 public:
  ResultMaker(const v1::Catalogue& catalogue, std::mt19937* random) : catalogue_(catalogue), random_(*random) {}

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename List>
  const auto& OneOf(const List& list) {
    return *std::next(list.begin(), Below(static_cast<int>(list.size())));
  }

  v1::OperationResult Result(const std::vector<v1::Operation>& operations) {
    v1::OperationResult result;
    const v1::Operation& operation = OneOf(operations);
    result.set_operation(operation.id());
    // Kent changed its region; the transport police are in none; Kent and Essex have a joint body too.
    result.set_force(
        OneOf(std::vector<std::string>{"kent", "essex", "surrey", "thames-valley", "british-transport-police"}));
    result.set_result_id(absl::StrCat("r", Below(3)));
    result.set_revision(1 + Below(4));
    const absl::CivilDay first = DayOf(operation);
    const absl::CivilDay last = OneIn(2) ? first : std::min(first + Below(5), DayOf(operation.end_date()));
    result.set_start_date(absl::FormatCivilTime(first));
    result.set_end_date(absl::FormatCivilTime(last));
    result.set_final(OneIn(2));
    if (OneIn(6)) {
      result.set_retracted(true);
      result.set_reason("counted twice");
    } else if (OneIn(6)) {
      result.set_nil(true);
    } else {
      AddFigures(&result);
    }
    return result;
  }

  // A day of it.
  absl::CivilDay DayOf(const v1::Operation& operation) { return DayOf(operation.start_date()) + Below(9); }

  // Group-bys that the bits of `groupings` name, and filters at random.
  v1::TotalsQuery Query(const std::vector<v1::Operation>& operations, unsigned groupings, bool filtered) {
    v1::TotalsQuery query;
    for (unsigned bit = 0; bit < 5; ++bit) {
      if ((groupings >> bit & 1U) != 0) query.add_group_by(static_cast<v1::GroupBy>(bit + 1));
    }
    for (const v1::Operation& operation : operations) query.add_operations(operation.id());
    for (const v1::Metric& metric : catalogue_.metrics()) {
      if (metric.additivity() != v1::ADDITIVITY_NOT_ADDITIVE) query.add_metrics(metric.id());
    }
    if (!filtered) return query;
    if (OneIn(4)) query.mutable_operations()->RemoveLast();
    if (OneIn(3)) query.add_regions(OneOf(std::vector<std::string>{"south-east", "eastern"}));
    if (OneIn(4)) *query.mutable_forces() = StringsOf({"kent", "british-transport-police", "surrey"});
    if (OneIn(3)) *query.mutable_metrics() = StringsOf({"arrests", "drugs-weight", "cash-seized"});
    const v1::Operation& dates = OneOf(operations);
    if (OneIn(3)) query.set_start_date(absl::FormatCivilTime(DayOf(dates)));
    if (OneIn(3)) query.set_end_date(absl::FormatCivilTime(DayOf(dates) + 2));
    if (query.end_date() < query.start_date()) query.clear_end_date();
    if (OneIn(4)) query.set_regions_as_of(OneIn(2) ? "2018-08-31" : "2018-09-01");
    if (OneIn(3)) *query.mutable_breakdowns() = StringsOf({OneIn(2) ? "age" : "sex", "drug"});
    if (OneIn(3)) {
      const std::vector<std::vector<std::string>> kCategories = {{"child"},
                                                                 {"male", "adult"},
                                                                 {"adult", "child", "female"},
                                                                 {"class-a"},
                                                                 {"class-a", "heroin", "cannabis"},
                                                                 {"heroin", "lsd"},
                                                                 {"cannabis-resin"},
                                                                 {"knife"},
                                                                 {"male", "heroin"}};
      *query.mutable_categories() = StringsOf(OneOf(kCategories));
      if (query.categories_size() > 1) {  // A union of parts that may overlap has no total.
        query.mutable_metrics()->erase(
            std::remove(query.mutable_metrics()->begin(), query.mutable_metrics()->end(), "drug-seizures"),
            query.mutable_metrics()->end());
      }
    }
    return query;
  }

 private:
  static absl::CivilDay DayOf(const std::string& text) {
    absl::CivilDay day;
    MUSTER_CHECK(absl::ParseCivilTime(text, &day));
    return day;
  }

  static google::protobuf::RepeatedPtrField<std::string> StringsOf(const std::vector<std::string>& list) {
    return {list.begin(), list.end()};
  }

  void AddFigures(v1::OperationResult* result) {
    std::set<std::string> seen;  // Metric and categories: a figure may be stated once.
    for (int i = 0, count = 1 + Below(9); i < count; ++i) {
      v1::Figure figure;
      figure.set_metric(OneOf(std::vector<std::string>{"arrests", "arrests", "arrests", "drugs-weight", "drugs-weight",
                                                       "drug-seizures", "cash-seized", "weapons-seized"}));
      AddCategories(&figure);
      std::vector<std::string> sorted(figure.categories().begin(), figure.categories().end());
      std::sort(sorted.begin(), sorted.end());
      std::string key = figure.metric();
      for (const std::string& category : sorted) absl::StrAppend(&key, " ", category);
      if (!seen.insert(key).second) continue;
      if (!OneIn(8)) {
        // Of parts that overlap the largest counts, so no two are equally large.
        figure.set_value(figure.metric() == "drug-seizures" ? 1 + i : Below(OneIn(4) ? 3 : 50));
        figure.set_qualifier(static_cast<v1::Qualifier>(OneIn(2) ? 0 : Below(5)));
        figure.set_unit(figure.metric() == "drugs-weight"  ? (OneIn(2) ? v1::UNIT_GRAM : v1::UNIT_KILOGRAM)
                        : figure.metric() == "cash-seized" ? (OneIn(2) ? v1::UNIT_PENNY : v1::UNIT_POUND)
                                                           : v1::UNIT_COUNT);
      }
      *result->add_figures() = figure;
    }
  }

  void AddCategories(v1::Figure* figure) {
    using Choices = std::vector<std::vector<std::string>>;
    static const Choices kSexes = {{}, {"male"}, {"female"}, {"female", "male"}};
    static const Choices kAges = {{}, {"child"}, {"adult"}, {"adult", "child"}};
    static const Choices kDrugs = {{},           {"class-a"},         {"heroin"},
                                   {"lsd"},      {"crack-cocaine"},   {"heroin", "crack-cocaine"},
                                   {"cannabis"}, {"cannabis-herbal"}, {"cannabis-resin", "heroin"},
                                   {"ketamine"}, {"class-b", "lsd"},  {"cannabis-resin", "cannabis-herbal"},
                                   {"class-c"},  {"class-b"},         {"cannabis", "ketamine"}};
    static const Choices kWeapons = {{}, {"bladed"}, {"knife"}, {"machete", "knife"}, {"firearm"}, {"crossbow", "axe"}};
    const auto add = [&](const Choices& choices) {
      for (const std::string& category : OneOf(choices)) figure->add_categories(category);
    };
    if (figure->metric() == "arrests") add(kSexes), add(kAges);
    if (figure->metric() == "drugs-weight" || figure->metric() == "drug-seizures") add(kDrugs);
    if (figure->metric() == "weapons-seized") add(kWeapons);
  }

  const v1::Catalogue& catalogue_;
  std::mt19937& random_;
};

// Rows that can be compared whatever their order.
template <typename Rows>
std::vector<std::string> Comparable(Rows rows) {
  std::vector<std::string> lines;
  for (v1::TotalsRow& row : rows) {
    std::sort(row.mutable_categories()->begin(), row.mutable_categories()->end());
    lines.push_back(row.ShortDebugString());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace muster

#endif  // MUSTER_TESTS_AGGREGATOR_RANDOM_RESULTS_H_
