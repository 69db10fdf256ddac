// Bearer tokens: they narrow what a connection may read, and never widen it.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "domain/token.h"
#include "google/protobuf/text_format.h"
#include "service/errors.h"
#include "service/token_keeper.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

// A token with this text, for an hour from now.
policy::v1::Token TokenOf(const std::string& text, const std::string& caller,
                          const std::vector<std::string>& scopes = {}, absl::Duration life = absl::Hours(1)) {
  policy::v1::Token token;
  token.set_sha256(TokenDigest(text));
  token.set_id(token.sha256().substr(0, 12));
  token.set_caller(caller);
  for (const std::string& scope : scopes) token.add_scopes(scope);
  token.set_expire_time(TimeText(absl::Now() + life));
  token.set_issue_time(TimeText(absl::Now() + life - absl::Hours(1)));
  return token;
}

// What a token lets a connection do.
struct NarrowedCase {
  std::string name;
  std::string connection;  // "": the local operator.
  std::string bearer;
  std::vector<std::string> scopes;
  std::string query;
  std::string want_reason;  // Empty: allowed.
  friend void PrintTo(const NarrowedCase& row, std::ostream* out) { *out << row.name; }
};

class NarrowedRightsTest : public testing::TestWithParam<NarrowedCase> {
 protected:
  static std::shared_ptr<const CallerRights> Narrowed() {
    const std::shared_ptr<const Rights> rights = Rights::Default(ShippedCatalogue());
    const auto has = [](const char* scope) {
      const std::vector<std::string>& scopes = GetParam().scopes;
      return scopes.empty() || std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
    };
    TokenRights token;
    token.id = "t";
    token.bearer = BearerOf(GetParam().bearer, *ShippedCatalogue()).value();
    token.results = has("results");
    token.force_totals = has("force-totals");
    token.coverage = has("coverage");
    token.region_totals = has("region-totals");
    token.national_totals = has("national-totals");
    return rights->Of(CallerOf(GetParam().connection), token);
  }
};

TEST_P(NarrowedRightsTest, AreWhatBothMayRead) {
  const std::shared_ptr<const CallerRights> rights = Narrowed();
  v1::TotalsQuery query;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(GetParam().query, &query));
  const absl::Status status = rights->MayQuery(query).status();
  EXPECT_EQ(status.ok() ? "" : ErrorOf(ToGrpcStatus(status)).reason, GetParam().want_reason);
  // Never, whoever bears it and whoever brings it.
  for (const Call call : {Call::kSubmitResults, Call::kStreamResults, Call::kCreateOperation, Call::kUpdateOperation,
                          Call::kCloseOperation, Call::kReopenOperation, Call::kVerifyTotals, Call::kBackup}) {
    EXPECT_FALSE(rights->MayCall(call).ok()) << NameOf(call);
  }
  EXPECT_FALSE(rights->MaySubmitFor("kent"));
  EXPECT_TRUE(rights->MayCall(Call::kGetCatalogue).ok());
  EXPECT_EQ(rights->who(), GetParam().bearer);
}

INSTANTIATE_TEST_SUITE_P(
    Tokens, NarrowedRightsTest,
    testing::ValuesIn<NarrowedCase>({
        {"CountryToAnAnalyst", "", "analyst/ann", {}, "", ""},
        {"ForcesToAnAnalyst", "", "analyst/ann", {}, "forces: 'kent'", "FORCE_NOT_YOURS"},
        {"CountryToAnAnalystOfRegions", "", "analyst/ann", {"region-totals"}, "", "NATIONAL_TOTALS_NOT_YOURS"},
        {"RegionsToAnAnalystOfRegions", "", "analyst/ann", {"region-totals"}, "group_by: GROUP_BY_REGION", ""},
        {"RegionsToAnAnalystOfTheCountry",
         "",
         "analyst/ann",
         {"national-totals"},
         "group_by: GROUP_BY_REGION",
         "REGION_NOT_YOURS"},
        {"NothingToAnAnalystOfResults", "", "analyst/ann", {"results"}, "", "CALL_NOT_YOURS"},
        {"ItselfToAForce", "", "force/kent", {}, "forces: 'kent'", ""},
        {"OthersToAForce", "", "force/kent", {}, "forces: 'surrey'", "FORCE_NOT_YOURS"},
        {"ItselfToAForceOfResults", "", "force/kent", {"results"}, "forces: 'kent'", "CALL_NOT_YOURS"},
        {"ItsRegionToAUnit", "", "unit/serocu", {}, "regions: 'south-east'", ""},
        {"AnotherRegionToAUnit", "", "unit/serocu", {}, "regions: 'eastern'", "REGION_NOT_YOURS"},
        // By the connection of somebody else, what that may read as well.
        {"CountryByAForce", "force/kent", "analyst/ann", {}, "", "CALL_NOT_YOURS"},
        {"CountryByAUnit", "unit/serocu", "analyst/ann", {}, "", ""},
        {"RegionsByAUnit", "unit/serocu", "analyst/ann", {}, "regions: 'eastern'", "REGION_NOT_YOURS"},
        {"ItsRegionByAUnit", "unit/serocu", "analyst/ann", {}, "regions: 'south-east'", ""},
        {"AForceByItsUnit", "unit/serocu", "force/surrey", {}, "forces: 'surrey'", ""},
        {"AForceByAnotherUnit", "unit/serocu", "force/essex", {}, "forces: 'essex'", "CALL_NOT_YOURS"},
        {"CountryByAnOperator", "operator/bob", "analyst/ann", {}, "", "CALL_NOT_YOURS"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(BearersTest, AreNoOperators) {
  EXPECT_TRUE(BearerOf("analyst/ann", *ShippedCatalogue()).has_value());
  EXPECT_TRUE(BearerOf("unit/serocu", *ShippedCatalogue()).has_value());
  for (const char* const text :
       {"operator/bob", "operator/local", "analyst/", "analyst", "force/kant", "unit/kent", ""}) {
    EXPECT_FALSE(BearerOf(text, *ShippedCatalogue()).has_value()) << text;
  }
}

class TokenKeeperTest : public testing::Test {
 protected:
  void Write(const std::vector<policy::v1::Token>& tokens) {
    policy::v1::Tokens all;
    for (const policy::v1::Token& token : tokens) *all.add_tokens() = token;
    std::ofstream(file_, std::ios::trunc) << WriteTokens(all);
  }
  absl::Status Start() {
    auto keeper = TokenKeeper::Start(file_, ShippedCatalogue(), std::chrono::hours(24),
                                     [this](const FileChange& change) { told_.push_back(change.taken); });
    if (!keeper.ok()) return keeper.status();
    keeper_ = *std::move(keeper);
    return absl::OkStatus();
  }
  // Who bears it, or the reason why nobody does.
  std::string Find(const std::string& text, absl::Duration later = absl::ZeroDuration()) const {
    const absl::StatusOr<TokenRights> token = keeper_->Find(TokenDigest(text), absl::Now() + later);
    if (token.ok()) return token->bearer.name;
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
    return ErrorOf(ToGrpcStatus(token.status())).reason;
  }

  TemporaryFolder folder_;
  const std::string file_ = folder_.Path("tokens.textproto");
  std::vector<bool> told_;
  std::unique_ptr<TokenKeeper> keeper_;
};

TEST_F(TokenKeeperTest, KnowsWhatTheFileHoldsUntilItExpires) {
  Write({TokenOf("a", "analyst/ann"), TokenOf("b", "force/kent")});
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Find("a"), "ann");
  EXPECT_EQ(Find("b"), "kent");
  EXPECT_EQ(Find("c"), "TOKEN_NOT_VALID");
  EXPECT_EQ(Find(""), "TOKEN_NOT_VALID");
  EXPECT_EQ(Find("a", absl::Minutes(58)), "ann");
  EXPECT_EQ(Find("a", absl::Hours(1)), "TOKEN_EXPIRED");
}

TEST_F(TokenKeeperTest, FollowsTheFile) {
  ASSERT_TRUE(Start().ok());  // There is none yet.
  EXPECT_EQ(Find("a"), "TOKEN_NOT_VALID");
  EXPECT_THAT(told_, testing::IsEmpty());
  Write({TokenOf("a", "analyst/ann")});
  keeper_->CheckFile();
  EXPECT_EQ(Find("a"), "ann");
  Write({TokenOf("a", "force/kant")});  // A bad one changes nothing.
  keeper_->CheckFile();
  EXPECT_EQ(Find("a"), "ann");
  Write({});
  keeper_->CheckFile();
  EXPECT_EQ(Find("a"), "TOKEN_NOT_VALID");
  EXPECT_THAT(told_, testing::ElementsAre(true, false, true));
}

TEST_F(TokenKeeperTest, StartsWithNoFaultyFile) {
  Write({TokenOf("a", "force/kant")});
  EXPECT_THAT(std::string(Start().message()), HasSubstr("\"force/kant\" is no force"));
  std::ofstream(file_, std::ios::trunc) << "tokens { caller: 'operator/bob' }";
  EXPECT_EQ(Start().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TokensOfTheServerTest, AreAskedForInEveryCallAndAreInTheAudit) {
  const TemporaryFolder folder;
  policy::v1::Tokens tokens;
  *tokens.add_tokens() = TokenOf("secret-of-ann", "analyst/ann");
  *tokens.add_tokens() = TokenOf("secret-of-old", "analyst/old", {}, -absl::Minutes(1));
  *tokens.add_tokens() = TokenOf("secret-of-kent", "force/kent");
  std::ofstream(folder.Path("tokens")) << WriteTokens(tokens);
  ServerOptions options;
  options.store_directory = folder.Path("store");
  options.token_file = folder.Path("tokens");
  options.identify = IdentifyByName;
  const std::unique_ptr<Server> server = StartServer(options);
  Client client(server->address());
  const auto query = [&](const std::string& caller, const std::string& header, const std::string& text) {
    const auto context = ContextOf(caller);
    if (!header.empty()) context->AddMetadata("authorization", header);
    v1::QueryTotalsRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.mutable_query()));
    v1::QueryTotalsResponse response;
    return client.totals->QueryTotals(context.get(), request, &response);
  };
  const auto not_valid = FailsWith(grpc::StatusCode::UNAUTHENTICATED, "TOKEN_NOT_VALID");
  EXPECT_THAT(query("", "Bearer secret-of-ann", ""), IsOkCall());
  EXPECT_THAT(query("", "bearer secret-of-ann", ""), IsOkCall());
  EXPECT_THAT(query("", "Bearer secret-of-ann", "forces: 'kent'"),
              FailsWith(grpc::StatusCode::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
  EXPECT_THAT(query("", "", "forces: 'kent'"), IsOkCall());
  EXPECT_THAT(query("force/kent", "Bearer secret-of-ann", ""),
              FailsWith(grpc::StatusCode::PERMISSION_DENIED, "CALL_NOT_YOURS"));
  EXPECT_THAT(query("", "Bearer secret-of-old", ""), FailsWith(grpc::StatusCode::UNAUTHENTICATED, "TOKEN_EXPIRED"));
  // Who brings no good token is not taken for one who brings none.
  for (const char* const header :
       {"Bearer secret-of-nobody", "Bearer ", "secret-of-ann", "Basic secret-of-ann", "Bearer"}) {
    EXPECT_THAT(query("", header, ""), not_valid) << header;
  }
  v1::SubmitResultsRequest submit;
  *submit.add_results() = MakeResult("r1", 1, 1, "kent");
  v1::SubmitResultsResponse submitted;
  const auto context = ContextOf("");
  context->AddMetadata("authorization", "Bearer secret-of-kent");
  EXPECT_THAT(client.ingest->SubmitResults(context.get(), submit, &submitted),
              FailsWith(grpc::StatusCode::PERMISSION_DENIED, "CALL_NOT_YOURS"));
  server->Stop();
  std::ifstream in(folder.Path("store/audit/audit.jsonl"));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(text, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("\"caller\":\"force/kent\",\"serial\":\"\",\"token\":\"",
                                           tokens.tokens(2).id(), "\",\"call\":\"IngestService.SubmitResults\"")));
}

}  // namespace
}  // namespace muster
