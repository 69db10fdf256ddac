// SPIFFE IDs: what is one of ours, and what only looks like it.
#include "domain/identity.h"

#include <string>

#include "domain/status_reason.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

constexpr char kTrustDomain[] = "muster.example";

struct GoodCase {
  std::string name;
  std::string text;
  Identity want;
};

class SpiffeIdIsRead : public testing::TestWithParam<GoodCase> {};

TEST_P(SpiffeIdIsRead, AndWrittenTheSame) {
  const absl::StatusOr<Identity> identity = ParseSpiffeId(GetParam().text, kTrustDomain);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(*identity, GetParam().want);
  EXPECT_EQ(SpiffeIdOf(kTrustDomain, *identity), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Roles, SpiffeIdIsRead,
    testing::ValuesIn<GoodCase>({
        {"Force", "spiffe://muster.example/force/thames-valley", {CallerRole::kForce, "thames-valley"}},
        {"Unit", "spiffe://muster.example/unit/serocu", {CallerRole::kUnit, "serocu"}},
        {"Analyst", "spiffe://muster.example/analyst/a.jones", {CallerRole::kAnalyst, "a.jones"}},
        {"AnalystWithNumber", "spiffe://muster.example/analyst/7_x-1", {CallerRole::kAnalyst, "7_x-1"}},
        {"Operator", "spiffe://muster.example/operator/night-shift", {CallerRole::kOperator, "night-shift"}},
        {"LongestPerson",
         "spiffe://muster.example/operator/" + std::string(64, 'a'),
         {CallerRole::kOperator, std::string(64, 'a')}},
    }),
    [](const auto& row) { return row.param.name; });

struct BadCase {
  std::string name;
  std::string text;
  std::string want_reason;
};

class SpiffeIdIsRefused : public testing::TestWithParam<BadCase> {};

TEST_P(SpiffeIdIsRefused, WithAReason) {
  const absl::StatusOr<Identity> identity = ParseSpiffeId(GetParam().text, kTrustDomain);
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StatusReason(identity.status()), GetParam().want_reason) << identity.status();
}

INSTANTIATE_TEST_SUITE_P(
    NearMisses, SpiffeIdIsRefused,
    testing::ValuesIn<BadCase>({
        {"Empty", "", "IDENTITY_MALFORMED"},
        {"OtherScheme", "https://muster.example/force/kent", "IDENTITY_MALFORMED"},
        {"SchemeInCapitals", "SPIFFE://muster.example/force/kent", "IDENTITY_MALFORMED"},
        {"OneSlash", "spiffe:/muster.example/force/kent", "IDENTITY_MALFORMED"},
        {"NoTrustDomain", "spiffe:///force/kent", "IDENTITY_MALFORMED"},
        {"TrustDomainInCapitals", "spiffe://MUSTER.example/force/kent", "IDENTITY_MALFORMED"},
        {"Port", "spiffe://muster.example:443/force/kent", "IDENTITY_MALFORMED"},
        {"User", "spiffe://me@muster.example/force/kent", "IDENTITY_MALFORMED"},
        {"OtherTrustDomain", "spiffe://muster.test/force/kent", "UNKNOWN_TRUST_DOMAIN"},
        {"LongerTrustDomain", "spiffe://muster.example.org/force/kent", "UNKNOWN_TRUST_DOMAIN"},
        {"ShorterTrustDomain", "spiffe://muster.exampl/force/kent", "UNKNOWN_TRUST_DOMAIN"},
        {"TrustDomainAlone", "spiffe://muster.example", "IDENTITY_MALFORMED"},
        {"NoRole", "spiffe://muster.example/kent", "IDENTITY_MALFORMED"},
        {"NoName", "spiffe://muster.example/force", "IDENTITY_MALFORMED"},
        {"EmptyName", "spiffe://muster.example/force/", "IDENTITY_MALFORMED"},
        {"EmptyRole", "spiffe://muster.example//kent", "UNKNOWN_ROLE"},
        {"SlashAtTheEnd", "spiffe://muster.example/force/kent/", "IDENTITY_MALFORMED"},
        {"OneSegmentMore", "spiffe://muster.example/force/kent/x", "IDENTITY_MALFORMED"},
        {"RoleInCapitals", "spiffe://muster.example/Force/kent", "UNKNOWN_ROLE"},
        {"RoleOfMany", "spiffe://muster.example/forces/kent", "UNKNOWN_ROLE"},
        {"UnknownRole", "spiffe://muster.example/admin/kent", "UNKNOWN_ROLE"},
        {"NameInCapitals", "spiffe://muster.example/force/Kent", "IDENTITY_MALFORMED"},
        {"ForceWithDot", "spiffe://muster.example/force/thames.valley", "IDENTITY_MALFORMED"},
        {"TwoHyphens", "spiffe://muster.example/force/thames--valley", "IDENTITY_MALFORMED"},
        {"HyphenAtTheEnd", "spiffe://muster.example/force/kent-", "IDENTITY_MALFORMED"},
        {"ForceBeginsWithDigit", "spiffe://muster.example/force/1kent", "IDENTITY_MALFORMED"},
        {"ForceOneTooLong", "spiffe://muster.example/force/" + std::string(65, 'a'), "IDENTITY_MALFORMED"},
        {"PersonOneTooLong", "spiffe://muster.example/analyst/" + std::string(65, 'a'), "IDENTITY_MALFORMED"},
        {"PersonOfDots", "spiffe://muster.example/analyst/..", "IDENTITY_MALFORMED"},
        {"PersonWithSpace", "spiffe://muster.example/analyst/a jones", "IDENTITY_MALFORMED"},
        {"PersonInCapitals", "spiffe://muster.example/analyst/A.Jones", "IDENTITY_MALFORMED"},
        {"Escape", "spiffe://muster.example/force/ken%74", "IDENTITY_MALFORMED"},
        {"Query", "spiffe://muster.example/force/kent?x=1", "IDENTITY_MALFORMED"},
        {"Fragment", "spiffe://muster.example/force/kent#x", "IDENTITY_MALFORMED"},
        {"SpaceBefore", " spiffe://muster.example/force/kent", "IDENTITY_MALFORMED"},
        {"LineFeedAfter", "spiffe://muster.example/force/kent\n", "IDENTITY_MALFORMED"},
        {"ZeroByteAfter", std::string("spiffe://muster.example/force/kent\0x", 36), "IDENTITY_MALFORMED"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(TrustDomainTest, HoldsNothingButItsCharacters) {
  EXPECT_TRUE(IsTrustDomain("muster.example"));
  EXPECT_TRUE(IsTrustDomain(std::string(255, 'a')));
  EXPECT_FALSE(IsTrustDomain(std::string(256, 'a')));
  EXPECT_FALSE(IsTrustDomain(""));
  EXPECT_FALSE(IsTrustDomain("Muster.example"));
  EXPECT_FALSE(IsTrustDomain("muster.example/force"));
}

}  // namespace
}  // namespace muster
