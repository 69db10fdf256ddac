#include "domain/catalogue.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/shipped_catalogue.h"

namespace muster {

// How a failed expectation shows a fault.
void PrintTo(const CatalogueFault& fault, std::ostream* out) { *out << fault.ToString(); }

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kFile[] = "test.textproto";

// A small catalogue without a fault, one message a line: a fault's line is the number beside it.
constexpr char kValid[] =
    /* 1*/ R"(regions { id: "east" name: "East" })"
           "\n"
           /* 2*/ R"(regions { id: "south" name: "South" })"
           "\n"
           /* 3*/ R"(regions { id: "west" name: "West" })"
           "\n"
           /* 4*/ R"(forces { id: "kent" name: "Kent" kind: FORCE_KIND_TERRITORIAL ons_code: "E1")"
           R"( memberships { region: "east" start_date: "2018-09-01" })"
           R"( memberships { region: "south" start_date: "2014-01-01" end_date: "2018-08-31" } })"
           "\n"
           /* 5*/ R"(forces { id: "essex" name: "Essex" kind: FORCE_KIND_TERRITORIAL ons_code: "E2")"
           R"( memberships { region: "east" } })"
           "\n"
           /* 6*/ R"(forces { id: "transport" name: "Transport" kind: FORCE_KIND_SPECIAL })"
           "\n"
           /* 7*/ R"(forces { id: "joint" name: "Joint" kind: FORCE_KIND_CONSORTIUM covers: "kent" covers: "essex" })"
           "\n"
           /* 8*/ R"(breakdowns { id: "drug" name: "Drug")"
           R"( categories { id: "heroin" name: "Heroin" parent: "class-a" })"  // Before its parent.
           R"( categories { id: "class-a" name: "Class A" })"
           R"( categories { id: "class-b" name: "Class B" })"
           R"( categories { id: "cannabis" name: "Cannabis" parent: "class-b" })"
           R"( categories { id: "resin" name: "Resin" parent: "cannabis" } })"
           "\n"
           /* 9*/ R"(breakdowns { id: "sex" name: "Sex" categories { id: "male" name: "Male" })"
           R"( categories { id: "female" name: "Female" } })"
           "\n"
           /*10*/ R"(breakdowns { id: "age" name: "Age" categories { id: "adult" name: "Adult" })"
           R"( categories { id: "child" name: "Child" } })"
           "\n"
           /*11*/ R"(metrics { id: "arrests" name: "Arrests" dimension: DIMENSION_COUNT base_unit: UNIT_COUNT)"
           R"( breakdowns: "sex" breakdowns: "age" additivity: ADDITIVITY_ADDITIVE })"
           "\n"
           /*12*/ R"(metrics { id: "drugs" name: "Drugs" dimension: DIMENSION_MASS base_unit: UNIT_MILLIGRAM)"
           R"( breakdowns: "drug" additivity: ADDITIVITY_ADDITIVE })"
           "\n"
           /*13*/ R"(metrics { id: "charges" name: "Charges" dimension: DIMENSION_COUNT base_unit: UNIT_COUNT)"
           R"( additivity: ADDITIVITY_PARTS_OVERLAP subset_of: "arrests" })"
           "\n"
           /*14*/ R"(metrics { id: "share" name: "Share" dimension: DIMENSION_PERCENT base_unit: UNIT_COUNT)"
           R"( additivity: ADDITIVITY_NOT_ADDITIVE })"
           "\n"
           /*15*/ R"(operations { id: "week" title: "Week" start_date: "2021-10-11" end_date: "2021-10-17")"
           R"( expected_forces: "kent" expected_metrics: "arrests" })"
           "\n";

std::shared_ptr<const Catalogue> Read(const std::string& text, std::vector<CatalogueFault>* faults) {
  const std::vector<CatalogueFile> files = {{kFile, text}};
  return Catalogue::Read(files, faults);
}

std::shared_ptr<const Catalogue> ReadValid() {
  std::vector<CatalogueFault> faults;
  std::shared_ptr<const Catalogue> catalogue = Read(kValid, &faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_NE(catalogue, nullptr);
  return catalogue;
}

// Where a fault must be said to be, and words of it.
struct Want {
  int line;
  std::string words;
};

testing::Matcher<CatalogueFault> IsFault(const Want& want) {
  return AllOf(Field("file", &CatalogueFault::file, want.line == 0 ? "catalogue" : kFile),
               Field("line", &CatalogueFault::line, want.line),
               Field("description", &CatalogueFault::description, HasSubstr(want.words)));
}

// Spoils one thing of the valid catalogue by putting `to` where `from` is.
struct FaultCase {
  std::string name;
  std::string from;
  std::string to;
  std::vector<Want> wants;
  friend void PrintTo(const FaultCase& row, std::ostream* out) { *out << row.name; }
};

class CatalogueFaultTest : public testing::TestWithParam<FaultCase> {};

TEST_P(CatalogueFaultTest, IsNamedWithItsLineAndNothingElseIs) {
  const FaultCase& row = GetParam();
  std::string text = kValid;
  const size_t place = text.find(row.from);
  ASSERT_NE(place, std::string::npos) << "the row spoils nothing";
  text.replace(place, row.from.size(), row.to);

  std::vector<CatalogueFault> faults = {{"old", 1, "must be forgotten"}};
  EXPECT_EQ(Read(text, &faults), nullptr);
  std::vector<testing::Matcher<CatalogueFault>> wants;
  for (const Want& want : row.wants) wants.push_back(IsFault(want));
  EXPECT_THAT(faults, testing::UnorderedElementsAreArray(wants));
}

const auto kRowName = [](const auto& row) { return row.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Syntax, CatalogueFaultTest,
    testing::ValuesIn<FaultCase>({
        {"UnknownField", R"(id: "west" name)", R"(id: "west" title)", {{3, "title"}}},
        {"UnknownEnumerator", "FORCE_KIND_SPECIAL", "FORCE_KIND_PRIVATE", {{6, "FORCE_KIND_PRIVATE"}}},
        {"UnclosedString", R"("West")", R"("West)", {{3, "String"}, {4, ""}}},
        {"UnclosedMessage", R"(name: "West" })", R"(name: "West")", {{4, ""}}},
        {"FieldTwice", R"(name: "West")", R"(name: "West" name: "Far West")", {{3, "multiple times"}}},
        {"NoText", R"(regions { id: "west")", R"(West Region { id: "west")", {{3, ""}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Ids, CatalogueFaultTest,
    testing::ValuesIn<FaultCase>({
        {"RegionMalformed", R"(id: "west")", R"(id: "West")", {{3, "region id \"West\" must be"}}},
        {"RegionEmpty", R"(id: "west" )", "", {{3, "region id \"\" must be"}}},
        {"RegionTwice", R"(id: "west")", R"(id: "east")", {{3, "region id \"east\" is used twice"}}},
        {"ForceMalformed", R"(id: "transport")", R"(id: "transport-")", {{6, "force id \"transport-\" must be"}}},
        {"ForceTwice", R"(id: "transport")", R"(id: "kent")", {{6, "force id \"kent\" is used twice"}}},
        {"BreakdownTwice",
         R"(breakdowns { id: "age")",
         R"(breakdowns { id: "age" name: "Age" } breakdowns { id: "age")",
         {{10, "breakdown id \"age\" is used twice"}}},
        {"BreakdownMalformed",
         R"(breakdowns { id: "age")",
         R"(breakdowns { id: "age" name: "Age" } breakdowns { id: "a--ge")",
         {{10, "breakdown id \"a--ge\" must be"}}},
        {"CategoryMalformed", R"(id: "resin")", R"(id: "resin_")", {{8, "category id \"resin_\" must be"}}},
        {"CategoryTwice", R"(id: "resin")", R"(id: "heroin")", {{8, "category id \"heroin\" is used twice"}}},
        {"CategoryTwiceInTwoBreakdowns",
         R"(id: "female")",
         R"(id: "heroin")",
         {{9, "category id \"heroin\" is used twice"}}},
        {"MetricMalformed", R"(id: "share")", R"(id: "share of all")", {{14, "metric id \"share of all\" must be"}}},
        {"MetricTwice", R"(id: "share")", R"(id: "drugs")", {{14, "metric id \"drugs\" is used twice"}}},
        {"OperationMalformed", R"(id: "week")", R"(id: "Week")", {{15, "\"Week\""}}},
        {"OperationTwice",
         R"(operations { id: "week")",
         R"(operations { id: "week" title: "W" start_date: "2021-10-11" end_date: "2021-10-17" } operations { id: "week")",
         {{15, "operation id \"week\" is used twice"}}},
    }),
    kRowName);

// The same id for things of different kinds is none: there is no place where it could mean either.
TEST(CatalogueTest, AnIdMayNameThingsOfDifferentKinds) {
  std::vector<CatalogueFault> faults;
  const std::string text = absl::StrReplaceAll(kValid, {{R"(id: "week")", R"(id: "kent")"},
                                                        {R"(id: "west")", R"(id: "kent")"},
                                                        {R"(id: "share")", R"(id: "kent")"},
                                                        {R"(id: "resin")", R"(id: "kent")"}});
  EXPECT_NE(Read(text, &faults), nullptr);
  EXPECT_THAT(faults, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Names, CatalogueFaultTest,
                         testing::ValuesIn<FaultCase>({
                             {"Region", R"( name: "West")", "", {{3, "region \"west\" has no name"}}},
                             {"Force", R"( name: "Transport")", "", {{6, "force \"transport\" has no name"}}},
                             {"Breakdown", R"( name: "Age")", "", {{10, "breakdown \"age\" has no name"}}},
                             {"Category", R"( name: "Child")", "", {{10, "category \"child\" has no name"}}},
                             {"Metric", R"( name: "Share")", "", {{14, "metric \"share\" has no name"}}},
                             {"Operation", R"( title: "Week")", "", {{15, "operation \"week\": title"}}},
                         }),
                         kRowName);

INSTANTIATE_TEST_SUITE_P(
    Forces, CatalogueFaultTest,
    testing::ValuesIn<FaultCase>({
        {"OnsCodeTwice", R"(ons_code: "E2")", R"(ons_code: "E1")", {{5, "ONS code E1 of force \"essex\""}}},
        {"KindUnset", " kind: FORCE_KIND_SPECIAL", "", {{6, "force \"transport\" has no kind"}}},
        {"KindUnspecified", "FORCE_KIND_SPECIAL", "FORCE_KIND_UNSPECIFIED", {{6, "force \"transport\" has no kind"}}},
        {"KindOfNoName", "FORCE_KIND_SPECIAL", "99", {{6, "force \"transport\" has no kind"}}},
        {"RegionUnknown",
         R"(region: "east" } })",
         R"(region: "esat" } })",
         {{5, "force \"essex\" is in region \"esat\", which is not known; did you mean \"east\"?"}}},
        {"RegionUnset", R"(region: "east" } })", "} }", {{5, "force \"essex\" is in region \"\", which is not known"}}},
        {"StartMalformed",
         R"("2018-09-01")",
         R"("2018-9-1")",
         {{4, "from \"2018-9-1\" to \"\", which is no period of days"}}},
        {"EndMalformed", R"("2018-08-31")", R"("2018-08-32")", {{4, "to \"2018-08-32\", which is no period of days"}}},
        {"StartBeforeAnyDay", R"("2014-01-01")", R"("1899-12-31")", {{4, "from \"1899-12-31\""}}},
        {"Reversed", R"(end_date: "2018-08-31")", R"(end_date: "2013-12-31")", {{4, "which is no period of days"}}},
        {"OverlappingByADay",
         R"("2018-08-31")",
         R"("2018-09-01")",
         {{4, R"(force "kent" is in two regions on 2018-09-01: "east" and "south")"}}},
        {"OverlappingForEver",
         R"( end_date: "2018-08-31")",
         "",
         {{4, R"(force "kent" is in two regions on 2018-09-01: "east" and "south")"}}},
        {"SameRegionTwiceAtOnce",
         R"(region: "east" } })",
         R"(region: "east" } memberships { region: "east" start_date: "2020-01-01" } })",
         {{5, R"(force "essex" is in two regions on 2020-01-01: "east" and "east")"}}},
        {"ConsortiumOfNobody", R"( covers: "kent" covers: "essex")", "", {{7, "is a consortium and covers nobody"}}},
        {"NoConsortiumButCovers",
         "kind: FORCE_KIND_SPECIAL",
         R"(kind: FORCE_KIND_SPECIAL covers: "essex")",
         {{6, "covers other forces and is no consortium"}}},
        {"CoversUnknown",
         R"(covers: "essex")",
         R"(covers: "esex")",
         {{7, R"(covers "esex", which is no single force; did you mean "essex"?)"}}},
        {"CoversItself",
         R"(covers: "essex")",
         R"(covers: "joint")",
         {{7, R"(covers "joint", which is no single force)"}}},
        {"CoversTwice", R"(covers: "essex")", R"(covers: "kent")", {{7, R"(covers "kent" twice)"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(Breakdowns, CatalogueFaultTest,
                         testing::ValuesIn<FaultCase>({
                             {"ParentUnknown",
                              R"(parent: "class-a")",
                              R"(parent: "class-c")",
                              {{8, R"(category "heroin" has the parent "class-c", which is not in breakdown "drug")"}}},
                             {"ParentInAnotherBreakdown",
                              R"(parent: "class-a")",
                              R"(parent: "male")",
                              {{8, R"(category "heroin" has the parent "male", which is not in breakdown "drug")"}}},
                             {"ParentIsTheBreakdown",
                              R"(parent: "class-a")",
                              R"(parent: "drug")",
                              {{8, R"(category "heroin" has the parent "drug", which is not in breakdown "drug")"}}},
                             {"OwnParent",
                              R"(name: "Class A")",
                              R"(name: "Class A" parent: "class-a")",
                              {{8, R"(category "class-a" of breakdown "drug" is its own ancestor)"}}},
                             {"CycleOfTwo",  // Resin hangs below it.
                              R"(name: "Class B")",
                              R"(name: "Class B" parent: "cannabis")",
                              {{8, R"(category "class-b" of breakdown "drug" is its own ancestor)"},
                               {8, R"(category "cannabis" of breakdown "drug" is its own ancestor)"}}},
                             {"CycleOfThree",
                              R"(name: "Class B")",
                              R"(name: "Class B" parent: "resin")",
                              {{8, R"(category "class-b" of breakdown "drug" is its own ancestor)"},
                               {8, R"(category "cannabis" of breakdown "drug" is its own ancestor)"},
                               {8, R"(category "resin" of breakdown "drug" is its own ancestor)"}}},
                             {"MalformedIdInACycle",
                              R"(id: "class-b" name: "Class B")",
                              R"(id: "b-" name: "Class B" parent: "b-")",
                              {{8, "category id \"b-\" must be"},
                               {8, R"(category "b-" of breakdown "drug" is its own ancestor)"},
                               {8, R"(category "cannabis" has the parent "class-b")"}}},
                             {"MalformedIdWithAnUnknownParent",
                              R"(id: "resin" name: "Resin" parent: "cannabis")",
                              R"(id: "Resin" name: "Resin" parent: "hemp")",
                              {{8, "category id \"Resin\" must be"}, {8, R"(category "Resin" has the parent "hemp")"}}},
                             {"IdOfAnotherBreakdownWithAnUnknownParent",
                              R"(id: "female" name: "Female")",
                              R"(id: "heroin" name: "Heroin" parent: "class-a")",
                              {{9, "category id \"heroin\" is used twice"},
                               {9, R"(category "heroin" has the parent "class-a")"}}},
                         }),
                         kRowName);

INSTANTIATE_TEST_SUITE_P(
    Metrics, CatalogueFaultTest,
    testing::ValuesIn<FaultCase>({
        {"DimensionUnset", "dimension: DIMENSION_PERCENT ", "", {{14, "metric \"share\" needs a dimension"}}},
        {"DimensionOfNoName", "DIMENSION_PERCENT base_unit: UNIT_COUNT", "99", {{14, "\"share\" needs a dimension"}}},
        {"BaseUnitUnset", " base_unit: UNIT_MILLIGRAM", "", {{12, "metric \"drugs\" needs a dimension and its base"}}},
        {"BaseUnitNotTheBase", "UNIT_MILLIGRAM", "UNIT_GRAM", {{12, "UNIT_GRAM is not that of DIMENSION_MASS"}}},
        {"BaseUnitOfAnotherDimension",
         "UNIT_MILLIGRAM",
         "UNIT_PENNY",
         {{12, "UNIT_PENNY is not that of DIMENSION_MASS"}}},
        {"AdditivityUnset", " additivity: ADDITIVITY_ADDITIVE", "", {{11, "\"arrests\" does not say how its values"}}},
        {"AdditivityOfNoName", "ADDITIVITY_ADDITIVE", "99", {{11, "\"arrests\" does not say how its values combine"}}},
        {"BreakdownUnknown",
         R"(breakdowns: "age")",
         R"(breakdowns: "agee")",
         {{11, R"(metric "arrests" has the breakdown "agee", which is not known; did you mean "age"?)"}}},
        {"BreakdownTwice",
         R"(breakdowns: "age")",
         R"(breakdowns: "sex")",
         {{11, R"(metric "arrests" has the breakdown "sex" twice)"}}},
        {"ThreeBreakdowns",
         R"(breakdowns: "age")",
         R"(breakdowns: "age" breakdowns: "drug")",
         {{11, R"(metric "arrests" has 3 breakdowns; at most two)"}}},
        {"NotAdditiveWithABreakdown",
         "additivity: ADDITIVITY_NOT_ADDITIVE",
         R"(additivity: ADDITIVITY_NOT_ADDITIVE breakdowns: "sex")",
         {{14, R"(metric "share" does not add up and can have no breakdown)"}}},
        {"SubsetOfUnknown",
         R"(subset_of: "arrests")",
         R"(subset_of: "arests")",
         {{13, R"(metric "charges" is a subset of "arests", which is not known; did you mean "arrests"?)"}}},
        {"SubsetOfItself",
         R"(subset_of: "arrests")",
         R"(subset_of: "charges")",
         {{13, R"(metric "charges" is a subset of itself)"}}},
        {"SubsetsInACircle",
         R"(breakdowns: "age" additivity)",
         R"(breakdowns: "age" subset_of: "charges" additivity)",
         {{11, R"(metric "arrests" is a subset of itself)"}, {13, R"(metric "charges" is a subset of itself)"}}},
        {"SubsetOfAnotherDimension",
         R"(subset_of: "arrests")",
         R"(subset_of: "drugs")",
         {{13, R"(metric "charges" is a subset of "drugs" of another dimension)"}}},
        {"SubsetOfAPercentage",
         R"(subset_of: "arrests")",
         R"(subset_of: "share")",
         {{13, R"(metric "charges" is a subset of "share" of another dimension)"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Operations, CatalogueFaultTest,
    testing::ValuesIn<FaultCase>({
        {"DateMalformed", R"("2021-10-17")", R"("17/10/2021")", {{15, "operation \"week\": end_date"}}},
        {"Reversed", R"("2021-10-17")", R"("2021-10-10")", {{15, "operation \"week\": end_date"}}},
        {"ForceUnknown", R"(expected_forces: "kent")", R"(expected_forces: "kant")", {{15, "expected_forces[0]"}}},
        {"MetricUnknown",
         R"(expected_metrics: "arrests")",
         R"(expected_metrics: "arrests" expected_metrics: "cash")",
         {{15, "expected_metrics[1]"}}},
        {"Closed", R"(id: "week")", R"(id: "week" closed: true)", {{15, "states what only the log may say"}}},
        {"Changed", R"(id: "week")", R"(id: "week" change_position: 1)", {{15, "states what only the log may say"}}},
    }),
    kRowName);

TEST(CatalogueTest, TheCatalogueThatTheTablesSpoilHasNoFault) { ReadValid(); }

TEST(CatalogueTest, ACatalogueOfNothingSaysWhatIsMissing) {
  std::vector<CatalogueFault> faults;
  EXPECT_EQ(Catalogue::Read({}, &faults), nullptr);
  EXPECT_THAT(faults, UnorderedElementsAre(IsFault({0, "names no force"}), IsFault({0, "names no metric"})));
}

TEST(CatalogueTest, AllFaultsAreReportedAtOnce) {
  const std::string text = absl::StrReplaceAll(kValid, {{R"(id: "west")", R"(id: "West")"},
                                                        {"FORCE_KIND_SPECIAL", "FORCE_KIND_UNSPECIFIED"},
                                                        {R"(parent: "class-a")", R"(parent: "class-z")"},
                                                        {"UNIT_MILLIGRAM", "UNIT_GRAM"},
                                                        {R"(subset_of: "arrests")", R"(subset_of: "charges")"},
                                                        {R"(title: "Week")", ""}});
  std::vector<CatalogueFault> faults;
  EXPECT_EQ(Read(text, &faults), nullptr);
  EXPECT_THAT(faults,
              UnorderedElementsAre(IsFault({3, "West"}), IsFault({6, "kind"}), IsFault({8, "class-z"}),
                                   IsFault({12, "UNIT_GRAM"}), IsFault({13, "itself"}), IsFault({15, "title"})));
}

TEST(CatalogueTest, EveryFileThatDoesNotParseIsNamed) {
  const std::vector<CatalogueFile> files = {{"one.textproto", "# first\nregions { id: 7 }\n"},
                                            {"good.textproto", R"(regions { id: "east" })"},
                                            {"two.textproto", "\n\nforce { }\n"}};
  std::vector<CatalogueFault> faults;
  EXPECT_EQ(Catalogue::Read(files, &faults), nullptr);
  ASSERT_EQ(faults.size(), 2U) << testing::PrintToString(faults);
  EXPECT_EQ(faults[0].file, "one.textproto");
  EXPECT_EQ(faults[0].line, 2);
  EXPECT_EQ(faults[1].file, "two.textproto");
  EXPECT_EQ(faults[1].line, 3);
}

TEST(CatalogueTest, AFaultIsOfTheFileThatItStandsIn) {
  const std::vector<CatalogueFile> files = {{"valid.textproto", kValid},
                                            {"more.textproto", "\nregions { id: \"east\" name: \"East\" }"}};
  std::vector<CatalogueFault> faults;
  EXPECT_EQ(Catalogue::Read(files, &faults), nullptr);
  ASSERT_EQ(faults.size(), 1U) << testing::PrintToString(faults);
  EXPECT_EQ(faults[0].file, "more.textproto");
  EXPECT_EQ(faults[0].line, 2);
}

TEST(CatalogueTest, AFaultIsWrittenWithItsPlace) {
  EXPECT_EQ((CatalogueFault{"forces.textproto", 12, "is odd"}.ToString()), "forces.textproto:12: is odd");
  EXPECT_EQ((CatalogueFault{"catalogue", 0, "names no force"}.ToString()), "catalogue: names no force");
}

// A metric over two breakdowns of so many categories each.
std::string Square(int categories) {
  std::string text = R"(forces { id: "kent" name: "Kent" kind: FORCE_KIND_TERRITORIAL })";
  for (const std::string axis : {"a", "b"}) {
    absl::StrAppend(&text, "breakdowns { id: \"", axis, "\" name: \"", axis, "\" ");
    for (int i = 0; i < categories; ++i) {
      absl::StrAppend(&text, "categories { id: \"", axis, i, "\" name: \"", axis, i, "\" } ");
    }
    absl::StrAppend(&text, "} ");
  }
  return absl::StrCat(text, R"(
      metrics { id: "square" name: "Square" dimension: DIMENSION_COUNT base_unit: UNIT_COUNT
                breakdowns: "a" breakdowns: "b" additivity: ADDITIVITY_ADDITIVE })");
}

TEST(CatalogueTest, TheBreakdownsOfAMetricHaveABoundTogether) {
  std::vector<CatalogueFault> faults;
  EXPECT_NE(Read(Square(63), &faults), nullptr);  // With "all" 64 times 64.
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(Read(Square(64), &faults), nullptr);
  EXPECT_THAT(faults, ElementsAre(IsFault({2, "have 4225 nodes together; at most 4096"})));
}

TEST(CatalogueTest, FindsWhatItHoldsInTheOrderOfTheFiles) {
  const auto catalogue = ReadValid();
  EXPECT_EQ(catalogue->region_count(), 3);
  EXPECT_EQ(catalogue->force_count(), 4);
  EXPECT_EQ(catalogue->metric_count(), 4);
  EXPECT_EQ(catalogue->FindRegion("south"), 1);
  EXPECT_EQ(catalogue->FindForce("transport"), 2);
  EXPECT_EQ(catalogue->FindMetric("drugs"), 1);
  EXPECT_EQ(catalogue->FindBreakdown("age"), 2);
  EXPECT_EQ(catalogue->FindCategory("heroin"), 0);
  EXPECT_EQ(catalogue->FindCategory("male"), 5);
  EXPECT_EQ(catalogue->region(1).name(), "South");
  EXPECT_EQ(catalogue->force(2).name(), "Transport");
  EXPECT_EQ(catalogue->metric(1).name(), "Drugs");
  EXPECT_EQ(catalogue->category(5).name(), "Male");
  EXPECT_EQ(catalogue->BreakdownOf(5), 1);
  EXPECT_THAT(catalogue->territorial_forces(), ElementsAre(0, 1));
}

TEST(CatalogueTest, FindsNothingUnderANameOfAnotherKindOrANearMiss) {
  const auto catalogue = ReadValid();
  for (const char* const id : {"", "Kent", "kent ", "ken", "east", "arrests", "heroin", "sex"}) {
    EXPECT_EQ(catalogue->FindForce(id), std::nullopt) << id;
  }
  EXPECT_EQ(catalogue->FindRegion("kent"), std::nullopt);
  EXPECT_EQ(catalogue->FindMetric("kent"), std::nullopt);
  EXPECT_EQ(catalogue->FindCategory("drug"), std::nullopt);
  EXPECT_EQ(catalogue->FindBreakdown("heroin"), std::nullopt);
}

TEST(CatalogueTest, NamesWhatIsNearAmongItsOwnKind) {
  const auto catalogue = ReadValid();
  EXPECT_EQ(catalogue->NearestForce("kemt"), "kent");
  EXPECT_EQ(catalogue->NearestRegion("suoth"), "south");
  EXPECT_EQ(catalogue->NearestMetric("arrest"), "arrests");
  EXPECT_EQ(catalogue->NearestCategory("heroine"), "heroin");
  EXPECT_EQ(catalogue->NearestBreakdown("drugs"), "drug");
  EXPECT_EQ(catalogue->NearestForce("heroine"), "");
}

TEST(CatalogueTest, NumbersTheNodesOfATreeParentsFirst) {
  const auto catalogue = ReadValid();
  const MetricIndex drugs = *catalogue->FindMetric("drugs");
  const Lattice& lattice = catalogue->lattice(drugs);
  ASSERT_EQ(lattice.size(), 6);
  const BreakdownTree& tree = lattice.tree(0);
  const auto node = [&](const char* id) {
    const auto place = catalogue->PlaceOf(drugs, *catalogue->FindCategory(id));
    EXPECT_TRUE(place.has_value()) << id;
    EXPECT_EQ(place->axis, 0) << id;
    return place->tree_node;
  };
  EXPECT_EQ(tree.parent[static_cast<size_t>(node("class-a"))], 0);
  EXPECT_EQ(tree.parent[static_cast<size_t>(node("heroin"))], node("class-a"));
  EXPECT_EQ(tree.parent[static_cast<size_t>(node("cannabis"))], node("class-b"));
  EXPECT_EQ(tree.parent[static_cast<size_t>(node("resin"))], node("cannabis"));
  EXPECT_THAT(tree.children[0], ElementsAre(node("class-a"), node("class-b")));
  for (int child = 1; child < tree.size(); ++child) EXPECT_LT(tree.parent[static_cast<size_t>(child)], child);
}

TEST(CatalogueTest, PlacesACategoryOnItsAxisOfAMetric) {
  const auto catalogue = ReadValid();
  const MetricIndex arrests = *catalogue->FindMetric("arrests");
  EXPECT_EQ(catalogue->PlaceOf(arrests, *catalogue->FindCategory("male"))->axis, 0);
  EXPECT_EQ(catalogue->PlaceOf(arrests, *catalogue->FindCategory("child"))->axis, 1);
  EXPECT_FALSE(catalogue->PlaceOf(arrests, *catalogue->FindCategory("heroin")).has_value());
  EXPECT_FALSE(catalogue->PlaceOf(*catalogue->FindMetric("charges"), *catalogue->FindCategory("male")).has_value());
}

TEST(CatalogueTest, SaysTheCategoriesOfEveryNode) {
  const auto catalogue = ReadValid();
  const MetricIndex arrests = *catalogue->FindMetric("arrests");
  std::set<std::vector<CategoryIndex>> seen;
  for (int node = 0; node < catalogue->lattice(arrests).size(); ++node) {
    std::array<int, Lattice::kAxes> coordinates{};
    for (const CategoryIndex category : catalogue->CategoriesOf(arrests, node)) {
      const auto place = catalogue->PlaceOf(arrests, category);
      coordinates[static_cast<size_t>(place->axis)] = place->tree_node;
    }
    EXPECT_EQ(catalogue->lattice(arrests).NodeAt(coordinates), node);
    EXPECT_TRUE(seen.insert(catalogue->CategoriesOf(arrests, node)).second) << node;
  }
  EXPECT_EQ(seen.size(), 9U);
  EXPECT_THAT(catalogue->CategoriesOf(arrests, 0), IsEmpty());
  EXPECT_THAT(catalogue->CategoriesOf(*catalogue->FindMetric("charges"), 0), IsEmpty());
}

TEST(CatalogueTest, KnowsWhoAConsortiumCoversBothWays) {
  const auto catalogue = ReadValid();
  const ForceIndex joint = *catalogue->FindForce("joint");
  EXPECT_THAT(catalogue->CoveredBy(joint), ElementsAre(*catalogue->FindForce("kent"), *catalogue->FindForce("essex")));
  EXPECT_THAT(catalogue->ConsortiaOf(*catalogue->FindForce("kent")), ElementsAre(joint));
  EXPECT_THAT(catalogue->ConsortiaOf(*catalogue->FindForce("transport")), IsEmpty());
  EXPECT_THAT(catalogue->CoveredBy(*catalogue->FindForce("kent")), IsEmpty());
}

std::string DigestOf(const std::string& text) {
  std::vector<CatalogueFault> faults;
  const auto catalogue = Read(text, &faults);
  EXPECT_THAT(faults, IsEmpty());
  return catalogue == nullptr ? "" : catalogue->digest();
}

TEST(CatalogueTest, HasAnotherDigestWhereTotalsMayBeOthers) {
  const std::string digest = DigestOf(kValid);
  EXPECT_EQ(digest.size(), 32U);
  EXPECT_EQ(DigestOf(std::string("# a comment\n") + kValid), digest);
  for (const auto& [from, to] : std::map<std::string, std::string>{{R"(id: "transport")", R"(id: "rail")"},
                                                                   {R"(parent: "cannabis")", R"(parent: "class-b")"},
                                                                   {R"(id: "resin")", R"(id: "hash")"},
                                                                   {R"(id: "share")", R"(id: "part")"},
                                                                   {"ADDITIVITY_PARTS_OVERLAP", "ADDITIVITY_ADDITIVE"},
                                                                   {R"("2018-08-31")", R"("2018-08-30")"}}) {
    EXPECT_NE(DigestOf(absl::StrReplaceAll(kValid, {{from, to}})), digest) << from;
  }
  // The names of regions and the operations that ship are in no total.
  EXPECT_EQ(DigestOf(absl::StrReplaceAll(kValid, {{R"(name: "West")", R"(name: "Far West")"}})), digest);
  EXPECT_EQ(DigestOf(absl::StrReplaceAll(kValid, {{R"("2021-10-17")", R"("2021-10-18")"}})), digest);
}

struct RegionCase {
  std::string name;
  std::string force;
  std::string first;
  std::string last;
  std::string want;  // "none": in no region; "changes": in several.
  friend void PrintTo(const RegionCase& row, std::ostream* out) { *out << row.name; }
};

// Of the catalogue that ships, where Kent moved.
class RegionOnTest : public testing::TestWithParam<RegionCase> {
 protected:
  static std::string NameOf(std::optional<RegionIndex> region) {
    if (!region) return "changes";
    return *region == kNoRegion ? "none" : ShippedCatalogue().region(*region).id();
  }
};

TEST_P(RegionOnTest, TakesTheMembershipOfTheDay) {
  const ForceIndex force = ShippedCatalogue().FindForce(GetParam().force).value();
  const Period period{ParseCivilDay(GetParam().first).value(), ParseCivilDay(GetParam().last).value()};
  EXPECT_EQ(NameOf(ShippedCatalogue().RegionThroughout(force, period)), GetParam().want);
  if (period.IsOneDay()) {
    EXPECT_EQ(NameOf(ShippedCatalogue().RegionOn(force, period.first)), GetParam().want);
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, RegionOnTest,
                         testing::ValuesIn<RegionCase>({
                             {"LongBefore", "kent", "1900-01-01", "1900-01-01", "none"},
                             {"DayBeforeTheFirst", "kent", "2013-12-31", "2013-12-31", "none"},
                             {"FirstDay", "kent", "2014-01-01", "2014-01-01", "south-east"},
                             {"In2017", "kent", "2017-06-01", "2017-06-01", "south-east"},
                             {"LastDay", "kent", "2018-08-31", "2018-08-31", "south-east"},
                             {"DayOfTheMove", "kent", "2018-09-01", "2018-09-01", "eastern"},
                             {"In2023", "kent", "2023-02-27", "2023-02-27", "eastern"},
                             {"LastDayOfAll", "kent", "2999-12-31", "2999-12-31", "eastern"},
                             {"AllOfTheFirst", "kent", "2014-01-01", "2018-08-31", "south-east"},
                             {"OneDayTooEarly", "kent", "2013-12-31", "2018-08-31", "changes"},
                             {"OneDayTooLong", "kent", "2014-01-01", "2018-09-01", "changes"},
                             {"AcrossTheMove", "kent", "2018-08-31", "2018-09-01", "changes"},
                             {"FromTheMoveOn", "kent", "2018-09-01", "2999-12-31", "eastern"},
                             {"BeforeAllOfThem", "kent", "2013-01-01", "2013-12-31", "none"},
                             {"AroundThemAll", "kent", "1900-01-01", "2999-12-31", "changes"},
                             {"NeverMoved", "surrey", "1900-01-01", "2999-12-31", "south-east"},
                             {"InNone", "british-transport-police", "1900-01-01", "2999-12-31", "none"},
                         }),
                         kRowName);

TEST(CatalogueTest, AGapBetweenTwoMembershipsIsInNoRegion) {
  std::vector<CatalogueFault> faults;
  const auto catalogue = Read(absl::StrReplaceAll(kValid, {{"2018-08-31", "2018-08-29"}}), &faults);
  ASSERT_NE(catalogue, nullptr);
  const ForceIndex kent = *catalogue->FindForce("kent");
  const absl::CivilDay gap(2018, 8, 30);
  EXPECT_EQ(catalogue->RegionOn(kent, gap - 1), catalogue->FindRegion("south"));
  EXPECT_EQ(catalogue->RegionOn(kent, gap), kNoRegion);
  EXPECT_EQ(catalogue->RegionOn(kent, gap + 2), catalogue->FindRegion("east"));
  EXPECT_EQ(catalogue->RegionThroughout(kent, {gap, gap + 1}), kNoRegion);
  EXPECT_EQ(catalogue->RegionThroughout(kent, {gap - 1, gap}), std::nullopt);
  EXPECT_EQ(catalogue->RegionThroughout(kent, {gap + 1, gap + 2}), std::nullopt);
}

struct IdCase {
  std::string name;
  std::string id;
  bool want;
  friend void PrintTo(const IdCase& row, std::ostream* out) { *out << row.name; }
};

class IsCatalogueIdTest : public testing::TestWithParam<IdCase> {};

TEST_P(IsCatalogueIdTest, TakesLowerCaseWordsJoinedByHyphens) {
  EXPECT_EQ(IsCatalogueId(GetParam().id), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Ids, IsCatalogueIdTest,
                         testing::ValuesIn<IdCase>({
                             {"Word", "kent", true},
                             {"Words", "thames-valley", true},
                             {"Digits", "county-lines-2021-10", true},
                             {"OneLetter", "a", true},
                             {"DigitBehindALetter", "a1", true},
                             {"Bytes64", std::string(64, 'a'), true},
                             {"Bytes65", std::string(65, 'a'), false},
                             {"Empty", "", false},
                             {"Capital", "Kent", false},
                             {"CapitalWithin", "kEnt", false},
                             {"DigitFirst", "1a", false},
                             {"HyphenFirst", "-kent", false},
                             {"HyphenLast", "kent-", false},
                             {"OnlyAHyphen", "-", false},
                             {"TwoHyphens", "thames--valley", false},
                             {"Space", "thames valley", false},
                             {"Underscore", "thames_valley", false},
                             {"Dot", "thames.valley", false},
                             {"NewLine", "kent\n", false},
                             {"ZeroByte", std::string("ke\0nt", 5), false},
                             {"Umlaut", "süd", false},
                         }),
                         kRowName);

struct NearestCase {
  std::string name;
  std::string id;
  std::vector<absl::string_view> known;
  std::string want;
  friend void PrintTo(const NearestCase& row, std::ostream* out) { *out << row.name; }
};

class NearestNameTest : public testing::TestWithParam<NearestCase> {};

TEST_P(NearestNameTest, IsTheOneThatWasMeantOrNone) {
  EXPECT_EQ(NearestName(GetParam().id, GetParam().known), GetParam().want);
  std::vector<absl::string_view> reversed(GetParam().known.rbegin(), GetParam().known.rend());
  EXPECT_EQ(NearestName(GetParam().id, reversed), GetParam().want) << "in another order";
}

INSTANTIATE_TEST_SUITE_P(Ids, NearestNameTest,
                         testing::ValuesIn<NearestCase>({
                             {"NoneKnown", "kent", {}, ""},
                             {"ItIsKnown", "kent", {"gwent", "kent"}, "kent"},
                             {"Capitals", "KENT", {"gwent", "kent"}, "kent"},
                             {"ALetterLess", "surey", {"surrey", "sussex"}, "surrey"},
                             {"ALetterMore", "surrrey", {"surrey", "sussex"}, "surrey"},
                             {"AnotherLetter", "sussax", {"surrey", "sussex"}, "sussex"},
                             {"TwoLettersLess", "sury", {"surrey", "sussex"}, "surrey"},
                             {"ThreeOfFive", "suxxx", {"surrey"}, ""},
                             {"Swapped", "knet", {"kent"}, "kent"},
                             {"SpaceForAHyphen", "thames valley", {"thames-valley"}, "thames-valley"},
                             {"UnderscoreForAHyphen", "Thames_Valley", {"thames-valley"}, "thames-valley"},
                             {"FewestEditsWin", "nort-west", {"north-east", "north-west", "south-west"}, "north-west"},
                             {"EquallyNearIsTheFirstInTheAlphabet", "aat", {"cat", "bat", "hat"}, "bat"},
                             {"ThreeLettersOneEdit", "ken", {"kent"}, "kent"},
                             {"ThreeLettersTwoEdits", "kex", {"kent"}, ""},
                             {"FourLettersTwoEdits", "kexx", {"kent"}, "kent"},
                             {"FourLettersThreeEdits", "kxxx", {"kent"}, ""},
                             {"NineLettersThreeEdits", "abcdefxyz", {"abcdefghi"}, "abcdefghi"},
                             {"NineLettersFourEdits", "abcdewxyz", {"abcdefghi"}, ""},
                             {"AFewWordsMore", "metropolitan-pol", {"metropolitan"}, "metropolitan"},
                             {"AWordTooMany", "metropolitan-police", {"metropolitan"}, ""},
                             {"Empty", "", {"kent", "ab"}, ""},
                             {"SomethingElse", "cash", {"surrey", "thames-valley"}, ""},
                         }),
                         kRowName);

TEST(NearestNameLengthTest, IsLookedForUpToTheLengthOfAnId) {
  const std::string known(60, 'a');
  EXPECT_EQ(NearestName(std::string(64, 'a'), {known}), known);
  EXPECT_EQ(NearestName(std::string(65, 'a'), {known}), "");
}

// What was read from the publications; the files say from where.
TEST(ShippedCatalogueTest, HoldsEverybodyAndEverythingThatIsPublished) {
  const v1::Catalogue& catalogue = ShippedCatalogue().proto();
  EXPECT_EQ(catalogue.regions_size(), 10);
  std::map<v1::ForceKind, int> kinds;
  for (const v1::Force& force : catalogue.forces()) ++kinds[force.kind()];
  EXPECT_THAT(kinds, ElementsAre(std::pair(v1::FORCE_KIND_TERRITORIAL, 43), std::pair(v1::FORCE_KIND_SPECIAL, 2),
                                 std::pair(v1::FORCE_KIND_REGIONAL_UNIT, 9), std::pair(v1::FORCE_KIND_CONSORTIUM, 1)));
  EXPECT_EQ(ShippedCatalogue().territorial_forces().size(), 43U);
  EXPECT_EQ(catalogue.metrics_size(), 43);
  std::map<std::string, int> categories;
  for (const v1::Breakdown& breakdown : catalogue.breakdowns()) {
    categories[breakdown.id()] = breakdown.categories_size();
  }
  EXPECT_THAT(categories, ElementsAre(std::pair("age", 2), std::pair("asset", 3), std::pair("drug", 14),
                                      std::pair("line-closure", 2), std::pair("sex", 2), std::pair("weapon", 14)));
  EXPECT_EQ(catalogue.operations_size(), 12);
}

TEST(ShippedCatalogueTest, EveryTerritorialForceHasACodeAndIsInARegionToday) {
  for (const ForceIndex index : ShippedCatalogue().territorial_forces()) {
    const v1::Force& force = ShippedCatalogue().force(index);
    EXPECT_EQ(force.ons_code().size(), 9U) << force.id();
    EXPECT_NE(ShippedCatalogue().RegionOn(index, absl::CivilDay(2025, 6, 23)), kNoRegion) << force.id();
  }
}

TEST(ShippedCatalogueTest, TheSouthEastHasItsFourForcesAndItsUnit) {
  const auto forces_on = [](absl::CivilDay day) {
    std::set<std::string> forces;
    for (ForceIndex index = 0; index < ShippedCatalogue().force_count(); ++index) {
      if (ShippedCatalogue().RegionOn(index, day) == ShippedCatalogue().FindRegion("south-east")) {
        forces.insert(ShippedCatalogue().force(index).id());
      }
    }
    return forces;
  };
  EXPECT_THAT(forces_on(absl::CivilDay(2023, 2, 27)),
              ElementsAre("hampshire", "serocu", "surrey", "sussex", "thames-valley"));
  EXPECT_THAT(forces_on(absl::CivilDay(2017, 2, 27)),
              ElementsAre("hampshire", "kent", "serocu", "surrey", "sussex", "thames-valley"));
}

TEST(ShippedCatalogueTest, ASampleIsAsPublished) {
  const Catalogue& catalogue = ShippedCatalogue();
  const v1::Force& thames_valley = catalogue.force(catalogue.FindForce("thames-valley").value());
  EXPECT_EQ(thames_valley.name(), "Thames Valley");
  EXPECT_EQ(thames_valley.ons_code(), "E23000029");
  EXPECT_EQ(catalogue.region(catalogue.FindRegion("southern-wales").value()).unit_name(), "Tarian");

  const v1::Metric& arrests = catalogue.metric(catalogue.FindMetric("arrests").value());
  EXPECT_THAT(arrests.breakdowns(), ElementsAre("sex", "age"));
  EXPECT_EQ(arrests.additivity(), v1::ADDITIVITY_ADDITIVE);
  const v1::Metric& weight = catalogue.metric(catalogue.FindMetric("drugs-weight").value());
  EXPECT_EQ(weight.dimension(), v1::DIMENSION_MASS);
  EXPECT_EQ(weight.base_unit(), v1::UNIT_MILLIGRAM);
  EXPECT_EQ(catalogue.metric(catalogue.FindMetric("cash-seized").value()).base_unit(), v1::UNIT_PENNY);
  EXPECT_EQ(catalogue.metric(catalogue.FindMetric("drug-seizures").value()).additivity(), v1::ADDITIVITY_PARTS_OVERLAP);
  EXPECT_EQ(catalogue.metric(catalogue.FindMetric("first-time-arrest-percent").value()).additivity(),
            v1::ADDITIVITY_NOT_ADDITIVE);
  EXPECT_EQ(catalogue.metric(catalogue.FindMetric("deal-phones-seized").value()).subset_of(), "phones-seized");
  EXPECT_EQ(catalogue.category(catalogue.FindCategory("cannabis-resin").value()).parent(), "cannabis");
  EXPECT_EQ(catalogue.category(catalogue.FindCategory("zombie-knife").value()).parent(), "bladed");

  const ForceIndex consortium = catalogue.FindForce("southern-wales-consortium").value();
  EXPECT_THAT(catalogue.CoveredBy(consortium),
              UnorderedElementsAre(*catalogue.FindForce("gwent"), *catalogue.FindForce("south-wales"),
                                   *catalogue.FindForce("dyfed-powys")));

  std::map<std::string, std::pair<std::string, std::string>> weeks;
  for (const v1::Operation& operation : catalogue.proto().operations()) {
    weeks[operation.id()] = {operation.start_date(), operation.end_date()};
  }
  EXPECT_EQ(weeks["county-lines-2019-05"], std::pair(std::string("2019-05-13"), std::string("2019-05-20")));
  EXPECT_EQ(weeks["county-lines-2021-10"], std::pair(std::string("2021-10-11"), std::string("2021-10-17")));
  EXPECT_EQ(weeks["county-lines-2023-02"], std::pair(std::string("2023-02-27"), std::string("2023-03-05")));
}

}  // namespace
}  // namespace muster
