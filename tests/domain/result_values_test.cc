#include "domain/result_values.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/quantity.h"
#include "domain/validation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/plain_values.h"
#include "tests/domain/random_seed.h"
#include "tests/domain/shipped_catalogue.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr v1::Qualifier kExact = v1::QUALIFIER_UNSPECIFIED;
constexpr v1::Qualifier kAtLeast = v1::QUALIFIER_AT_LEAST;
constexpr v1::Qualifier kAtMost = v1::QUALIFIER_AT_MOST;
constexpr v1::Qualifier kEstimate = v1::QUALIFIER_ESTIMATE;

// A figure of one metric, in its base unit.
struct Stated {
  std::vector<std::string> categories;
  std::optional<int64_t> value;  // Absent: still to be counted.
  v1::Qualifier qualifier = kExact;
};

constexpr std::nullopt_t kUncounted = std::nullopt;

v1::Figure FigureOf(const v1::Metric& metric, const Stated& stated) {
  v1::Figure figure;
  figure.set_metric(metric.id());
  for (const std::string& category : stated.categories) figure.add_categories(category);
  if (!stated.value) return figure;
  figure.set_value(*stated.value);
  figure.set_unit(metric.base_unit());
  figure.set_qualifier(stated.qualifier);
  return figure;
}

// "7", "7 (at least)", "7 (estimate) + 2 uncounted".
std::string InWords(const Amount& amount) {
  std::string words = absl::StrCat(static_cast<int64_t>(amount.sum));
  Amount counted = amount;
  counted.uncounted_count = 0;
  if (counted.CarefulQualifier() != v1::QUALIFIER_EXACT) {
    absl::StrAppend(&words, " (", QualifierName(counted.CarefulQualifier()), ")");
  }
  if (amount.uncounted_count != 0) absl::StrAppend(&words, " + ", amount.uncounted_count, " uncounted");
  return words;
}

// The values of a result as these tests look at them: by ascending metric, the nodes of each.
using Values = std::vector<std::pair<MetricIndex, std::vector<NodeValue>>>;

Values CopyOf(const ValuesView& view) {
  Values values;
  for (size_t index = 0; index < view.size(); ++index) {
    const MetricValues metric = view[index];
    values.emplace_back(metric.metric, std::vector<NodeValue>(metric.nodes.begin(), metric.nodes.end()));
  }
  return values;
}

google::protobuf::RepeatedPtrField<std::string> Strings(const std::vector<std::string>& list) {
  return {list.begin(), list.end()};
}

// What `result` adds when it is read back from the log.
absl::StatusOr<Values> ValuesOf(const v1::OperationResult& result, const std::vector<std::string>& nil_metrics = {}) {
  ResultValues values;
  const absl::StatusOr<ValuesView> view = ValuesOfStored(ShippedCatalogue(), result, Strings(nil_metrics), &values);
  if (!view.ok()) return view.status();
  return CopyOf(*view);
}

// "male, child: 2", "all: 28, left 1 and 1": the amount, and what is not broken down along each breakdown.
std::vector<std::string> InWords(const std::pair<MetricIndex, std::vector<NodeValue>>& values) {
  const auto& [metric, nodes] = values;
  const Catalogue& catalogue = ShippedCatalogue();
  std::vector<std::string> lines;
  for (const NodeValue& value : nodes) {
    std::vector<std::string> names;
    for (const CategoryIndex category : catalogue.CategoriesOf(metric, value.node)) {
      names.push_back(catalogue.category(category).id());
    }
    std::vector<std::string> left;
    for (const absl::int128 along : value.not_broken_down) left.push_back(absl::StrCat(static_cast<int64_t>(along)));
    while (!left.empty() && left.back() == "0") left.pop_back();
    lines.push_back(absl::StrCat(names.empty() ? "all" : absl::StrJoin(names, ", "), ": ", InWords(value.amount),
                                 left.empty() ? "" : ", left ", absl::StrJoin(left, " and ")));
  }
  return lines;
}

// What figures of one metric come to.
struct ValueCase {
  std::string name;
  std::string metric;
  std::vector<Stated> figures;
  std::vector<std::string> want;
  friend void PrintTo(const ValueCase& row, std::ostream* out) { *out << row.name; }
};

const auto kRowName = [](const auto& row) { return row.param.name; };

class ValuesTest : public testing::TestWithParam<ValueCase> {};

TEST_P(ValuesTest, OfEveryNodeFollowFromWhatWasStated) {
  const v1::Metric& metric = ShippedCatalogue().metric(ShippedCatalogue().FindMetric(GetParam().metric).value());
  v1::OperationResult result;
  for (const Stated& stated : GetParam().figures) *result.add_figures() = FigureOf(metric, stated);

  const absl::StatusOr<Values> values = ValuesOf(result);
  ASSERT_TRUE(values.ok()) << values.status();
  ASSERT_EQ(values->size(), 1U);
  EXPECT_EQ(ShippedCatalogue().metric(values->front().first).id(), GetParam().metric);
  EXPECT_EQ(InWords(values->front()), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    StatedTotals, ValuesTest,
    testing::ValuesIn<ValueCase>({
        {"NoBreakdown", "cash-seized", {{{}, 12'409'500}}, {"all: 12409500"}},
        {"Zero", "cash-seized", {{{}, 0}}, {"all: 0"}},
        {"Percentage", "first-time-arrest-percent", {{{}, 37, kAtLeast}}, {"all: 37 (at_least)"}},
        {"OnlyATotal", "charges", {{{}, 7}}, {"all: 7, left 7"}},
        {"Northumbria",  // 28 arrests: 22 men, 3 women, 2 boys. One is not broken down.
         "arrests",
         {{{}, 28}, {{"male", "adult"}, 22}, {{"female", "adult"}, 3}, {{"male", "child"}, 2}},
         {"all: 28, left 1 and 1", "adult: 25", "child: 2", "male: 24", "male, adult: 22", "male, child: 2",
          "female: 3", "female, adult: 3"}},
        {"OfWhich",  // 289 weapons, of which 49 firearms and 120 knives.
         "weapons-seized",
         {{{}, 289}, {{"firearm"}, 49}, {{"knife"}, 120}},
         {"all: 289, left 120", "firearm: 49, left 49", "bladed: 120", "knife: 120"}},
        {"TheOrderOfFiguresMeansNothing",
         "weapons-seized",
         {{{"knife"}, 120}, {{}, 289}, {{"firearm"}, 49}},
         {"all: 289, left 120", "firearm: 49, left 49", "bladed: 120", "knife: 120"}},
        {"TotalsAtEveryHeight",
         "pills",
         {{{}, 100}, {{"class-b"}, 60}, {{"cannabis"}, 30}, {{"cannabis-resin"}, 10}},
         {"all: 100, left 40", "class-b: 60, left 30", "cannabis: 30, left 20", "cannabis-resin: 10"}},
        {"PartsAboveTheirTotalDoNotRaiseIt",
         "pills",
         {{{}, 10}, {{"heroin"}, 30}},
         {"all: 10", "class-a: 30", "heroin: 30"}},
        {"AStatedZeroIsATotal", "pills", {{{}, 0}, {{"heroin"}, 0}}, {"all: 0", "class-a: 0", "heroin: 0"}},
        {"TheQualifierOfATotalIsItsOwn",
         "charges",
         {{{}, 20, kAtLeast}, {{"adult"}, 8, kEstimate}, {{"child"}, 4}},
         {"all: 20 (at_least), left 8", "adult: 8 (estimate)", "child: 4"}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Sums, ValuesTest,
    testing::ValuesIn<ValueCase>({
        {"OfChildren",
         "pills",
         {{{"heroin"}, 10}, {{"lsd"}, 2}, {{"cannabis-resin"}, 5}},
         {"all: 17", "class-a: 12", "heroin: 10", "lsd: 2", "class-b: 5", "cannabis: 5", "cannabis-resin: 5"}},
        {"NothingIsSummedPastAStatedNode",
         "pills",
         {{{"class-b"}, 7}, {{"cannabis-resin"}, 5}, {{"heroin"}, 1}},
         {"all: 8", "class-a: 1", "heroin: 1", "class-b: 7, left 2", "cannabis: 5", "cannabis-resin: 5"}},
        {"QualifiersTravelUp",
         "charges",
         {{{"adult"}, 8, kAtLeast}, {{"child"}, 4}},
         {"all: 12 (at_least)", "adult: 8 (at_least)", "child: 4"}},
        {"OverAndUnderMakeAnEstimate",
         "charges",
         {{{"adult"}, 8, kAtLeast}, {{"child"}, 4, kAtMost}},
         {"all: 12 (estimate)", "adult: 8 (at_least)", "child: 4 (at_most)"}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Groups, ValuesTest,
    testing::ValuesIn<ValueCase>({
        {"CountAtTheirCommonAncestor",  // Over 430 g of crack, heroin and cocaine: under class A and under no drug.
         "drugs-weight",
         {{{"crack-cocaine", "heroin", "powder-cocaine"}, 430'000, kAtLeast}},
         {"all: 430000 (at_least)", "class-a: 430000 (at_least), left 430000"}},
        {"OfDifferentClassesCountAtTheTop", "drugs-weight", {{{"heroin", "cannabis"}, 100}}, {"all: 100, left 100"}},
        {"OfOneDrugTwiceSaidAreNone",  // Class A and heroin is class A.
         "drugs-weight",
         {{{"class-a", "heroin"}, 100}},
         {"all: 100", "class-a: 100, left 100"}},
        {"HoldWhatIsStatedOfThem",
         "drugs-weight",
         {{{"crack-cocaine", "heroin"}, 430}, {{"heroin"}, 30}},
         {"all: 430", "class-a: 430, left 400", "heroin: 30"}},
        {"DoNotHoldTheirNeighbours",
         "drugs-weight",
         {{{"crack-cocaine", "heroin"}, 430}, {{"lsd"}, 5}},
         {"all: 435", "class-a: 435, left 430", "lsd: 5"}},
        {"AreInTheTotalOfTheirAncestor",
         "drugs-weight",
         {{{"class-a"}, 500}, {{"crack-cocaine", "heroin"}, 430}},
         {"all: 500", "class-a: 500, left 500"}},
        {"AreInTheTotalOfAll",
         "drugs-weight",
         {{{}, 500}, {{"crack-cocaine", "heroin"}, 430}},
         {"all: 500, left 70", "class-a: 430, left 430"}},
        {"TwoThatShareADrugBothCount",
         "drugs-weight",
         {{{"crack-cocaine", "heroin"}, 10}, {{"heroin", "lsd"}, 20}},
         {"all: 30", "class-a: 30, left 30"}},
        {"OfClassesHoldAGroupBelowThem",
         "drugs-weight",
         {{{"class-a", "class-b"}, 100}, {{"crack-cocaine", "heroin"}, 40}, {{"class-c"}, 3}},
         {"all: 103, left 60", "class-a: 40, left 40", "class-c: 3"}},
        {"OfOneBreakdownOfTwo",  // Five of either sex, all of them adults.
         "arrests",
         {{{"male", "female", "adult"}, 5}},
         {"all: 5, left 5", "adult: 5, left 5"}},
        {"OfBothBreakdowns",
         "arrests",
         {{{"male", "female", "adult", "child"}, 5}, {{"male", "child"}, 2}},
         {"all: 5, left 3 and 3", "child: 2", "male: 2", "male, child: 2"}},
        {"MayStillHaveToBeCounted",
         "drugs-weight",
         {{{"crack-cocaine", "heroin"}, kUncounted}, {{"lsd"}, 5}},
         {"all: 5 + 1 uncounted", "class-a: 5 + 1 uncounted", "lsd: 5"}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    TwoBreakdowns, ValuesTest,
    testing::ValuesIn<ValueCase>({
        {"OneOfThem",
         "arrests",
         {{{"male"}, 22}, {{"female"}, 3}},
         {"all: 25, left 0 and 25", "male: 22, left 0 and 22", "female: 3, left 0 and 3"}},
        {"ThatAgree",
         "arrests",
         {{{"male"}, 22}, {{"female"}, 3}, {{"adult"}, 20}, {{"child"}, 5}},
         {"all: 25", "adult: 20, left 20", "child: 5, left 5", "male: 22, left 0 and 22", "female: 3, left 0 and 3"}},
        {"ThatDisagreeTheLargerCounts",
         "arrests",
         {{{"male"}, 22}, {{"female"}, 3}, {{"adult"}, 20}, {{"child"}, 4}},
         {"all: 25, left 0 and 1", "adult: 20, left 20", "child: 4, left 4", "male: 22, left 0 and 22",
          "female: 3, left 0 and 3"}},
        {"ThatDisagreeTheOtherWay",
         "arrests",
         {{{"male"}, 20}, {{"female"}, 3}, {{"adult"}, 20}, {{"child"}, 4}},
         {"all: 24, left 1", "adult: 20, left 20", "child: 4, left 4", "male: 20, left 0 and 20",
          "female: 3, left 0 and 3"}},
        {"ThatDisagreeUnderAStatedTotal",
         "arrests",
         {{{}, 30}, {{"male"}, 22}, {{"child"}, 4}},
         {"all: 30, left 8 and 26", "child: 4, left 4", "male: 22, left 0 and 22"}},
        {"OfEqualSumsTheMoreCertainCounts",
         "arrests",
         {{{"male"}, 5, kEstimate}, {{"adult"}, 5}},
         {"all: 5", "adult: 5, left 5", "male: 5 (estimate), left 0 and 5"}},
        {"OfEqualSumsTheMoreCertainCountsTheOtherWay",
         "arrests",
         {{{"male"}, 5}, {{"adult"}, 5, kAtMost}},
         {"all: 5", "adult: 5 (at_most), left 5", "male: 5, left 0 and 5"}},
        {"Pairs",
         "arrests",
         {{{"male", "adult"}, 4}, {{"female", "child"}, 1}},
         {"all: 5", "adult: 4", "child: 1", "male: 4", "male, adult: 4", "female: 1", "female, child: 1"}},
        {"PairsUnderAStatedSex",
         "arrests",
         {{{"male"}, 9}, {{"male", "adult"}, 4}, {{"female", "child"}, 1}},
         {"all: 10, left 0 and 5", "adult: 4", "child: 1", "male: 9, left 0 and 5", "male, adult: 4", "female: 1",
          "female, child: 1"}},
    }),
    kRowName);

// A seizure with two drugs counts once in all and once under each: nothing is ever summed.
INSTANTIATE_TEST_SUITE_P(
    PartsOverlap, ValuesTest,
    testing::ValuesIn<ValueCase>({
        {"NothingIsSummed",
         "drug-seizures",
         {{{"heroin"}, 3}, {{"crack-cocaine"}, 4}},
         {"crack-cocaine: 4", "heroin: 3"}},
        {"WhatIsStatedCounts",
         "drug-seizures",
         {{{}, 5}, {{"heroin"}, 3}, {{"crack-cocaine"}, 4}},
         {"all: 5", "crack-cocaine: 4", "heroin: 3"}},
        {"AGroupCountsAtItsAncestor", "drug-seizures", {{{"heroin", "crack-cocaine"}, 4}}, {"class-a: 4"}},
        {"TheLargestGroupCounts",
         "drug-seizures",
         {{{"heroin", "crack-cocaine"}, 4}, {{"heroin", "lsd"}, 6}, {{"mdma", "lsd"}, 5}},
         {"class-a: 6"}},
        {"OfEqualGroupsTheMoreCertainCounts",
         "drug-seizures",
         {{{"heroin", "crack-cocaine"}, 4, kEstimate}, {{"heroin", "lsd"}, 4}},
         {"class-a: 4"}},
        {"OfEqualGroupsTheMoreCertainCountsTheOtherWay",
         "drug-seizures",
         {{{"heroin", "crack-cocaine"}, 4}, {{"heroin", "lsd"}, 4, kAtMost}},
         {"class-a: 4"}},
        {"OfEquallyCertainGroupsTheOneThatMayBeMoreCounts",
         "drug-seizures",
         {{{"heroin", "crack-cocaine"}, 4}, {{"heroin", "lsd"}, 4, kAtLeast}},
         {"class-a: 4 (at_least)"}},
        {"AGroupStillToBeCountedIsMoreThanAboutNothing",
         "drug-seizures",
         {{{"heroin", "crack-cocaine"}, 0, kEstimate}, {{"heroin", "lsd"}, kUncounted}},
         {"class-a: 0 + 1 uncounted"}},
        {"AGroupBesideAStatedTotal", "drug-seizures", {{{"class-a"}, 4}, {{"heroin", "lsd"}, 6}}, {"class-a: 4"}},
        {"StillToBeCounted",
         "drug-seizures",
         {{{}, kUncounted}, {{"heroin"}, 3}},
         {"all: 0 + 1 uncounted", "heroin: 3"}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    StillToBeCounted, ValuesTest,
    testing::ValuesIn<ValueCase>({
        {"AMetric", "cash-seized", {{{}, kUncounted}}, {"all: 0 + 1 uncounted"}},
        {"ATotalOfKnownParts", "charges", {{{}, kUncounted}, {{"adult"}, 3}}, {"all: 3 + 1 uncounted", "adult: 3"}},
        {"APartOfAKnownTotal",
         "charges",
         {{{}, 28}, {{"adult"}, kUncounted}},
         {"all: 28, left 28", "adult: 0 + 1 uncounted"}},
        {"APartBesideAnother",
         "charges",
         {{{"adult"}, 3}, {{"child"}, kUncounted}},
         {"all: 3 + 1 uncounted", "adult: 3", "child: 0 + 1 uncounted"}},
        {"ATotalAndItsPart",
         "charges",
         {{{}, kUncounted}, {{"child"}, kUncounted}},
         {"all: 0 + 2 uncounted", "child: 0 + 1 uncounted"}},
    }),
    kRowName);

TEST(ValuesOfStoredTest, UnitsAreBroughtToTheBaseUnit) {
  v1::OperationResult result;
  const auto add = [&result](const std::string& category, int64_t value, v1::Unit unit) {
    v1::Figure* const figure = result.add_figures();
    figure->set_metric("drugs-weight");
    figure->add_categories(category);
    figure->set_value(value);
    figure->set_unit(unit);
  };
  add("heroin", 151'500, v1::UNIT_MILLIGRAM);
  add("crack-cocaine", 430, v1::UNIT_GRAM);
  add("cannabis", 30, v1::UNIT_KILOGRAM);
  const auto values = ValuesOf(result);
  ASSERT_TRUE(values.ok());
  EXPECT_THAT(InWords(values->front()),
              ElementsAre("all: 30581500", "class-a: 581500", "crack-cocaine: 430000", "heroin: 151500",
                          "class-b: 30000000", "cannabis: 30000000, left 30000000"));
}

TEST(ValuesOfStoredTest, ANilResultStatesZeroOfTheMetricsThatWereExpected) {
  v1::OperationResult result;
  result.set_nil(true);
  const auto values = ValuesOf(result, {"cash-seized", "arrests"});
  ASSERT_TRUE(values.ok());
  ASSERT_EQ(values->size(), 2U);
  EXPECT_EQ((*values)[0].first, ShippedCatalogue().FindMetric("arrests"));  // By ascending metric.
  EXPECT_EQ((*values)[1].first, ShippedCatalogue().FindMetric("cash-seized"));
  for (const auto& metric : *values) EXPECT_THAT(InWords(metric), ElementsAre("all: 0"));
}

TEST(ValuesOfStoredTest, ARetractedResultAddsNothing) {
  const v1::Metric& arrests = ShippedCatalogue().metric(*ShippedCatalogue().FindMetric("arrests"));
  v1::OperationResult result;
  result.set_retracted(true);
  *result.add_figures() = FigureOf(arrests, {{}, 7});
  const auto values = ValuesOf(result, {"arrests"});
  ASSERT_TRUE(values.ok());
  EXPECT_THAT(*values, IsEmpty());
}

TEST(ValuesOfStoredTest, ANameThatTheCatalogueLostIsAnErrorThatNamesTheResult) {
  const v1::Metric& arrests = ShippedCatalogue().metric(*ShippedCatalogue().FindMetric("arrests"));
  v1::OperationResult base;
  base.set_operation("county-lines-2021-10");
  base.set_force("surrey");
  base.set_result_id("week-41");

  v1::OperationResult metric = base;
  *metric.add_figures() = FigureOf(arrests, {{}, 7});
  metric.mutable_figures(0)->set_metric("detentions");
  v1::OperationResult category = base;
  *category.add_figures() = FigureOf(arrests, {{"unknown"}, 7});
  v1::OperationResult breakdown = base;
  *breakdown.add_figures() = FigureOf(arrests, {{"heroin"}, 7});
  for (const v1::OperationResult& result : {metric, category, breakdown}) {
    const auto values = ValuesOf(result);
    EXPECT_EQ(values.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(values.status().message()), HasSubstr("\"week-41\" of force \"surrey\""));
  }
  base.set_nil(true);
  EXPECT_EQ(ValuesOf(base, {"detentions"}).status().code(), absl::StatusCode::kFailedPrecondition);
}

struct NeverAcceptedCase {
  std::string name;
  std::function<void(v1::OperationResult&)> spoil;
  bool accepted = false;
  friend void PrintTo(const NeverAcceptedCase& row, std::ostream* out) { *out << row.name; }
};

class StoredFiguresTest : public testing::TestWithParam<NeverAcceptedCase> {};

TEST_P(StoredFiguresTest, AreLostDataIfTheyWereNeverAccepted) {
  v1::OperationResult result;
  v1::Figure& figure = *result.add_figures();
  figure.set_metric("drugs-weight");
  figure.set_value(1);
  figure.set_unit(v1::UNIT_KILOGRAM);
  GetParam().spoil(result);
  EXPECT_EQ(ValuesOf(result).status().code(),
            GetParam().accepted ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss);
}

INSTANTIATE_TEST_SUITE_P(
    Values, StoredFiguresTest,
    testing::ValuesIn<NeverAcceptedCase>({
        {"TheLargestValue", [](auto& result) { result.mutable_figures(0)->set_value(1'000'000'000); }, true},
        {"NotYetCounted", [](auto& result) { result.mutable_figures(0)->clear_value(); }, true},
        {"OneAboveTheLargestValue", [](auto& result) { result.mutable_figures(0)->set_value(1'000'000'001); }},
        {"AValueThatOverflows",
         [](auto& result) { result.mutable_figures(0)->set_value(std::numeric_limits<int64_t>::max()); }},
        {"AValueBelowZero", [](auto& result) { result.mutable_figures(0)->set_value(-1); }},
        {"AValueWithoutUnit", [](auto& result) { result.mutable_figures(0)->clear_unit(); }},
        {"AFigureTwice", [](auto& result) { *result.add_figures() = result.figures(0); }},
    }),
    [](const auto& row) { return row.param.name; });

TEST(ValuesOfStoredTest, ANilResultThatStatesAMetricTwiceIsLostData) {
  v1::OperationResult result;
  result.set_nil(true);
  EXPECT_TRUE(ValuesOf(result, {"arrests", "cash-seized"}).ok());
  EXPECT_EQ(ValuesOf(result, {"arrests", "cash-seized", "arrests"}).status().code(), absl::StatusCode::kDataLoss);
}

std::optional<ResolvedFigure> Resolve(const std::string& metric, const std::vector<std::string>& categories) {
  v1::Figure figure;
  figure.set_metric(metric);
  for (const std::string& category : categories) figure.add_categories(category);
  return ResolveNames(ShippedCatalogue(), figure, 7);
}

TEST(ResolveNamesTest, KeepsTheOutermostOfWhatLiesWithinEachOther) {
  const auto nodes_of = [](const std::vector<std::string>& categories) {
    return Resolve("pills", categories).value().tree_nodes[0];
  };
  const TreeNodes class_b = nodes_of({"class-b"});
  EXPECT_EQ(class_b.size(), 1U);
  EXPECT_EQ(nodes_of({"class-b", "cannabis-resin"}), class_b);
  EXPECT_EQ(nodes_of({"cannabis-resin", "class-b"}), class_b);
  EXPECT_EQ(nodes_of({"cannabis-resin", "ketamine", "cannabis", "class-b"}), class_b);
  EXPECT_EQ(nodes_of({"cannabis-resin", "cannabis-herbal"}).size(), 2U);
  EXPECT_THAT(nodes_of({}), ElementsAre(0));
}

TEST(ResolveNamesTest, TellsGroupsFromPairs) {
  EXPECT_FALSE(Resolve("arrests", {})->IsGroup());
  EXPECT_FALSE(Resolve("arrests", {"male", "child"})->IsGroup());
  EXPECT_TRUE(Resolve("arrests", {"male", "female"})->IsGroup());
  EXPECT_TRUE(Resolve("arrests", {"male", "adult", "child"})->IsGroup());
  EXPECT_FALSE(Resolve("pills", {"class-a", "heroin"})->IsGroup());
}

TEST(ResolveNamesTest, TakesNoNameThatItsMetricDoesNotHave) {
  EXPECT_TRUE(Resolve("arrests", {"male"}).has_value());
  EXPECT_EQ(Resolve("arrests", {"male"})->figure_index, 7);
  EXPECT_FALSE(Resolve("arrest", {}).has_value());
  EXPECT_FALSE(Resolve("arrests", {"man"}).has_value());
  EXPECT_FALSE(Resolve("arrests", {"heroin"}).has_value());
  EXPECT_FALSE(Resolve("cash-seized", {"male"}).has_value());
}

TEST(SortAndFindRepeatedTest, NamesEachWithTheOneBeforeIt) {
  std::vector<ResolvedFigure> figures;
  for (const auto& [metric, categories] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{{"pills", {"heroin"}},
                                                                     {"arrests", {}},
                                                                     {"pills", {"lsd", "heroin"}},
                                                                     {"pills", {"heroin"}},
                                                                     {"drug-wraps", {"heroin"}},
                                                                     {"pills", {"heroin", "lsd"}},
                                                                     {"pills", {"heroin"}}}) {
    figures.push_back(*Resolve(metric, categories));
    figures.back().figure_index = static_cast<int>(figures.size()) - 1;
  }
  EXPECT_THAT(SortAndFindRepeated(&figures),
              testing::UnorderedElementsAre(std::pair(3, 0), std::pair(6, 3), std::pair(5, 2)));
  EXPECT_TRUE(
      std::is_sorted(figures.begin(), figures.end(), [](const auto& a, const auto& b) { return a.metric < b.metric; }));
}

// Makes figures of any metric at random: of a few values, so that they are often equal, and of categories at any
// height, alone, in groups and within each other.
class FigureMaker {
 public:
  explicit FigureMaker(std::mt19937* random) : random_(*random) {}

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool OneIn(int n) { return Below(n) == 0; }

  // One or more figures, no two of the same metric and categories.
  void Add(MetricIndex index, v1::OperationResult* result) {
    const v1::Metric& metric = ShippedCatalogue().metric(index);
    std::set<std::array<TreeNodes, Lattice::kAxes>> seen;
    for (int i = 0, count = 1 + Below(7); i < count; ++i) {
      v1::Figure figure;
      figure.set_metric(metric.id());
      for (const std::string& breakdown : metric.breakdowns()) AddCategories(breakdown, &figure);
      if (!OneIn(7)) {
        figure.set_value(Below(OneIn(3) ? 1'000 : 6));
        figure.set_unit(UnitOf(metric.dimension()));
        figure.set_qualifier(static_cast<v1::Qualifier>(OneIn(2) ? 0 : Below(5)));
      }
      if (seen.insert(ResolveNames(ShippedCatalogue(), figure, 0).value().tree_nodes).second) {
        *result->add_figures() = figure;
      }
    }
  }

  void Shuffle(v1::OperationResult* result) {
    std::shuffle(result->mutable_figures()->begin(), result->mutable_figures()->end(), random_);
  }

 private:
  v1::Unit UnitOf(v1::Dimension dimension) {
    while (true) {
      const auto unit = static_cast<v1::Unit>(1 + Below(v1::Unit_MAX));
      if (UnitFits(unit, dimension)) return unit;
    }
  }

  void AddCategories(const std::string& breakdown, v1::Figure* figure) {
    const v1::Catalogue& catalogue = ShippedCatalogue().proto();
    const auto& all = catalogue.breakdowns(*ShippedCatalogue().FindBreakdown(breakdown)).categories();
    std::set<int> chosen;
    for (int i = 0, count = OneIn(3) ? 2 + Below(3) : Below(2); i < count; ++i) chosen.insert(Below(all.size()));
    std::vector<int> order(chosen.begin(), chosen.end());
    std::shuffle(order.begin(), order.end(), random_);
    for (const int category : order) figure->add_categories(all.Get(category).id());
  }

  std::mt19937& random_;
};

using NodeLines = std::map<PlainValues::Node, std::string>;

std::string Line(const PlainValue& value) {
  return absl::StrCat("sum ", value.Sum(), ", estimate ", value.sum[v1::QUALIFIER_ESTIMATE], ", at most ",
                      value.sum[v1::QUALIFIER_AT_MOST], "; of at least ", value.count[v1::QUALIFIER_AT_LEAST],
                      ", at most ", value.count[v1::QUALIFIER_AT_MOST], ", estimate ",
                      value.count[v1::QUALIFIER_ESTIMATE], ", uncounted ", value.count[0], "; left ", value.left[0],
                      " and ", value.left[1]);
}

std::string Line(const NodeValue& value) {
  const ResultAmount& amount = value.amount;
  return absl::StrCat(
      "sum ", static_cast<int64_t>(amount.sum), ", estimate ", static_cast<int64_t>(amount.estimate_sum), ", at most ",
      static_cast<int64_t>(amount.at_most_sum), "; of at least ", amount.at_least_count, ", at most ",
      amount.at_most_count, ", estimate ", amount.estimate_count, ", uncounted ", amount.uncounted_count, "; left ",
      static_cast<int64_t>(value.not_broken_down[0]), " and ", static_cast<int64_t>(value.not_broken_down[1]));
}

NodeLines LinesOf(const std::map<PlainValues::Node, PlainValue>& values) {
  NodeLines lines;
  for (const auto& [node, value] : values) lines[node] = Line(value);
  return lines;
}

NodeLines LinesOf(const Values& values, MetricIndex metric) {
  const Catalogue& catalogue = ShippedCatalogue();
  NodeLines lines;
  for (const auto& [of_metric, nodes] : values) {
    if (of_metric != metric) continue;
    for (const NodeValue& value : nodes) {
      PlainValues::Node node(static_cast<size_t>(catalogue.metric(metric).breakdowns_size()));
      for (const CategoryIndex category : catalogue.CategoriesOf(metric, value.node)) {
        node[static_cast<size_t>(catalogue.PlaceOf(metric, category)->axis)] = catalogue.category(category).id();
      }
      EXPECT_TRUE(lines.emplace(node, Line(value)).second) << "a node twice";
    }
  }
  return lines;
}

bool AreEqual(const Values& a, const Values& b) {
  const auto same_node = [](const NodeValue& x, const NodeValue& y) {
    return x.node == y.node && x.amount == y.amount && x.not_broken_down == y.not_broken_down;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& x, const auto& y) {
    return x.first == y.first &&
           std::equal(x.second.begin(), x.second.end(), y.second.begin(), y.second.end(), same_node);
  });
}

constexpr int kRounds = 500;  // Of a result for every metric: more than 20,000 results.

TEST(RandomValuesTest, AreThoseOfThePlainRulesForEveryMetric) {
  const uint32_t seed = RandomSeed();
  std::mt19937 random(seed);
  FigureMaker maker(&random);
  const Catalogue& catalogue = ShippedCatalogue();
  const PlainValues plain(catalogue.proto());
  const v1::Operation& week = catalogue.proto().operations(0);
  const OperationDirectory operations = OperationDirectory().With(std::make_shared<Operation>(week, catalogue));

  const MetricIndex overlapping = catalogue.FindMetric("drug-seizures").value();
  ASSERT_EQ(catalogue.metric(overlapping).additivity(), v1::ADDITIVITY_PARTS_OVERLAP);

  for (int round = 0; round < kRounds; ++round) {
    for (MetricIndex metric = 0; metric < catalogue.metric_count(); ++metric) {
      v1::OperationResult result;
      result.set_operation(week.id());
      result.set_force("surrey");
      result.set_result_id("random");
      result.set_revision(1);
      result.set_start_date(week.start_date());
      result.set_end_date(week.end_date());
      maker.Add(metric, &result);
      // Of the one metric of which parts may overlap there would be few.
      const MetricIndex other = maker.OneIn(3) ? overlapping : maker.Below(catalogue.metric_count());
      if (other != metric) maker.Add(other, &result);
      maker.Shuffle(&result);

      const absl::StatusOr<Values> values = ValuesOf(result);
      ASSERT_TRUE(values.ok()) << values.status();
      for (const MetricIndex each : {metric, other}) {
        ASSERT_EQ(LinesOf(*values, each), LinesOf(plain.Of(catalogue.metric(each), result)))
            << "MUSTER_SEED=" << seed << "\n"
            << result.DebugString();
      }
      EXPECT_EQ(values->size(), metric == other ? 1U : 2U);

      // Another order of figures is the same content, so it must be the same values; and what was added when the
      // result was accepted must be what a replay of the log adds.
      v1::OperationResult shuffled = result;
      maker.Shuffle(&shuffled);
      const absl::StatusOr<Values> values_of_shuffled = ValuesOf(shuffled);
      ASSERT_TRUE(values_of_shuffled.ok()) << values_of_shuffled.status();
      ASSERT_TRUE(AreEqual(*values, *values_of_shuffled)) << "MUSTER_SEED=" << seed << "\n" << result.DebugString();
      ResultValues values_of_validated;
      ValidatedResult validated;
      ASSERT_THAT(ValidateResult(shuffled, catalogue, operations, &values_of_validated, &validated), IsEmpty());
      ASSERT_TRUE(AreEqual(*values, CopyOf(validated.values))) << "MUSTER_SEED=" << seed << "\n"
                                                               << result.DebugString();
    }
  }
}

}  // namespace
}  // namespace muster
