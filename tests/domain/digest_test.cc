#include "domain/digest.h"

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using Spoil = std::function<void(v1::OperationResult&)>;

std::string Hex(const Sha256Digest& digest) {
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

v1::OperationResult FromText(const std::string& text) {
  v1::OperationResult result;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &result)) << text;
  return result;
}

// Three figures; one with categories, one with no value.
v1::OperationResult Week() {
  return FromText(R"(
      operation: "county-lines-2021-10" force: "thames-valley" result_id: "week" revision: 2
      start_date: "2021-10-11" end_date: "2021-10-17" final: true reason: "one arrest was counted twice"
      figures { metric: "drugs-weight" value: 430 unit: UNIT_GRAM qualifier: QUALIFIER_AT_LEAST
                categories: "heroin" categories: "crack-cocaine" categories: "powder-cocaine" }
      figures { metric: "arrests" value: 61 unit: UNIT_COUNT }
      figures { metric: "cash-seized" })");
}

TEST(Sha256Test, GivesThePublishedValues) {
  // NIST, FIPS 180-4, example values of SHA-256: no byte, one block, two blocks.
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, TakesZeroBytesForBytes) {
  EXPECT_NE(Hex(Sha256(absl::string_view("\0", 1))), Hex(Sha256("")));
  EXPECT_NE(Hex(Sha256(absl::string_view("a\0b", 3))), Hex(Sha256("a")));
}

// Digests are stored for ever. These were not made by this program: a script wrote the bytes that the comment in
// domain/digest.h describes, in Python, and hashed them with its hashlib.
TEST(DigestTest, IsWhatTheDocumentedEncodingGives) {
  EXPECT_EQ(Hex(DigestOf(Week())), "f6a9dab484c3208d887090c2f3b71d72785ffa4da4383fe8624ed1aedc9ace23");
  EXPECT_EQ(Hex(DigestOf(FromText(R"(operation: "county-lines-2021-10" force: "surrey" result_id: "2021:41" revision: 1
                                     start_date: "2021-10-11" end_date: "2021-10-17" nil: true final: true)"))),
            "93f4fcf3b92c15df35fcfa111f5e67c2ecb56ec5954d31b553afda3146d77971");
  EXPECT_EQ(Hex(DigestOf(FromText(R"(operation: "county-lines-2021-10" force: "surrey" result_id: "2021:41" revision: 3
                                     retracted: true reason: "not ours: Süd")"))),
            "bafcab8ff07498cdce7478c962d8c35ceffca0759f7d4ea854270bb1749582a7");
  EXPECT_EQ(Hex(DigestOf(v1::OperationResult())), "addfb4e7348201083302751e5f7df2ae8c299d0ebf9513effdb47ec0fd71d7e8");
}

TEST(DigestTest, DoesNotDependOnTheOrderOfFigures) {
  const Sha256Digest want = DigestOf(Week());
  v1::OperationResult result = Week();
  std::vector<int> order = {0, 1, 2};
  do {
    result.clear_figures();
    for (const int index : order) *result.add_figures() = Week().figures(index);
    EXPECT_EQ(Hex(DigestOf(result)), Hex(want)) << order[0] << order[1] << order[2];
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(DigestTest, DoesNotDependOnTheOrderOfCategories) {
  const Sha256Digest want = DigestOf(Week());
  std::vector<std::string> categories = {"crack-cocaine", "heroin", "powder-cocaine"};
  do {
    v1::OperationResult result = Week();
    *result.mutable_figures(0)->mutable_categories() = {categories.begin(), categories.end()};
    EXPECT_EQ(Hex(DigestOf(result)), Hex(want)) << categories[0] << " first, then " << categories[1];
  } while (std::next_permutation(categories.begin(), categories.end()));
}

TEST(DigestTest, AnUnsetQualifierIsAnExactOne) {
  v1::OperationResult result = Week();
  result.mutable_figures(1)->set_qualifier(v1::QUALIFIER_EXACT);
  result.mutable_figures(2)->set_qualifier(v1::QUALIFIER_EXACT);
  EXPECT_EQ(Hex(DigestOf(result)), Hex(DigestOf(Week())));
}

TEST(DigestTest, DoesNotDependOnHowProtobufWroteIt) {
  const v1::OperationResult want = Week();
  // A protobuf message may be sent in pieces; the fields then come in another order, and some of them twice.
  v1::OperationResult figures_only;
  *figures_only.mutable_figures() = want.figures();
  v1::OperationResult rest = want;
  rest.clear_figures();
  v1::OperationResult overwritten;
  overwritten.set_revision(7);
  overwritten.set_reason("another");
  v1::OperationResult read;
  ASSERT_TRUE(read.ParseFromString(figures_only.SerializeAsString() + overwritten.SerializeAsString() +
                                   rest.SerializeAsString()));
  EXPECT_EQ(Hex(DigestOf(read)), Hex(DigestOf(want)));
}

// Each row changes one thing about Week(); no two of them have the same digest.
const std::map<std::string, Spoil>& Changes() {
  static const std::map<std::string, Spoil> changes = {
      {"nothing", [](auto& /*r*/) {}},
      {"operation", [](auto& r) { r.set_operation("county-lines-2021-05"); }},
      {"force", [](auto& r) { r.set_force("hampshire"); }},
      {"result_id", [](auto& r) { r.set_result_id("weeks"); }},
      {"result_id, other case", [](auto& r) { r.set_result_id("Week"); }},
      {"revision", [](auto& r) { r.set_revision(3); }},
      {"revision beyond 32 bits", [](auto& r) { r.set_revision((int64_t{1} << 32) + 2); }},
      {"start_date", [](auto& r) { r.set_start_date("2021-10-12"); }},
      {"end_date", [](auto& r) { r.set_end_date("2021-10-16"); }},
      {"nil", [](auto& r) { r.set_nil(true); }},
      {"final", [](auto& r) { r.set_final(false); }},
      {"retracted", [](auto& r) { r.set_retracted(true); }},
      {"reason", [](auto& r) { r.set_reason("one arrest was counted twice."); }},
      {"reason left out", [](auto& r) { r.clear_reason(); }},
      // Two strings that follow each other: what one loses the other gains.
      {"boundary of operation and force",
       [](auto& r) {
         r.set_operation("county-lines-2021-10thames-");
         r.set_force("valley");
       }},
      {"boundary of force and result_id",
       [](auto& r) {
         r.set_force("thames-valleyw");
         r.set_result_id("eek");
       }},
      {"dates swapped", [](auto& r) { r.mutable_start_date()->swap(*r.mutable_end_date()); }},
      {"a figure less", [](auto& r) { r.mutable_figures()->RemoveLast(); }},
      {"a figure twice", [](auto& r) { *r.add_figures() = Week().figures(1); }},
      {"metric", [](auto& r) { r.mutable_figures(1)->set_metric("charges"); }},
      {"value", [](auto& r) { r.mutable_figures(1)->set_value(62); }},
      {"value negative", [](auto& r) { r.mutable_figures(1)->set_value(-61); }},
      {"value absent", [](auto& r) { r.mutable_figures(1)->clear_value(); }},
      {"value zero", [](auto& r) { r.mutable_figures(1)->set_value(0); }},
      {"value one", [](auto& r) { r.mutable_figures(1)->set_value(1); }},
      {"absent value zero", [](auto& r) { r.mutable_figures(2)->set_value(0); }},
      {"unit", [](auto& r) { r.mutable_figures(0)->set_unit(v1::UNIT_KILOGRAM); }},
      {"unit left out", [](auto& r) { r.mutable_figures(0)->set_unit(v1::UNIT_UNSPECIFIED); }},
      {"the same mass in milligrams",
       [](auto& r) {
         r.mutable_figures(0)->set_value(430'000);
         r.mutable_figures(0)->set_unit(v1::UNIT_MILLIGRAM);
       }},
      {"qualifier", [](auto& r) { r.mutable_figures(0)->set_qualifier(v1::QUALIFIER_AT_MOST); }},
      {"qualifier exact", [](auto& r) { r.mutable_figures(0)->set_qualifier(v1::QUALIFIER_EXACT); }},
      {"qualifier of another figure", [](auto& r) { r.mutable_figures(1)->set_qualifier(v1::QUALIFIER_AT_LEAST); }},
      {"category", [](auto& r) { r.mutable_figures(0)->set_categories(0, "lsd"); }},
      {"a category less", [](auto& r) { r.mutable_figures(0)->mutable_categories()->RemoveLast(); }},
      {"a category more", [](auto& r) { r.mutable_figures(1)->add_categories("male"); }},
      {"a category twice", [](auto& r) { r.mutable_figures(0)->add_categories("heroin"); }},
      {"a category in another figure",
       [](auto& r) {
         r.mutable_figures(0)->mutable_categories()->RemoveLast();
         r.mutable_figures(1)->add_categories("powder-cocaine");
       }},
      {"two categories as one",
       [](auto& r) {
         r.mutable_figures(0)->mutable_categories()->RemoveLast();
         r.mutable_figures(0)->set_categories(1, "crack-cocainepowder-cocaine");
       }},
      {"values of two figures swapped",
       [](auto& r) {
         r.mutable_figures(0)->set_value(61);
         r.mutable_figures(1)->set_value(430);
       }},
  };
  return changes;
}

TEST(DigestTest, EveryChangeMakesAnotherDigest) {
  std::map<std::string, std::string> seen;
  for (const auto& [name, spoil] : Changes()) {
    v1::OperationResult result = Week();
    spoil(result);
    const auto [earlier, is_new] = seen.emplace(Hex(DigestOf(result)), name);
    EXPECT_TRUE(is_new) << "\"" << name << "\" has the digest of \"" << earlier->second << "\"";
  }
}

// Gives a field a value that it does not have in an empty message, or one value more.
void Fill(google::protobuf::Message* message, const google::protobuf::FieldDescriptor* field) {
  using google::protobuf::FieldDescriptor;
  const auto* const reflection = message->GetReflection();
  if (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    reflection->AddMessage(message, field);
  } else if (field->is_repeated()) {
    reflection->AddString(message, field, "x");
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection->SetString(message, field, "x");
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    reflection->SetInt64(message, field, 0x0102030405060708);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    reflection->SetBool(message, field, true);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    reflection->SetEnumValue(message, field, 2);
  } else {
    ADD_FAILURE() << "teach this test to fill " << field->full_name();
  }
}

// Whoever adds a field to the API must say what it does to the digest.
TEST(DigestTest, NoFieldOfTheApiIsLeftOut) {
  const v1::OperationResult empty;
  for (int index = 0; index < v1::OperationResult::descriptor()->field_count(); ++index) {
    const auto* const field = v1::OperationResult::descriptor()->field(index);
    v1::OperationResult result;
    Fill(&result, field);
    EXPECT_NE(Hex(DigestOf(result)), Hex(DigestOf(empty))) << field->full_name();
  }
  v1::OperationResult one_figure;
  one_figure.add_figures();
  for (int index = 0; index < v1::Figure::descriptor()->field_count(); ++index) {
    const auto* const field = v1::Figure::descriptor()->field(index);
    v1::OperationResult result = one_figure;
    Fill(result.mutable_figures(0), field);
    EXPECT_NE(Hex(DigestOf(result)), Hex(DigestOf(one_figure))) << field->full_name();
  }
}

TEST(DigestTest, AKilogramIsNotTheSameStatementAsAThousandGrams) {
  v1::OperationResult kilogram = Week();
  kilogram.mutable_figures(0)->set_value(1);
  kilogram.mutable_figures(0)->set_unit(v1::UNIT_KILOGRAM);
  v1::OperationResult grams = Week();
  grams.mutable_figures(0)->set_value(1'000);
  EXPECT_NE(Hex(DigestOf(kilogram)), Hex(DigestOf(grams)));
}

TEST(DigestTest, TwoFiguresThatTradeTheirCategoriesMakeAnotherDigest) {
  const std::string head = R"(operation: "o" force: "f" result_id: "r" revision: 1 )";
  EXPECT_NE(Hex(DigestOf(FromText(head + R"(figures { metric: "arrests" value: 1 unit: UNIT_COUNT categories: "male" }
                                      figures { metric: "charges" value: 1 unit: UNIT_COUNT categories: "adult" })"))),
            Hex(DigestOf(FromText(head + R"(figures { metric: "arrests" value: 1 unit: UNIT_COUNT categories: "adult" }
                                      figures { metric: "charges" value: 1 unit: UNIT_COUNT categories: "male" })"))));
}

TEST(DigestTest, AThousandFiguresInAnyOrderAreTheSame) {
  v1::OperationResult result = Week();
  result.clear_figures();
  for (int index = 0; index < 1'000; ++index) {
    v1::Figure* const figure = result.add_figures();
    figure->set_metric("arrests");
    figure->set_value(index * 7'919 % 1'009);
    figure->set_unit(v1::UNIT_COUNT);
  }
  v1::OperationResult reversed = result;
  std::reverse(reversed.mutable_figures()->begin(), reversed.mutable_figures()->end());
  EXPECT_EQ(Hex(DigestOf(result)), Hex(DigestOf(reversed)));
}

}  // namespace
}  // namespace muster
