#include <array>
#include <cstdint>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clients/cli/csv_results.h"
#include "clients/cli/json_results.h"
#include "clients/export/csv_text.h"
#include "clients/export/document.h"
#include "clients/export/formula_guard.h"
#include "clients/export/results_document.h"
#include "clients/export/totals_document.h"
#include "domain/digest.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/domain/random_seed.h"

namespace muster::exports {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(FormulaGuard, WhatASpreadsheetWouldRun) {
  struct Row {
    const char* name;
    const char* text;
    const char* guarded;
  };
  const Row rows[] = {
      {"plain", "Kent", "Kent"},
      {"nothing", "", ""},
      {"a formula", "=1+1", "'=1+1"},
      {"a command", "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
      {"plus", "+44 20 7946", "'+44 20 7946"},
      {"minus", "-5", "'-5"},
      {"at", "@SUM(A1)", "'@SUM(A1)"},
      {"tab", "\t=1", "'\t=1"},
      {"carriage return", "\r=1", "'\r=1"},
      {"line feed", "\n=1", "'\n=1"},
      {"guarded already", "'=1", "''=1"},
      {"guarded twice", "''=1", "'''=1"},
      {"an apostrophe of its own", "'tis", "'tis"},
      {"apostrophes alone", "''", "''"},
      {"a formula that does not begin it", "a=1", "a=1"},
      {"a space before it", " =1", " =1"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(GuardFormula(row.text), row.guarded) << row.name;
    EXPECT_EQ(UnguardFormula(row.guarded), row.text) << row.name;
  }
}

TEST(FormulaGuard, EveryTextComesBack) {
  std::mt19937_64 random(RandomSeed());
  constexpr absl::string_view kAlphabet = "''=+-@\t\r\na ";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint64_t length = random() % 6; length > 0; --length) text.push_back(kAlphabet[random() % kAlphabet.size()]);
    ASSERT_EQ(UnguardFormula(GuardFormula(text)), text);
  }
}

// One row with a cell of every kind.
Sheet OneOfEach() {
  Sheet sheet;
  sheet.name = "things";
  sheet.columns = {{"nothing"}, {"text"}, {"number"}, {"day"}, {"time"}};
  sheet.row_count = 1;
  sheet.fill = [](size_t, std::vector<Cell>* cells) {
    *cells = {std::monostate(), std::string("=a \"b\", \xC2\xA3"), int64_t{-7}, absl::CivilDay(2023, 2, 27),
              absl::FromUnixMillis(1'677'510'000'500)};
  };
  return sheet;
}

TEST(Csv, HasEveryKindOfCell) {
  EXPECT_EQ(ToCsv(OneOfEach()),
            "nothing,text,number,day,time\r\n"
            ",\"'=a \"\"b\"\", \xC2\xA3\",-7,2023-02-27,2023-02-27T15:00:00.5Z\r\n");
}

TEST(Json, HasEveryKindOfCell) {
  Document document;
  document.sheets = {OneOfEach()};
  document.notes = {{"As at", "now"}};
  const nlohmann::json json = nlohmann::json::parse(ToJson(document));
  EXPECT_EQ(json["things"][0]["nothing"], nullptr);
  EXPECT_EQ(json["things"][0]["text"], "=a \"b\", \xC2\xA3");  // No spreadsheet runs what stands in JSON.
  EXPECT_EQ(json["things"][0]["number"], -7);
  EXPECT_EQ(json["things"][0]["day"], "2023-02-27");
  EXPECT_EQ(json["things"][0]["time"], "2023-02-27T15:00:00.5Z");
  EXPECT_EQ(json["notes"][0]["label"], "As at");
}

TEST(Json, NumbersThatADoubleWouldRoundAreText) {
  for (const auto& [number, is_text] : std::vector<std::pair<int64_t, bool>>{{kMaxExactNumber, false},
                                                                             {-kMaxExactNumber, false},
                                                                             {kMaxExactNumber + 1, true},
                                                                             {-kMaxExactNumber - 1, true},
                                                                             {INT64_MAX, true}}) {
    Sheet sheet;
    sheet.name = "numbers";
    sheet.columns = {{"number"}};
    sheet.row_count = 1;
    sheet.fill = [number = number](size_t, std::vector<Cell>* cells) { cells->emplace_back(number); };
    EXPECT_EQ(ToCsv(sheet), absl::StrCat("number\r\n", number, "\r\n"));
    Document document;
    document.sheets = {sheet};
    const nlohmann::json json = nlohmann::json::parse(ToJson(document));
    EXPECT_EQ(json["numbers"][0]["number"].is_string(), is_text) << number;
  }
}

TEST(Workbook, EqualDocumentsGiveEqualBytes) {
  Document document;
  document.sheets = {OneOfEach()};
  document.as_of_time = absl::FromUnixSeconds(1'677'510'000);
  const absl::StatusOr<std::string> first = ToXlsx(document);
  const absl::StatusOr<std::string> second = ToXlsx(document);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(*first == *second);
  EXPECT_TRUE(absl::StartsWith(*first, "PK"));
}

TEST(Workbook, MoreRowsThanASheetTakesAreRefused) {
  Document document;
  document.sheets = {OneOfEach()};
  document.sheets[0].row_count = 1'048'576;
  EXPECT_EQ(ToXlsx(document).status().code(), absl::StatusCode::kResourceExhausted);
}

// --- Results ---

std::vector<std::string> Digests(absl::Span<const v1::OperationResult> results) {
  std::vector<std::string> digests;
  for (const v1::OperationResult& result : results) {
    const Sha256Digest digest = DigestOf(result);
    digests.emplace_back(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  return digests;
}

void ExpectSameDigestsWhenReadAgain(absl::Span<const v1::OperationResult> results, const std::string& what) {
  const cli::ResultsFile csv = cli::ReadResultsCsv(cli::WriteResultsCsv(results));
  EXPECT_THAT(csv.problems, SizeIs(0)) << what << ": " << (csv.problems.empty() ? "" : csv.problems[0].Text());
  EXPECT_TRUE(Digests(csv.results) == Digests(results)) << what << ", as CSV";
  const cli::ResultsFile json = cli::ReadResultsJson(ResultsJson(results));
  EXPECT_THAT(json.problems, SizeIs(0)) << what << ": " << (json.problems.empty() ? "" : json.problems[0].Text());
  EXPECT_TRUE(Digests(json.results) == Digests(results)) << what << ", as JSON";
}

TEST(Results, PublishedOnesComeBackWithTheirDigests) {
  for (const char* name : {"returns-2019-05.csv", "returns-2021-10.csv", "returns-2023-02.csv"}) {
    std::ifstream file(absl::StrCat(MUSTER_SOURCE_DIR, "/catalogue/examples/", name));
    std::ostringstream text;
    text << file.rdbuf();
    const cli::ResultsFile read = cli::ReadResultsCsv(text.str());
    ASSERT_FALSE(read.results.empty()) << name;
    ExpectSameDigestsWhenReadAgain(read.results, name);
  }
}

TEST(Results, RandomOnesComeBackWithTheirDigests) {
  std::mt19937_64 random(RandomSeed());
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  constexpr absl::string_view kReasonCharacters[] = {
      "=",  "+", "-", "@", "'", "\t", "\r",       "\n",           "\r\n",
      "\"", ",", ";", " ", "a", "0",  "\xC2\xA3", "\xE2\x82\xAC", "\xF0\x9F\x9A\x93"};
  constexpr absl::string_view kIdCharacters = "-_.:aZ09";
  std::vector<v1::OperationResult> results;
  for (int number = 0; number < 500; ++number) {
    v1::OperationResult result;
    result.set_operation("op");
    result.set_force("kent");
    std::string id;
    for (uint64_t length = below(5) + 1; length > 0; --length) id.push_back(kIdCharacters[below(kIdCharacters.size())]);
    result.set_result_id(absl::StrCat(id, number));  // "-1", which a spreadsheet would run.
    result.set_revision(static_cast<int64_t>(below(3) == 0 ? below(uint64_t{1} << 62) + 1 : below(9) + 1));
    result.set_start_date("2021-10-11");
    result.set_end_date(below(2) == 0 ? "2021-10-11" : "2021-10-17");
    result.set_final(below(2) == 0);
    for (uint64_t length = below(6); length > 0; --length) {
      absl::StrAppend(result.mutable_reason(), kReasonCharacters[below(std::size(kReasonCharacters))]);
    }
    const uint64_t kind = below(10);
    result.set_nil(kind == 0);
    result.set_retracted(kind == 1);
    for (uint64_t count = kind < 2 ? 0 : below(4) + 1; count > 0; --count) {
      v1::Figure& figure = *result.add_figures();
      figure.set_metric(absl::StrCat("metric-", below(5)));
      if (below(5) > 0) figure.set_value(static_cast<int64_t>(below(3) == 0 ? 1'000'000'000'000'000 : below(1'000)));
      if (figure.has_value() || below(2) == 0) figure.set_unit(static_cast<v1::Unit>(below(10) + 1));
      figure.set_qualifier(static_cast<v1::Qualifier>(below(5)));
      for (uint64_t categories = below(3); categories > 0; --categories) {
        figure.add_categories(absl::StrCat("c-", categories));
      }
    }
    results.push_back(std::move(result));
  }
  ExpectSameDigestsWhenReadAgain(results, "random results");
}

// --- Totals ---

v1::Catalogue SmallCatalogue() {
  v1::Catalogue catalogue;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        forces { id: "kent" name: "Kent" }
        forces { id: "sussex" name: "Sussex" }
        forces { id: "surrey" name: "Surrey" }
        regions { id: "south-east" name: "South East" }
        metrics { id: "cash-seized" name: "Cash seized" dimension: DIMENSION_MONEY }
      )pb",
      &catalogue));
  return catalogue;
}

v1::QueryTotalsResponse SmallResponse() {
  v1::QueryTotalsResponse response;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        rows {
          force: "kent"
          metric: "cash-seized"
          total {
            sum: 21159500
            unit: UNIT_PENNY
            qualifier: QUALIFIER_ESTIMATE
            at_least: 14559500
            estimate: 6600000
            result_count: 3
            force_count: 1
            uncounted_count: 2
          }
        }
        coverage {
          expected_count: 3
          reported_count: 2
          final_count: 1
          missing_forces: "surrey"
          forces { operation: "op" force: "kent" state: COVERAGE_STATE_FINAL expected: true result_count: 3 }
          forces { operation: "op" force: "sussex" state: COVERAGE_STATE_PROVISIONAL expected: true result_count: 1 }
          forces { operation: "op" force: "surrey" state: COVERAGE_STATE_MISSING expected: true late: true }
        }
        position: 12
        as_of_time { seconds: 1677510000 }
      )pb",
      &response));
  return response;
}

// The first row of totals by force, or of the country, as JSON.
nlohmann::json FirstRow(v1::QueryTotalsResponse response, bool by_force) {
  v1::TotalsQuery query;
  query.add_operations("op");
  if (by_force) {
    query.add_group_by(v1::GROUP_BY_FORCE);
  } else {
    response.mutable_rows(0)->clear_force();
  }
  const Names names(SmallCatalogue());
  return nlohmann::json::parse(ToJson(TotalsDocument({query, response, names})))["totals"][0];
}

TEST(Totals, ARowSaysWhatIsCertainAndWhoIsInIt) {
  const nlohmann::json row = FirstRow(SmallResponse(), /*by_force=*/true);
  EXPECT_EQ(row["force_name"], "Kent");
  EXPECT_EQ(row["metric_name"], "Cash seized");
  EXPECT_EQ(row["described"],
            "about \xC2\xA3"
            "211,595, at least \xC2\xA3"
            "145,595, and 2 values still to be counted");
  EXPECT_EQ(row["sum"], 21'159'500);
  EXPECT_EQ(row["unit"], "pence");
  EXPECT_EQ(row["qualifier"], "estimate");
  EXPECT_EQ(row["at_least"], 14'559'500);
  EXPECT_EQ(row["at_most"], nullptr);  // There is no bound, which is not zero.
  EXPECT_EQ(row["uncounted_count"], 2);
  EXPECT_EQ(row["expected_forces"], 1);
  EXPECT_EQ(row["reported_forces"], 1);
  EXPECT_EQ(row["final_forces"], 1);
  EXPECT_EQ(row["missing_forces"], nullptr);
  EXPECT_EQ(row["position"], 12);
  EXPECT_EQ(row["as_of_time"], "2023-02-27T15:00:00Z");
}

TEST(Totals, TheCountrysRowSaysWhoIsMissing) {
  const nlohmann::json row = FirstRow(SmallResponse(), /*by_force=*/false);
  EXPECT_EQ(row["expected_forces"], 3);
  EXPECT_EQ(row["reported_forces"], 2);
  EXPECT_EQ(row["final_forces"], 1);
  EXPECT_EQ(row["missing_forces"], "surrey");
}

TEST(Totals, CoverageThatCannotBeToldApartIsLeftOut) {
  v1::QueryTotalsResponse response = SmallResponse();
  response.mutable_coverage()->set_expected_count(4);  // One of them may not be seen by name.
  EXPECT_EQ(FirstRow(response, /*by_force=*/true)["expected_forces"], nullptr);
  EXPECT_EQ(FirstRow(response, /*by_force=*/false)["expected_forces"], 4);
}

TEST(Totals, NotesSayWhatTheNumbersStandFor) {
  v1::TotalsQuery query;
  query.add_operations("op");
  const v1::QueryTotalsResponse response = SmallResponse();
  const Names names(SmallCatalogue());
  std::string notes;
  for (const Note& note : TotalsDocument({query, response, names}).notes) {
    absl::StrAppend(&notes, note.label, ": ", note.text, "\n");
  }
  EXPECT_THAT(notes, HasSubstr("Operations: op\n"));
  EXPECT_THAT(notes, HasSubstr("As at: 27 Feb 2023 15:00 GMT"));
  EXPECT_THAT(notes, HasSubstr("Log position: 12\n"));
  EXPECT_THAT(notes, HasSubstr("Coverage: 2 of 3 expected reports are in, of which 1 are final\n"));
  EXPECT_THAT(notes, HasSubstr("Missing: Surrey\n"));
  EXPECT_THAT(notes, HasSubstr("at_most: "));
  EXPECT_THAT(notes, testing::Not(HasSubstr("Not shown")));
}

TEST(Totals, ABaselineHasColumnsWhereItWasAskedFor) {
  v1::TotalsQuery query;
  const v1::QueryTotalsResponse response = SmallResponse();
  const Names names(SmallCatalogue());
  EXPECT_THAT(ToCsv(TotalsDocument({query, response, names}).sheets[0]), testing::Not(HasSubstr("baseline")));
  query.set_baseline_operation("earlier");
  v1::QueryTotalsResponse with_baseline = response;
  with_baseline.mutable_rows(0)->mutable_baseline()->set_sum(5);
  const Document document = TotalsDocument({query, with_baseline, names});
  const nlohmann::json row = nlohmann::json::parse(ToJson(document))["totals"][0];
  EXPECT_EQ(row["baseline_operation"], "earlier");
  EXPECT_EQ(row["baseline_sum"], 5);
}

}  // namespace
}  // namespace muster::exports
