// Tokens: their texts, and the file that says which there are.
#include "domain/token.h"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;

policy::v1::Token ValidToken() {
  policy::v1::Token token;
  token.set_id("0123456789ab");
  token.set_sha256(TokenDigest("muster_abc"));
  token.set_caller("analyst/ann");
  token.set_issue_time("2026-11-26T10:00:00Z");
  token.set_expire_time("2027-03-31T22:59:59Z");
  return token;
}

TEST(TokenTextTest, SaysWhatItIsAndAllItsBits) {
  EXPECT_EQ(TokenText(std::string(kTokenRandomBytes, '\xff')), "muster_" + std::string(42, '_') + "8");
  EXPECT_EQ(TokenText(std::string(kTokenRandomBytes, '\0')).size(), 7U + 43U);
}

TEST(TokenDigestTest, IsSha256) {
  EXPECT_EQ(TokenDigest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct BearerHeader {
  std::string name;
  std::string header;
  std::string token;  // That it stands for.
  friend void PrintTo(const BearerHeader& row, std::ostream* out) { *out << row.name; }
};

class BearerDigestTest : public testing::TestWithParam<BearerHeader> {};

TEST_P(BearerDigestTest, IsThatOfItsToken) {
  EXPECT_EQ(BearerDigest(GetParam().header), TokenDigest(GetParam().token));
}

INSTANTIATE_TEST_SUITE_P(Headers, BearerDigestTest,
                         testing::ValuesIn<BearerHeader>({
                             {"Token", "Bearer muster_abc", "muster_abc"},
                             {"AnyCase", "bEARER muster_abc", "muster_abc"},
                             {"TwoSpaces", "Bearer  muster_abc", " muster_abc"},
                             {"NothingBehind", "Bearer ", ""},
                             {"NoSpace", "Bearer", ""},
                             {"TokenAlone", "muster_abc", ""},
                             {"OtherScheme", "Basic muster_abc", ""},
                             {"Empty", "", ""},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(TokensTest, ReadAsTheyWereWritten) {
  policy::v1::Tokens tokens;
  *tokens.add_tokens() = ValidToken();
  tokens.mutable_tokens(0)->add_scopes("national-totals");
  tokens.mutable_tokens(0)->set_note("spreadsheet of \"the unit\"");
  *tokens.add_tokens() = ValidToken();
  tokens.mutable_tokens(1)->set_id("ba9876543210");
  const absl::StatusOr<policy::v1::Tokens> read = ReadTokens(WriteTokens(tokens));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), tokens.SerializeAsString());
  EXPECT_EQ(ReadTokens("")->tokens_size(), 0);
}

TEST(TokensTest, OfTwoWithOneIdAreRefused) {
  policy::v1::Tokens tokens;
  *tokens.add_tokens() = ValidToken();
  *tokens.add_tokens() = ValidToken();
  EXPECT_THAT(std::string(ReadTokens(WriteTokens(tokens)).status().message()), HasSubstr("is there twice"));
}

TEST(TokensTest, ThatCannotBeReadSayTheLine) {
  EXPECT_THAT(std::string(ReadTokens("tokens {\n  idd: 'x'\n}").status().message()), HasSubstr("line 2"));
}

struct SpoiledToken {
  std::string name;
  std::function<void(policy::v1::Token&)> spoil;
  std::string want;  // In what is said; empty: it is still good.
  friend void PrintTo(const SpoiledToken& row, std::ostream* out) { *out << row.name; }
};

class CheckTokenTest : public testing::TestWithParam<SpoiledToken> {};

TEST_P(CheckTokenTest, SaysWhatIsWrong) {
  policy::v1::Token token = ValidToken();
  GetParam().spoil(token);
  const std::string faults = CheckToken(token);
  EXPECT_EQ(faults.empty(), GetParam().want.empty()) << faults;
  EXPECT_THAT(faults, HasSubstr(GetParam().want));
  EXPECT_THAT(faults, Not(HasSubstr("\n")));  // One at a time.
}

INSTANTIATE_TEST_SUITE_P(
    Fields, CheckTokenTest,
    testing::ValuesIn<SpoiledToken>({
        {"Nothing", [](auto& /*token*/) {}, ""},
        {"IdTooShort", [](auto& token) { token.set_id("0123456789a"); }, "id must be"},
        {"IdNotHex", [](auto& token) { token.set_id("0123456789aB"); }, "id must be"},
        {"DigestTooLong", [](auto& token) { token.set_sha256(token.sha256() + "0"); }, "sha256 must be"},
        {"Unit", [](auto& token) { token.set_caller("unit/serocu"); }, ""},
        {"Operator", [](auto& token) { token.set_caller("operator/bob"); }, "tokens are for reading"},
        {"NobodysName", [](auto& token) { token.set_caller("analyst/"); }, "caller is"},
        {"NoRole", [](auto& token) { token.set_caller("ann"); }, "caller is"},
        {"Everybody", [](auto& token) { token.set_caller("force/*"); }, "caller is"},
        {"AllScopes",
         [](auto& token) {
           for (const auto& scope : kTokenScopes) token.add_scopes(std::string(scope));
         },
         ""},
        {"UnknownScope", [](auto& token) { token.add_scopes("national-total"); }, "did you mean \"national-totals\""},
        {"NoExpiry", [](auto& token) { token.clear_expire_time(); }, "expire_time must be"},
        {"NoIssueTime", [](auto& token) { token.set_issue_time("yesterday"); }, "issue_time must be"},
        {"EndsAsItBegins", [](auto& token) { token.set_expire_time(token.issue_time()); }, "within 366 days"},
        {"LongestLife", [](auto& token) { token.set_expire_time("2027-11-27T10:00:00Z"); }, ""},
        {"TooLong", [](auto& token) { token.set_expire_time("2027-11-27T10:00:01Z"); }, "within 366 days"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
