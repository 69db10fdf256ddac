// Which figures one revision of a result changed of the one before.
#include "clients/cli/figure_changes.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Figure FigureOf(const std::string& metric, std::optional<int64_t> value, v1::Unit unit = v1::UNIT_COUNT,
                    const std::vector<std::string>& categories = {}) {
  v1::Figure figure;
  figure.set_metric(metric);
  if (value) figure.set_value(*value);
  figure.set_unit(unit);
  for (const std::string& category : categories) figure.add_categories(category);
  return figure;
}

v1::StoredResult StoredOf(const std::vector<v1::Figure>& figures) {
  v1::StoredResult stored;
  for (const v1::Figure& figure : figures) *stored.mutable_result()->add_figures() = figure;
  return stored;
}

// "arrests 7 -> 8"; "-" is nothing, "?" not yet counted.
std::vector<std::string> Texts(const v1::StoredResult* before, const v1::StoredResult& after) {
  const auto text = [](const std::optional<v1::Figure>& figure) {
    if (!figure) return std::string("-");
    return figure->has_value() ? absl::StrCat(figure->value()) : std::string("?");
  };
  std::vector<std::string> texts;
  for (const FigureChange& change : FigureChangesBetween(before, after)) {
    texts.push_back(absl::StrCat(change.metric, change.categories.empty() ? "" : "/",
                                 absl::StrJoin(change.categories, "+"), " ", text(change.before), " -> ",
                                 text(change.after)));
  }
  return texts;
}

TEST(FigureChangesTest, EveryFigureOfAFirstRevisionIsNew) {
  EXPECT_THAT(Texts(nullptr, StoredOf({FigureOf("arrests", 7), FigureOf("phones-seized", std::nullopt)})),
              ElementsAre("arrests - -> 7", "phones-seized - -> ?"));
}

TEST(FigureChangesTest, WhatIsGoneNewOrDifferentIsTold) {
  const v1::StoredResult before = StoredOf({FigureOf("arrests", 7), FigureOf("drug-wraps", 5), FigureOf("knives", 1)});
  const v1::StoredResult after =
      StoredOf({FigureOf("knives", 1), FigureOf("arrests", 8), FigureOf("cash-seized", 0, v1::UNIT_POUND)});
  EXPECT_THAT(Texts(&before, after), ElementsAre("arrests 7 -> 8", "cash-seized - -> 0", "drug-wraps 5 -> -"));
}

TEST(FigureChangesTest, TheSameInOtherUnitsOrOrderIsNoChange) {
  const v1::StoredResult before =
      StoredOf({FigureOf("drugs-weight", 1, v1::UNIT_KILOGRAM, {"heroin", "crack-cocaine"})});
  v1::StoredResult after = StoredOf({FigureOf("drugs-weight", 1'000, v1::UNIT_GRAM, {"crack-cocaine", "heroin"})});
  after.mutable_result()->mutable_figures(0)->set_qualifier(v1::QUALIFIER_EXACT);
  EXPECT_THAT(Texts(&before, after), IsEmpty());
  after.mutable_result()->mutable_figures(0)->set_value(1'001);
  EXPECT_THAT(Texts(&before, after), ElementsAre("drugs-weight/crack-cocaine+heroin 1 -> 1001"));
}

TEST(FigureChangesTest, AQualifierAloneIsAChange) {
  const v1::StoredResult before = StoredOf({FigureOf("arrests", 7)});
  v1::StoredResult after = before;
  after.mutable_result()->mutable_figures(0)->set_qualifier(v1::QUALIFIER_AT_LEAST);
  EXPECT_THAT(Texts(&before, after), ElementsAre("arrests 7 -> 7"));
}

TEST(FigureChangesTest, NotYetCountedIsNotZero) {
  const v1::StoredResult before = StoredOf({FigureOf("arrests", std::nullopt)});
  EXPECT_THAT(Texts(&before, StoredOf({FigureOf("arrests", 0)})), ElementsAre("arrests ? -> 0"));
}

TEST(FigureChangesTest, ANilResultStatesZerosAndARetractionNothing) {
  v1::StoredResult nil;
  nil.add_nil_metrics("arrests");
  nil.add_nil_metrics("knives");
  EXPECT_THAT(Texts(nullptr, nil), ElementsAre("arrests - -> 0", "knives - -> 0"));
  const v1::StoredResult counted = StoredOf({FigureOf("arrests", 0), FigureOf("knives", 2)});
  EXPECT_THAT(Texts(&nil, counted), ElementsAre("knives 0 -> 2"));
  v1::StoredResult retracted;
  retracted.mutable_result()->set_retracted(true);
  EXPECT_THAT(Texts(&counted, retracted), ElementsAre("arrests 0 -> -", "knives 2 -> -"));
}

}  // namespace
}  // namespace muster::cli
