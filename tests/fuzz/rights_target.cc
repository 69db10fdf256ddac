// A policy file and a file of tokens, structure-aware: they are refused with their faults, or give nobody more than a
// rule says, and a token never more than either who bears it or who sends it may read.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "domain/check.h"
#include "domain/token.h"
#include "google/protobuf/text_format.h"
#include "muster/fuzz/history.pb.h"
#include "service/errors.h"
#include "service/rights.h"
#include "tests/fuzz/fuzzed_server.h"
#include "tests/fuzz/message_mutator.h"

namespace muster::fuzz {
namespace {

constexpr int kCalls = static_cast<int>(muster::Call::kBackup) + 1;
constexpr int kMaxTokens = 2;  // That are tried, of each file: any may be there.

// Of every kind: in a region, in none, one that has moved, a consortium, a regional unit.
const std::vector<std::string>& SomeForces() {
  static const std::vector<std::string> forces = {"kent", "hampshire", "british-transport-police", "serocu", "nowhere"};
  return forces;
}

const std::vector<std::string>& RightsWords(const std::string& field) {
  static const std::vector<std::string> callers = {"force/*",      "force/kent",    "force/hampshire", "unit/*",
                                                   "unit/serocu",  "analyst/*",     "analyst/ann",     "operator/*",
                                                   "operator/bob", "force/nowhere", "unit/kent",       "*/*"};
  static const std::vector<std::string> bodies = {"own",
                                                  "own-region",
                                                  "all",
                                                  "force/kent",
                                                  "force/hampshire",
                                                  "force/serocu",
                                                  "region/nowhere",
                                                  "region/south-east",
                                                  "region/eastern"};
  static const std::vector<std::string> regions = {"own", "all", "south-east", "eastern", "nowhere"};
  static const std::vector<std::string> scopes(kTokenScopes.begin(), kTokenScopes.end());
  static const std::vector<std::string> times = {"2026-11-26T17:00:00Z", "2027-03-31T00:00:00Z",
                                                 "2028-11-26T17:00:00+01:00"};
  static const std::vector<std::string> ids = {"0123456789ab", "ffffffffffff"};
  static const std::vector<std::string> digests = {TokenDigest("one"), TokenDigest("other")};
  if (field == "callers" || field == "caller") return callers;
  if (field == "submit_for" || field == "read_results_of" || field == "read_totals_of" || field == "read_coverage_of") {
    return bodies;
  }
  if (field == "read_totals_of_regions") return regions;
  if (field == "scopes") return scopes;
  if (field == "issue_time" || field == "expire_time") return times;
  if (field == "id") return ids;
  if (field == "sha256") return digests;
  return ApiWords(field);
}

const std::vector<Caller>& SomeCallers() {
  static const std::vector<Caller> callers = [] {
    std::vector<Caller> some;
    for (const char* const text : {"force/kent", "force/hampshire", "unit/serocu", "analyst/ann"}) {
      some.push_back(BearerOf(text, *SharedCatalogue()).value());
    }
    some.push_back(Caller{.role = CallerRole::kOperator, .name = "bob", .certificate_serial = "1"});
    return some;
  }();
  return callers;
}

bool IsNamed(const policy::v1::Policy& policy, const std::string& who) {
  const std::string all = who.substr(0, who.find('/')) + "/*";
  for (const policy::v1::Rule& rule : policy.rules()) {
    for (const std::string& caller : rule.callers()) {
      if (caller == who || caller == all) return true;
    }
  }
  return false;
}

void ExpectRefusal(const absl::Status& status) {
  MUSTER_CHECK(absl::IsPermissionDenied(status));
  MUSTER_CHECK(!ToGrpcStatus(status).error_details().empty());
}

// Nobody of a rule may do anything; who may submit for a force may call the call.
void CheckCaller(const CallerRights& rights, bool is_named) {
  for (int number = 0; number < kCalls; ++number) {
    const absl::Status status = rights.MayCall(static_cast<muster::Call>(number));
    MUSTER_CHECK(is_named || !status.ok());
    if (!status.ok()) MUSTER_CHECK(absl::IsPermissionDenied(status));
  }
  for (const std::string& force : SomeForces()) {
    MUSTER_CHECK(!rights.MaySubmitFor(force) || rights.MayCall(muster::Call::kSubmitResults).ok());
  }
  MUSTER_CHECK(!rights.WhomItSubmitsFor().empty());
}

// Whatever `narrow` may be shown, `wide` may.
void ExpectNoMore(const absl::StatusOr<Sight>& narrow, const absl::StatusOr<Sight>& wide) {
  if (!narrow.ok()) return ExpectRefusal(narrow.status());
  MUSTER_CHECK(wide.ok());
  MUSTER_CHECK(narrow->only_shown || !wide->only_shown);
  const Catalogue& catalogue = *SharedCatalogue();
  for (ForceIndex force = 0; force < catalogue.force_count(); ++force) {
    for (const absl::CivilDay day : {absl::CivilDay(2021, 10, 17), absl::CivilDay(2017, 1, 1)}) {
      const RegionIndex region = catalogue.RegionOn(force, day);
      MUSTER_CHECK(!narrow->shown.Holds(force, region) || wide->shown.Holds(force, region));
    }
  }
  if (wide->regions.empty()) return;
  MUSTER_CHECK(narrow->only_shown || narrow->regions.size() == wide->regions.size());
  for (size_t region = 0; region < narrow->regions.size(); ++region) {
    MUSTER_CHECK(!narrow->regions[region] || wide->regions[region]);
  }
}

void ExpectNoMore(const CallerRights& narrow, const CallerRights& wide, const RightsQuestions& questions) {
  for (int number = 0; number < kCalls; ++number) {
    const auto call = static_cast<muster::Call>(number);
    MUSTER_CHECK(!narrow.MayCall(call).ok() || wide.MayCall(call).ok());
  }
  for (const std::string& force : SomeForces()) {
    MUSTER_CHECK(!narrow.MaySubmitFor(force));
    MUSTER_CHECK(!narrow.MayReadResults(force, nullptr).ok() || wide.MayReadResults(force, nullptr).ok());
  }
  for (const v1::TotalsQuery& query : questions.queries()) {
    ExpectNoMore(narrow.MayQuery(query), wide.MayQuery(query));
    ExpectNoMore(narrow.MayExplain(query), wide.MayExplain(query));
    v1::GetCoverageRequest coverage;
    *coverage.mutable_forces() = query.forces();
    ExpectNoMore(narrow.MayCover(coverage), wide.MayCover(coverage));
  }
}

// By one of the connections, each in its turn: refusals take most of the time.
void CheckToken(const Rights& rights, const policy::v1::Token& token, const RightsQuestions& questions) {
  const std::optional<Caller> bearer = BearerOf(token.caller(), *SharedCatalogue());
  if (!bearer) return;
  TokenRights of;
  of.id = token.id();
  of.bearer = *bearer;
  std::array<bool*, kTokenScopes.size()> scopes = {&of.results, &of.force_totals, &of.coverage, &of.region_totals,
                                                   &of.national_totals};
  for (size_t scope = 0; scope < scopes.size(); ++scope) {
    *scopes[scope] = token.scopes().empty();
    for (const std::string& name : token.scopes()) *scopes[scope] = *scopes[scope] || name == kTokenScopes[scope];
  }
  const size_t turn = static_cast<size_t>(questions.ByteSizeLong()) % SomeCallers().size();
  const Caller& connection = SomeCallers()[turn];
  const std::shared_ptr<const CallerRights> narrow = rights.Of(connection, of);
  ExpectNoMore(*narrow, *rights.Of(connection), questions);
  ExpectNoMore(*narrow, *rights.Of(*bearer), questions);
}

void CheckPolicy(const std::string& text, const RightsQuestions& questions) {
  std::vector<PolicyFault> faults;
  const std::shared_ptr<const Rights> rights = Rights::Read("fuzzed.textproto", text, SharedCatalogue(), &faults);
  MUSTER_CHECK((rights == nullptr) == !faults.empty());
  for (const PolicyFault& fault : faults) MUSTER_CHECK(!fault.description.empty() && fault.line >= 0);
  if (rights == nullptr) return;
  for (const Caller& caller : SomeCallers()) {
    const std::shared_ptr<const CallerRights> of = rights->Of(caller);
    CheckCaller(*of, IsNamed(questions.policy(), of->who()));
  }
  for (int index = 0; index < questions.tokens().tokens_size() && index < kMaxTokens; ++index) {
    CheckToken(*rights, questions.tokens().tokens(index), questions);
  }
}

// What was read is written and read again the same.
void CheckTokens(const std::string& text) {
  const absl::StatusOr<policy::v1::Tokens> read = ReadTokens(text);
  if (!read.ok()) {
    MUSTER_CHECK(absl::IsInvalidArgument(read.status()) && !read.status().message().empty());
    return;
  }
  const absl::StatusOr<policy::v1::Tokens> again = ReadTokens(WriteTokens(*read));
  MUSTER_CHECK(again.ok() && again->SerializeAsString() == read->SerializeAsString());
}

std::string TextOf(const google::protobuf::Message& message) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(message, &text);
  return text;
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  muster::fuzz::RightsQuestions questions;
  if (!muster::fuzz::ParseText(data, size, &questions)) {
    // As a file of somebody who writes it by hand.
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::vector<muster::PolicyFault> faults;
    muster::Rights::Read("fuzzed.textproto", text, muster::fuzz::SharedCatalogue(), &faults);
    muster::fuzz::CheckTokens(text);
    return 0;
  }
  muster::fuzz::CheckPolicy(muster::fuzz::TextOf(questions.policy()), questions);
  muster::fuzz::CheckTokens(muster::fuzz::TextOf(questions.tokens()));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  muster::fuzz::RightsQuestions questions;
  return muster::fuzz::MutateText(muster::fuzz::RightsWords, data, size, max_size, seed, &questions);
}
