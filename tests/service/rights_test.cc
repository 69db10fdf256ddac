// Decisions about rights, and the reading of policy files.
#include "service/rights.h"

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "service/errors.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAreArray;

v1::TotalsQuery QueryOf(const std::string& text) {
  v1::TotalsQuery query;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &query)) << text;
  return query;
}

// OK, or the reason of a refusal.
std::string ReasonOf(const absl::Status& status) {
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  return ErrorOf(ToGrpcStatus(status)).reason;
}

std::shared_ptr<const Rights> RightsOf(const std::string& policy) {
  std::vector<PolicyFault> faults;
  std::shared_ptr<const Rights> rights = Rights::Read("policy.textproto", policy, ShippedCatalogue(), &faults);
  for (const PolicyFault& fault : faults) ADD_FAILURE() << fault.ToString();
  return rights;
}

TEST(CallNamesTest, LeadBackToTheirCalls) {
  for (int call = 0; call <= static_cast<int>(Call::kBackup); ++call) {
    EXPECT_EQ(CallNamed(NameOf(static_cast<Call>(call))), static_cast<Call>(call));
  }
  EXPECT_EQ(CallNamed("IngestService.SubmitResult"), std::nullopt);
  EXPECT_EQ(CallNamed(""), std::nullopt);
}

// What the default policy says to questions about totals.
struct QueryRight {
  std::string name;
  std::string caller;
  std::string query;
  std::string want_reason;       // Empty: allowed.
  bool want_only_shown = false;  // Others do not even count.
  bool want_names_others = false;
  friend void PrintTo(const QueryRight& row, std::ostream* out) { *out << row.name; }
};

class DefaultQueryRightsTest : public testing::TestWithParam<QueryRight> {};

TEST_P(DefaultQueryRightsTest, AreThese) {
  const std::shared_ptr<const Rights> rights = Rights::Default(ShippedCatalogue());
  const absl::StatusOr<Sight> sight = rights->Of(CallerOf(GetParam().caller))->MayQuery(QueryOf(GetParam().query));
  ASSERT_EQ(ReasonOf(sight.status()), GetParam().want_reason);
  if (!sight.ok()) return;
  EXPECT_EQ(sight->only_shown, GetParam().want_only_shown);
  EXPECT_EQ(sight->names_others, GetParam().want_names_others);
}

INSTANTIATE_TEST_SUITE_P(
    Callers, DefaultQueryRightsTest,
    testing::ValuesIn<QueryRight>({
        {"ForceOwn", "force/kent", "forces: 'kent'", "", true, false},
        {"ForceOwnByForce", "force/kent", "group_by: GROUP_BY_FORCE", "", true, false},
        {"ForceOther", "force/kent", "forces: 'surrey'", "FORCE_NOT_YOURS"},
        {"ForceOwnAndOther", "force/kent", "forces: ['kent', 'surrey']", "FORCE_NOT_YOURS"},
        {"ForceUnknown", "force/kent", "forces: 'kant'", "FORCE_NOT_YOURS"},
        {"ForceItsRegion", "force/kent", "regions: 'eastern'", "REGION_NOT_YOURS"},
        {"ForceItselfInARegion", "force/kent", "forces: 'kent' regions: 'eastern'", "", true, false},
        {"ForceByRegion", "force/kent", "group_by: GROUP_BY_REGION", "REGION_NOT_YOURS"},
        {"ForceCountry", "force/kent", "", "NATIONAL_TOTALS_NOT_YOURS"},
        {"ForceCountryByDate", "force/kent", "group_by: GROUP_BY_DATE", "NATIONAL_TOTALS_NOT_YOURS"},
        {"UnitOfItsRegion", "unit/serocu", "forces: 'surrey'", "", true, true},
        {"UnitItself", "unit/serocu", "forces: 'serocu'", "", true, false},
        {"UnitOnceOfItsRegion", "unit/serocu", "forces: 'kent'", "", true, true},
        {"UnitByForce", "unit/serocu", "group_by: GROUP_BY_FORCE", "", true, true},
        {"UnitOfAnotherRegion", "unit/serocu", "forces: 'essex'", "FORCE_NOT_YOURS"},
        {"UnitItsRegion", "unit/serocu", "regions: 'south-east'", "", false, false},
        {"UnitByRegion", "unit/serocu", "group_by: GROUP_BY_REGION", "", false, false},
        {"UnitTwoRegions", "unit/serocu", "regions: ['south-east', 'eastern']", "REGION_NOT_YOURS"},
        {"UnitUnknownRegion", "unit/serocu", "regions: 'south-eest'", "REGION_NOT_YOURS"},
        {"UnitRegionsOfAnotherDay", "unit/serocu", "regions: 'south-east' regions_as_of: '2017-01-01'",
         "REGIONS_AS_OF_NOT_YOURS"},
        {"UnitForcesWithRegionsOfAnotherDay", "unit/serocu", "group_by: GROUP_BY_FORCE regions_as_of: '2017-01-01'", "",
         true, true},
        {"UnitCountry", "unit/serocu", "", "", false, false},
        {"AnalystForce", "analyst/ann", "forces: 'kent'", "FORCE_NOT_YOURS"},
        {"AnalystByForce", "analyst/ann", "group_by: GROUP_BY_FORCE", "FORCE_NOT_YOURS"},
        {"AnalystRegion", "analyst/ann", "regions: 'eastern'", "", false, false},
        {"AnalystByRegion", "analyst/ann", "group_by: GROUP_BY_REGION", "", false, false},
        {"AnalystRegionsOfAnotherDay", "analyst/ann", "group_by: GROUP_BY_REGION regions_as_of: '2017-01-01'",
         "REGIONS_AS_OF_NOT_YOURS"},
        {"AnalystCountry", "analyst/ann", "", "", false, false},
        {"OperatorCountry", "operator/bob", "", "CALL_NOT_YOURS"},
        {"OperatorNamedLocal", "operator/local", "", "CALL_NOT_YOURS"},
        {"LocalForce", "", "forces: 'kent'", "", false, true},
        {"LocalCountry", "", "", "", false, false},
        {"LocalRegionsOfAnotherDay", "", "group_by: GROUP_BY_REGION regions_as_of: '2017-01-01'", "", false, false},
        {"ForceThatIsNoneOfOurs", "force/atlantis", "group_by: GROUP_BY_FORCE", "CALL_NOT_YOURS"},
        {"UnitThatIsAForce", "unit/kent", "forces: 'kent'", "FORCE_NOT_YOURS"},
        {"UnitThatIsAForceInItsRegion", "unit/kent", "regions: 'eastern'", "REGION_NOT_YOURS"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(SightTest, OfARegionThatIsNotAskedForIsLimitedToThoseThatMayBeShown) {
  const auto rights = Rights::Default(ShippedCatalogue())->Of(CallerOf("unit/serocu"));
  const absl::StatusOr<Sight> sight = rights->MayQuery(QueryOf("group_by: GROUP_BY_REGION"));
  ASSERT_TRUE(sight.ok()) << sight.status();
  Scope scope;
  sight->Limit(&scope);
  for (RegionIndex region = 0; region < ShippedCatalogue()->region_count(); ++region) {
    EXPECT_EQ(scope.TakesRegion(region), ShippedCatalogue()->region(region).id() == "south-east") << region;
  }
  EXPECT_FALSE(scope.TakesRegion(kNoRegion));
}

TEST(SightTest, OfTwoCallersHasTwoKeysUnlessTheyMayBeShownTheSame) {
  const std::shared_ptr<const Rights> rights = Rights::Default(ShippedCatalogue());
  const auto key = [&](const std::string& caller, const std::string& query) {
    return rights->Of(CallerOf(caller))->MayQuery(QueryOf(query)).value().Key();
  };
  EXPECT_EQ(key("analyst/ann", ""), key("analyst/bea", ""));
  EXPECT_NE(key("unit/serocu", ""), key("unit/ersou", ""));
  EXPECT_NE(key("unit/serocu", ""), key("analyst/ann", ""));
  EXPECT_NE(key("unit/serocu", "group_by: GROUP_BY_FORCE"), key("unit/serocu", ""));
  EXPECT_NE(key("unit/serocu", "group_by: GROUP_BY_REGION"), key("analyst/ann", "group_by: GROUP_BY_REGION"));
  EXPECT_NE(key("force/kent", "group_by: GROUP_BY_FORCE"), key("force/surrey", "group_by: GROUP_BY_FORCE"));
  EXPECT_NE(key("", ""), key("analyst/ann", ""));
}

// Kent left the South East on 31 August 2018.
TEST(DatedRightsTest, AreThoseOfTheOperationsLastDay) {
  const auto operation = [](const std::string& last_day) {
    v1::Operation proto;
    proto.set_id("week");
    proto.set_title("Week");
    proto.set_start_date("2018-08-25");
    proto.set_end_date(last_day);
    return Operation(proto, *ShippedCatalogue());
  };
  const std::shared_ptr<const Rights> rights = Rights::Default(ShippedCatalogue());
  const auto before = operation("2018-08-31");
  const auto after = operation("2018-09-01");
  EXPECT_TRUE(rights->Of(CallerOf("unit/serocu"))->MayReadResults("kent", &before).ok());
  EXPECT_FALSE(rights->Of(CallerOf("unit/serocu"))->MayReadResults("kent", &after).ok());
  EXPECT_FALSE(rights->Of(CallerOf("unit/ersou"))->MayReadResults("kent", &before).ok());
  EXPECT_TRUE(rights->Of(CallerOf("unit/ersou"))->MayReadResults("kent", &after).ok());
  EXPECT_TRUE(rights->Of(CallerOf("unit/serocu"))->MayReadResults("kent", nullptr).ok());
  EXPECT_FALSE(rights->Of(CallerOf("unit/swrocu"))->MayReadResults("kent", nullptr).ok());
  EXPECT_TRUE(rights->Of(CallerOf("force/kent"))->MayReadResults("kent", &before).ok());
}

TEST(WrittenRightsTest, OfSeveralRulesAddUp) {
  const std::shared_ptr<const Rights> rights = RightsOf(R"(
    rules { callers: 'force/*' submit_for: 'own' }
    rules { callers: ['force/kent', 'analyst/ann'] read_totals_of: ['force/essex', 'region/london'] }
    rules { callers: 'force/kent' read_totals_of_regions: 'own' read_national_totals: true }
    rules { callers: 'operator/bob' back_up: true }
    rules { callers: 'unit/serocu' submit_for: 'all' read_results_of: 'all' })");
  const auto kent = rights->Of(CallerOf("force/kent"));
  EXPECT_TRUE(kent->MaySubmitFor("kent"));
  EXPECT_FALSE(kent->MaySubmitFor("essex"));
  EXPECT_FALSE(kent->MaySubmitFor("atlantis"));
  EXPECT_FALSE(kent->MayCall(Call::kGetResult).ok());
  EXPECT_TRUE(kent->MayQuery(QueryOf("forces: ['essex', 'metropolitan']")).ok());
  EXPECT_EQ(ReasonOf(kent->MayQuery(QueryOf("forces: 'kent'")).status()), "FORCE_NOT_YOURS");
  EXPECT_TRUE(kent->MayQuery(QueryOf("regions: 'eastern'")).ok());
  EXPECT_EQ(ReasonOf(kent->MayQuery(QueryOf("regions: 'south-east'")).status()), "REGION_NOT_YOURS");
  EXPECT_TRUE(kent->MayQuery(QueryOf("")).ok());
  const auto surrey = rights->Of(CallerOf("force/surrey"));
  EXPECT_TRUE(surrey->MaySubmitFor("surrey"));
  EXPECT_EQ(ReasonOf(surrey->MayQuery(QueryOf("")).status()), "CALL_NOT_YOURS");
  EXPECT_TRUE(rights->Of(CallerOf("analyst/ann"))->MayQuery(QueryOf("forces: 'essex'")).ok());
  EXPECT_FALSE(rights->Of(CallerOf("analyst/bea"))->MayCall(Call::kGetCatalogue).ok());
  EXPECT_TRUE(rights->Of(CallerOf("operator/bob"))->MayCall(Call::kBackup).ok());
  EXPECT_FALSE(rights->Of(CallerOf("operator/bob"))->MayCall(Call::kVerifyTotals).ok());
  EXPECT_FALSE(rights->Of(CallerOf("operator/eve"))->MayCall(Call::kBackup).ok());
  const auto serocu = rights->Of(CallerOf("unit/serocu"));
  EXPECT_TRUE(serocu->MaySubmitFor("essex"));
  EXPECT_TRUE(serocu->MayReadResults("essex", nullptr).ok());
  EXPECT_TRUE(serocu->MayQuery(QueryOf("")).ok());  // Who sees every part may see the whole.
}

TEST(WrittenRightsTest, OfAnEmptyPolicyAreNoneButTheLocalOperators) {
  const std::shared_ptr<const Rights> rights = RightsOf("");
  for (int call = 0; call <= static_cast<int>(Call::kBackup); ++call) {
    for (const char* const caller : {"force/kent", "unit/serocu", "analyst/ann", "operator/bob", "operator/local"}) {
      EXPECT_FALSE(rights->Of(CallerOf(caller))->MayCall(static_cast<Call>(call)).ok()) << caller << " " << call;
    }
    EXPECT_TRUE(rights->Of(CallerOf(""))->MayCall(static_cast<Call>(call)).ok()) << call;
  }
}

struct FaultCase {
  std::string name;
  std::string policy;
  std::vector<std::string> want;  // By line.
  friend void PrintTo(const FaultCase& row, std::ostream* out) { *out << row.name; }
};

class PolicyFaultsTest : public testing::TestWithParam<FaultCase> {};

TEST_P(PolicyFaultsTest, AreAllNamed) {
  std::vector<PolicyFault> faults;
  EXPECT_EQ(Rights::Read("p", GetParam().policy, ShippedCatalogue(), &faults) == nullptr, !GetParam().want.empty());
  std::vector<std::string> lines;
  lines.reserve(faults.size());
  for (const PolicyFault& fault : faults) lines.push_back(fault.ToString());
  EXPECT_THAT(lines, ElementsAreArray(GetParam().want));
}

constexpr char kNoBodies[] = "means nothing for analysts and operators: they are no bodies that report";

INSTANTIATE_TEST_SUITE_P(
    Faults, PolicyFaultsTest,
    testing::ValuesIn<FaultCase>({
        {"NoneInTheDefaultPolicy", kDefaultPolicy, {}},
        {"NoneInAnEmptyFile", "# nobody may do anything\n", {}},
        {"UnknownFields",
         "rules {\n callers: 'force/*'\n submit_four: 'own'\n read_national_total: true\n}\nrule { }",
         {"p:3: Message type \"muster.policy.v1.Rule\" has no field named \"submit_four\". Did you mean "
          "\"submit_for\"?",
          "p:4: Message type \"muster.policy.v1.Rule\" has no field named \"read_national_total\". Did you mean "
          "\"read_national_totals\"?",
          "p:6: Message type \"muster.policy.v1.Policy\" has no field named \"rule\". Did you mean \"rules\"?"}},
        {"Nobody", "\nrules { back_up: true }", {"p:2: the rule is for nobody: it has no callers"}},
        {"CallersAndBodies",
         "rules {\n"
         " callers: 'forces/*'\n"
         " callers: 'force/kant'\n"
         " callers: 'unit/kent'\n"
         " callers: 'unit/seroc'\n"
         " callers: 'kent'\n"
         " submit_for: 'force/essx'\n"
         " read_results_of: 'region/south-eest'\n"
         " read_totals_of: 'own-regions'\n"
         " read_coverage_of: 'kent'\n"
         " read_totals_of_regions: 'londn'\n"
         "}",
         {"p:2: \"forces/*\" is no caller; it must be ROLE/NAME or ROLE/*, with a ROLE of force, unit, analyst, "
          "operator; did you mean \"force\"?",
          "p:3: \"kant\" is no known force; did you mean \"kent\"?", "p:4: \"kent\" is no known regional unit",
          "p:5: \"seroc\" is no known regional unit; did you mean \"serocu\"?",
          "p:6: \"kent\" is no caller; it must be ROLE/NAME or ROLE/*, with a ROLE of force, unit, analyst, operator",
          "p:7: \"essx\" is no known force; did you mean \"essex\"?",
          "p:8: \"south-eest\" is no known region; did you mean \"south-east\"?",
          "p:9: \"own-regions\" names no bodies; it must be own, own-region, all, force/ID or region/ID; did you mean "
          "\"own-region\"?",
          "p:10: \"kent\" names no bodies; it must be own, own-region, all, force/ID or region/ID",
          "p:11: \"londn\" is no known region; did you mean \"london\"? It may also be \"own\" or \"all\"."}},
        {"OwnOfWhoIsNoBody",
         "rules {\n callers: 'analyst/ann'\n read_totals_of: 'own'\n read_totals_of_regions: 'own'\n}\n"
         "rules {\n callers: ['force/*', 'operator/*']\n submit_for: 'own-region'\n read_results_of: 'own-region'\n}",
         {absl::StrCat("p:3: \"own\" ", kNoBodies), absl::StrCat("p:4: \"own\" ", kNoBodies),
          "p:8: \"own-region\": results are submitted for single forces, not for regions",
          absl::StrCat("p:9: \"own-region\" ", kNoBodies)}},
        {"NoName",
         "rules {\n callers: 'analyst/'\n callers: 'analyst/a*'\n callers: 'operator/a/b'\n}",
         {"p:2: \"\" is no name; it is one caller's, or \"*\" for all of the role",
          "p:3: \"a*\" is no name; it is one caller's, or \"*\" for all of the role",
          "p:4: \"a/b\" is no name; it is one caller's, or \"*\" for all of the role"}},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
