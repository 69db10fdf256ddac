#include "service/rights.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "domain/quote.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "service/errors.h"
#include "service/limits.h"

namespace muster {
namespace {

using google::protobuf::RepeatedPtrField;
using google::protobuf::TextFormat;

// In the order of Call.
constexpr std::array<absl::string_view, 20> kCallNames = {
    "IngestService.SubmitResults",      "IngestService.StreamResults",
    "IngestService.GetResult",          "IngestService.ListResults",
    "IngestService.ListRevisions",      "TotalsService.QueryTotals",
    "TotalsService.WatchTotals",        "TotalsService.GetCoverage",
    "TotalsService.ExplainTotal",       "TotalsService.DiffTotals",
    "CatalogueService.GetCatalogue",    "CatalogueService.ListOperations",
    "CatalogueService.GetOperation",    "CatalogueService.CreateOperation",
    "CatalogueService.UpdateOperation", "CatalogueService.CloseOperation",
    "CatalogueService.ReopenOperation", "StoreService.GetServerInfo",
    "StoreService.VerifyTotals",        "StoreService.Backup",
};
static_assert(kCallNames.size() == static_cast<size_t>(Call::kBackup) + 1);

constexpr std::array<absl::string_view, 4> kRoleNames = {"force", "unit", "analyst", "operator"};  // Of CallerRole.

constexpr char kOwn[] = "own";
constexpr char kOwnRegion[] = "own-region";
constexpr char kAll[] = "all";
constexpr char kForcePrefix[] = "force/";
constexpr char kRegionPrefix[] = "region/";

absl::string_view RoleNameOf(CallerRole role) { return kRoleNames[static_cast<size_t>(role)]; }

uint64_t NextNumber() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1);
}

std::string WhoIs(const Caller& caller) { return absl::StrCat(RoleNameOf(caller.role), "/", caller.name); }

// The local operator is nobody else, whatever a certificate calls its own.
std::string KeyOf(const Caller& caller) { return caller.is_local ? "" : WhoIs(caller); }

bool IsBody(CallerRole role) { return role == CallerRole::kForce || role == CallerRole::kUnit; }

// The body that a caller is, by the name of its role; nullopt if the catalogue has none.
std::optional<ForceIndex> BodyOf(CallerRole role, absl::string_view name, const Catalogue& catalogue) {
  if (!IsBody(role)) return std::nullopt;
  const std::optional<ForceIndex> force = catalogue.FindForce(name);
  if (!force) return std::nullopt;
  const bool is_unit = catalogue.force(*force).kind() == v1::FORCE_KIND_REGIONAL_UNIT;
  return role == CallerRole::kUnit && !is_unit ? std::nullopt : force;
}

// The regions that a body is in until further notice.
std::vector<RegionIndex> RegionsOf(ForceIndex force, const Catalogue& catalogue) {
  std::vector<RegionIndex> regions;
  for (const v1::RegionMembership& membership : catalogue.force(force).memberships()) {
    const std::optional<RegionIndex> region = catalogue.FindRegion(membership.region());
    if (membership.end_date().empty() && region) regions.push_back(*region);
  }
  return regions;
}

bool IsFor(const policy::v1::Rule& rule, const Caller& caller) {
  const std::string all = absl::StrCat(RoleNameOf(caller.role), "/*");
  const std::string who = WhoIs(caller);
  return std::any_of(rule.callers().begin(), rule.callers().end(),
                     [&](const std::string& pattern) { return pattern == all || pattern == who; });
}

// What words of a rule mean for a caller whose body is `body`.
BodySet BodiesOf(const RepeatedPtrField<std::string>& words, std::optional<ForceIndex> body,
                 const Catalogue& catalogue) {
  BodySet set;
  for (absl::string_view word : words) {
    if (word == kAll) {
      set.Add(BodySet::All());
    } else if (word == kOwn) {
      if (body) set.AddForce(*body);
    } else if (word == kOwnRegion) {
      if (!body) continue;
      for (const RegionIndex region : RegionsOf(*body, catalogue)) set.AddRegion(region);
    } else if (absl::ConsumePrefix(&word, kForcePrefix)) {
      if (const std::optional<ForceIndex> force = catalogue.FindForce(word)) set.AddForce(*force);
    } else if (absl::ConsumePrefix(&word, kRegionPrefix)) {
      if (const std::optional<RegionIndex> region = catalogue.FindRegion(word)) set.AddRegion(*region);
    }
  }
  return set;
}

}  // namespace

absl::string_view NameOf(Call call) { return kCallNames[static_cast<size_t>(call)]; }

std::optional<Call> CallNamed(absl::string_view name) {
  const auto* const found = std::find(kCallNames.begin(), kCallNames.end(), name);
  if (found == kCallNames.end()) return std::nullopt;
  return static_cast<Call>(found - kCallNames.begin());
}

std::optional<Caller> BearerOf(absl::string_view text, const Catalogue& catalogue) {
  const size_t slash = text.find('/');
  const auto* const role = std::find(kRoleNames.begin(), kRoleNames.end(), text.substr(0, slash));
  if (slash == absl::string_view::npos || role == kRoleNames.end()) return std::nullopt;
  Caller caller;
  caller.role = static_cast<CallerRole>(role - kRoleNames.begin());
  caller.name = std::string(text.substr(slash + 1));
  if (caller.role == CallerRole::kOperator || caller.name.empty()) return std::nullopt;
  if (IsBody(caller.role) && !BodyOf(caller.role, caller.name, catalogue)) return std::nullopt;
  return caller;
}

void Sight::Limit(Scope* scope) const {
  scope->shown = shown;
  scope->only_shown = only_shown;
  // A question that names regions has been refused unless all of them may be shown.
  if (!regions.empty() && scope->regions.empty()) scope->regions = regions;
}

std::string Sight::Key() const {
  std::string key = absl::StrCat(shown.Key(), only_shown ? "!" : "?");
  for (const bool has : regions) key.push_back(has ? '1' : '0');
  return key;
}

CallerRights::CallerRights(std::string who, std::shared_ptr<const Catalogue> catalogue)
    : who_(std::move(who)), number_(NextNumber()), catalogue_(std::move(catalogue)) {}

absl::Status CallerRights::Refused(absl::string_view reason, absl::string_view what) const {
  return Error(absl::StatusCode::kPermissionDenied, reason,
               absl::StrCat("The caller \"", who_, "\" may not ", what, "; the server's policy decides who may."),
               {{"caller", who_}});
}

absl::Status CallerRights::MayCall(Call call) const {
  const auto may = [&] {
    switch (call) {
      case Call::kSubmitResults:
      case Call::kStreamResults:
        return !submit_.IsEmpty();
      case Call::kGetResult:
      case Call::kListResults:
      case Call::kListRevisions:
      case Call::kExplainTotal:
        return !results_.IsEmpty();
      case Call::kQueryTotals:
      case Call::kWatchTotals:
      case Call::kDiffTotals:
        return !totals_.IsEmpty() || all_regions_ || !regions_.empty() || national_;
      case Call::kGetCoverage:
        return !coverage_.IsEmpty();
      case Call::kGetCatalogue:
      case Call::kListOperations:
      case Call::kGetOperation:
      case Call::kGetServerInfo:
        return is_known_;
      case Call::kCreateOperation:
      case Call::kUpdateOperation:
      case Call::kCloseOperation:
      case Call::kReopenOperation:
        return manage_operations_;
      case Call::kVerifyTotals:
        return verify_;
      case Call::kBackup:
        return back_up_;
    }
    return false;
  };
  return may() ? absl::OkStatus() : Refused("CALL_NOT_YOURS", absl::StrCat("call ", NameOf(call)));
}

bool CallerRights::MaySubmitFor(absl::string_view force) const {
  if (submit_.HasAll()) return true;
  const std::optional<ForceIndex> known = catalogue_->FindForce(force);
  return known && submit_.Holds(*known, kNoRegion);
}

std::string CallerRights::WhomItSubmitsFor() const {
  constexpr size_t kMaxNames = 3;  // Every receipt of a thousand may say it.
  std::vector<std::string> forces;
  for (ForceIndex force = 0; force < catalogue_->force_count(); ++force) {
    if (submit_.Holds(force, kNoRegion)) forces.push_back(absl::StrCat("\"", catalogue_->force(force).id(), "\""));
  }
  if (forces.empty()) return "none";
  return forces.size() > kMaxNames ? absl::StrCat(forces.size(), " others") : absl::StrJoin(forces, ", ");
}

absl::Status CallerRights::MayReadResults(absl::string_view force, const Operation* operation) const {
  if (results_.HasAll()) return absl::OkStatus();
  const std::optional<ForceIndex> known = catalogue_->FindForce(force);
  const bool may =
      known && (operation == nullptr ? results_.HoldsEver(*known, *catalogue_)
                                     : results_.Holds(*known, catalogue_->RegionOn(*known, operation->window.last)));
  return may ? absl::OkStatus() : Refused("FORCE_NOT_YOURS", "read results of this force");
}

template <typename Forces>
absl::Status CallerRights::CheckForces(const Forces& forces, const BodySet& bodies) const {
  for (const std::string& force : forces) {
    const std::optional<ForceIndex> known = catalogue_->FindForce(force);
    if (!known || !bodies.HoldsEver(*known, *catalogue_)) {
      return Refused("FORCE_NOT_YOURS", "read what every one of these forces reported");
    }
  }
  return absl::OkStatus();
}

bool CallerRights::NamesOthers(const RepeatedPtrField<std::string>& forces, const BodySet& bodies) const {
  if (!forces.empty()) {
    return std::any_of(forces.begin(), forces.end(), [this](const std::string& force) { return IsAnother(force); });
  }
  BodySet own;
  if (const std::optional<ForceIndex> force = catalogue_->FindForce(own_)) own.AddForce(*force);
  return bodies != own;
}

absl::StatusOr<Sight> CallerRights::MayQuery(const v1::TotalsQuery& query) const {
  if (absl::Status status = MayCall(Call::kQueryTotals); !status.ok()) return status;
  const auto groups_by = [&](v1::GroupBy by) {
    return std::find(query.group_by().begin(), query.group_by().end(), by) != query.group_by().end();
  };
  const bool is_of_single_forces = !query.forces().empty() || groups_by(v1::GROUP_BY_FORCE);
  const bool is_of_regions = !query.regions().empty() || groups_by(v1::GROUP_BY_REGION);
  Sight sight;
  sight.names_others = is_of_single_forces && NamesOthers(query.forces(), totals_);
  if (totals_.HasAll()) return sight;
  if (is_of_single_forces) {
    if (totals_.IsEmpty()) return Refused("FORCE_NOT_YOURS", "read totals of single forces");
    if (absl::Status status = CheckForces(query.forces(), totals_); !status.ok()) return status;
    sight.shown = totals_;
    sight.only_shown = true;
    return sight;
  }
  if (is_of_regions) {
    const auto may = [&](const std::string& id) {
      const std::optional<RegionIndex> region = catalogue_->FindRegion(id);
      return region && regions_[static_cast<size_t>(*region)];
    };
    if (!all_regions_ && (regions_.empty() || !std::all_of(query.regions().begin(), query.regions().end(), may))) {
      return Refused("REGION_NOT_YOURS", "read the totals of these regions");
    }
    // The difference between two days' memberships is one force.
    if (!query.regions_as_of().empty()) {
      return Refused("REGIONS_AS_OF_NOT_YOURS", "ask for regions with the membership of another day");
    }
    if (!all_regions_) sight.regions = regions_;
  } else if (!national_) {
    return Refused("NATIONAL_TOTALS_NOT_YOURS", "read national totals (totals by force show those that it may read)");
  }
  sight.shown = coverage_;
  return sight;
}

absl::StatusOr<Sight> CallerRights::MayExplain(const v1::TotalsQuery& query) const {
  if (absl::Status status = MayCall(Call::kExplainTotal); !status.ok()) return status;
  Sight sight;
  sight.names_others = NamesOthers(query.forces(), results_);
  if (results_.HasAll()) return sight;
  if (absl::Status status = CheckForces(query.forces(), results_); !status.ok()) return status;
  sight.shown = results_;
  sight.only_shown = true;
  return sight;
}

absl::StatusOr<Sight> CallerRights::MayCover(const v1::GetCoverageRequest& request) const {
  if (absl::Status status = MayCall(Call::kGetCoverage); !status.ok()) return status;
  Sight sight;
  if (coverage_.HasAll()) return sight;
  if (absl::Status status = CheckForces(request.forces(), coverage_); !status.ok()) return status;
  sight.shown = coverage_;
  sight.only_shown = true;
  return sight;
}

const char kDefaultPolicy[] = R"(# proto-file: proto/muster/policy/v1/policy.proto
# proto-message: muster.policy.v1.Policy
#
# What applies where musterd is given no --policy. What no rule allows is refused.

# A force submits and reads only its own results.
rules {
  callers: "force/*"
  submit_for: "own"
  read_results_of: "own"
}

# A regional unit submits results of its own; it reads its region's forces in full, and regional and national totals.
rules {
  callers: "unit/*"
  submit_for: "own"
  read_results_of: "own-region"
  read_totals_of_regions: "own"
  read_national_totals: true
}

# Analysts see no force by name.
rules {
  callers: "analyst/*"
  read_totals_of_regions: "all"
  read_national_totals: true
}

# Operators keep the server and the operations. They see who has reported, and no figures but where a total is wrong.
rules {
  callers: "operator/*"
  read_coverage_of: "all"
  manage_operations: true
  back_up: true
  verify: true
}
)";

std::string PolicyFault::ToString() const {
  if (line == 0) return absl::StrCat(file, ": ", description);
  return absl::StrCat(file, ":", line, ": ", description);
}

// Reads one text into Rights.
class PolicyReader {
 public:
  PolicyReader(const std::string& file, const Catalogue& catalogue, std::vector<PolicyFault>* faults)
      : file_(file), catalogue_(catalogue), faults_(faults) {}

  std::optional<policy::v1::Policy> Read(const std::string& text) {
    SyntaxFaults syntax_faults(this);
    TextFormat::Parser parser;
    parser.RecordErrorsTo(&syntax_faults);
    parser.WriteLocationsTo(&locations_);
    parser.AllowUnknownField(true);  // Told as a warning, and reading goes on: all of them are found at once.
    policy::v1::Policy policy;
    const bool read = parser.ParseFromString(text, &policy);
    for (int index = 0; read && index < policy.rules_size(); ++index) CheckRule(policy.rules(index), index);
    if (!faults_->empty()) {
      std::stable_sort(faults_->begin(), faults_->end(),
                       [](const PolicyFault& a, const PolicyFault& b) { return a.line < b.line; });
      return std::nullopt;
    }
    return policy;
  }

 private:
  using Words = RepeatedPtrField<std::string>;

  class SyntaxFaults : public google::protobuf::io::ErrorCollector {
   public:
    explicit SyntaxFaults(PolicyReader* reader) : reader_(*reader) {}
    void AddError(int line, int /*column*/, const std::string& message) override {
      reader_.Fault(line + 1, message + NearestField(message));
    }
    void AddWarning(int line, int column, const std::string& message) override { AddError(line, column, message); }

   private:
    PolicyReader& reader_;
  };

  // `Message type "…" has no field named "…".` is all that protobuf says.
  static std::string NearestField(absl::string_view message) {
    constexpr absl::string_view kUnknown = "has no field named \"";
    const size_t begin = message.find(kUnknown);
    if (begin == absl::string_view::npos) return "";
    const absl::string_view rest = message.substr(begin + kUnknown.size());
    std::vector<absl::string_view> names;
    for (const auto* const type : {policy::v1::Policy::descriptor(), policy::v1::Rule::descriptor()}) {
      if (!absl::StrContains(message, absl::StrCat("\"", type->full_name(), "\""))) continue;
      for (int field = 0; field < type->field_count(); ++field) names.emplace_back(type->field(field)->name());
    }
    const std::string nearest = NearestName(rest.substr(0, rest.find('"')), names);
    return nearest.empty() ? "" : absl::StrCat(" Did you mean \"", nearest, "\"?");
  }

  void Fault(int line, std::string description) { faults_->push_back({file_, line, std::move(description)}); }

  void CheckRule(const policy::v1::Rule& rule, int index) {
    const auto* const rules =
        policy::v1::Policy::descriptor()->FindFieldByNumber(policy::v1::Policy::kRulesFieldNumber);
    rule_line_ = locations_.GetLocation(rules, index).line + 1;
    rule_locations_ = locations_.GetTreeForNested(rules, index);
    if (rule.callers().empty()) Fault(rule_line_, "the rule is for nobody: it has no callers");
    bool all_are_bodies = true;
    for (int place = 0; place < rule.callers_size(); ++place) {
      all_are_bodies =
          CheckCaller(rule.callers(place), LineOf(policy::v1::Rule::kCallersFieldNumber, place)) && all_are_bodies;
    }
    CheckBodies(rule.submit_for(), policy::v1::Rule::kSubmitForFieldNumber, all_are_bodies, false);
    CheckBodies(rule.read_results_of(), policy::v1::Rule::kReadResultsOfFieldNumber, all_are_bodies, true);
    CheckBodies(rule.read_totals_of(), policy::v1::Rule::kReadTotalsOfFieldNumber, all_are_bodies, true);
    CheckBodies(rule.read_coverage_of(), policy::v1::Rule::kReadCoverageOfFieldNumber, all_are_bodies, true);
    for (int place = 0; place < rule.read_totals_of_regions_size(); ++place) {
      const std::string& word = rule.read_totals_of_regions(place);
      const int line = LineOf(policy::v1::Rule::kReadTotalsOfRegionsFieldNumber, place);
      if (word == kOwn) {
        CheckOwn(word, line, all_are_bodies);
      } else if (word != kAll && !catalogue_.FindRegion(word)) {
        Fault(line, absl::StrCat(Quote(word), " is no known region", DidYouMean(catalogue_.NearestRegion(word)),
                                 " It may also be \"own\" or \"all\"."));
      }
    }
  }

  int LineOf(int field, int place) const {
    if (rule_locations_ == nullptr) return rule_line_;
    const auto location = rule_locations_->GetLocation(policy::v1::Rule::descriptor()->FindFieldByNumber(field), place);
    return location.line < 0 ? rule_line_ : location.line + 1;
  }

  // Whether it is of a role that is a body.
  bool CheckCaller(const std::string& pattern, int line) {
    const size_t slash = pattern.find('/');
    const absl::string_view role = absl::string_view(pattern).substr(0, slash);
    const auto* const known = std::find(kRoleNames.begin(), kRoleNames.end(), role);
    if (slash == std::string::npos || known == kRoleNames.end()) {
      Fault(line, absl::StrCat(Quote(pattern), " is no caller; it must be ROLE/NAME or ROLE/*, with a ROLE of ",
                               absl::StrJoin(kRoleNames, ", "), DidYouMean(NearestName(role, kRoleNames))));
      return true;  // So that it is not told twice.
    }
    const auto which = static_cast<CallerRole>(known - kRoleNames.begin());
    const absl::string_view name = absl::string_view(pattern).substr(slash + 1);
    if (name == "*") return IsBody(which);
    if (IsBody(which)) {
      if (!BodyOf(which, name, catalogue_)) {
        Fault(line, absl::StrCat(Quote(name),
                                 which == CallerRole::kUnit ? " is no known regional unit" : " is no known force",
                                 DidYouMean(NearestBody(which, name))));
      }
    } else if (name.empty() || absl::StrContains(name, "*") || absl::StrContains(name, "/")) {
      Fault(line, absl::StrCat(Quote(name), " is no name; it is one caller's, or \"*\" for all of the role"));
    }
    return IsBody(which);
  }

  std::string NearestBody(CallerRole role, absl::string_view name) const {
    std::vector<absl::string_view> names;
    for (ForceIndex force = 0; force < catalogue_.force_count(); ++force) {
      const std::string& id = catalogue_.force(force).id();
      if (BodyOf(role, id, catalogue_)) names.emplace_back(id);
    }
    return NearestName(name, names);
  }

  void CheckOwn(absl::string_view word, int line, bool all_are_bodies) {
    if (!all_are_bodies) {
      Fault(line,
            absl::StrCat("\"", word, "\" means nothing for analysts and operators: they are no bodies that report"));
    }
  }

  void CheckBodies(const Words& words, int field, bool all_are_bodies, bool may_be_region) {
    for (int place = 0; place < words.size(); ++place) {
      absl::string_view word = words[place];
      const int line = LineOf(field, place);
      const bool is_region = word == kOwnRegion || absl::StartsWith(word, kRegionPrefix);
      if (is_region && !may_be_region) {
        Fault(line, absl::StrCat(Quote(word), ": results are submitted for single forces, not for regions"));
      } else if (word == kOwn || word == kOwnRegion) {
        CheckOwn(word, line, all_are_bodies);
      } else if (word == kAll) {
        continue;
      } else if (absl::ConsumePrefix(&word, kForcePrefix)) {
        if (!catalogue_.FindForce(word)) {
          Fault(line, absl::StrCat(Quote(word), " is no known force", DidYouMean(catalogue_.NearestForce(word))));
        }
      } else if (absl::ConsumePrefix(&word, kRegionPrefix)) {
        if (!catalogue_.FindRegion(word)) {
          Fault(line, absl::StrCat(Quote(word), " is no known region", DidYouMean(catalogue_.NearestRegion(word))));
        }
      } else {
        constexpr std::array<absl::string_view, 3> kWords = {kOwn, kOwnRegion, kAll};
        Fault(line,
              absl::StrCat(Quote(word), " names no bodies; it must be own, own-region, all, force/ID or region/ID",
                           DidYouMean(NearestName(word, kWords))));
      }
    }
  }

  const std::string& file_;
  const Catalogue& catalogue_;
  std::vector<PolicyFault>* faults_;
  TextFormat::ParseInfoTree locations_;
  int rule_line_ = 0;
  TextFormat::ParseInfoTree* rule_locations_ = nullptr;
};

std::shared_ptr<const Rights> Rights::Read(const std::string& file, const std::string& text,
                                           std::shared_ptr<const Catalogue> catalogue,
                                           std::vector<PolicyFault>* faults) {
  faults->clear();
  std::optional<policy::v1::Policy> policy = PolicyReader(file, *catalogue, faults).Read(text);
  if (!policy) return nullptr;
  return std::shared_ptr<const Rights>(new Rights(*std::move(policy), std::move(catalogue)));
}

std::shared_ptr<const Rights> Rights::Default(std::shared_ptr<const Catalogue> catalogue) {
  policy::v1::Policy policy;
  // It names nobody, so it fits any catalogue; a test reads it.
  TextFormat::ParseFromString(kDefaultPolicy, &policy);
  return std::shared_ptr<const Rights>(new Rights(std::move(policy), std::move(catalogue)));
}

template <typename Resolver>
std::shared_ptr<const CallerRights> Rights::Remembered(const std::string& key, const Resolver& resolve) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const auto found = resolved_.find(key); found != resolved_.end()) return found->second;
  }
  std::shared_ptr<const CallerRights> rights = resolve();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (resolved_.size() >= kMaxRememberedCallers) resolved_.clear();
  resolved_.try_emplace(key, rights);
  return rights;
}

std::shared_ptr<const CallerRights> Rights::Of(const Caller& caller) const {
  return Remembered(KeyOf(caller), [&] { return Resolve(caller); });
}

std::shared_ptr<const CallerRights> Rights::Of(const Caller& caller, const TokenRights& token) const {
  const std::string key = absl::StrCat(KeyOf(caller), "\n", KeyOf(token.bearer), "\n", token.results,
                                       token.force_totals, token.coverage, token.region_totals, token.national_totals);
  return Remembered(key, [&] { return Narrow(*Of(caller), *Of(token.bearer), token); });
}

std::shared_ptr<const CallerRights> Rights::Narrow(const CallerRights& by, const CallerRights& bearer,
                                                   const TokenRights& token) const {
  std::shared_ptr<CallerRights> rights(new CallerRights(bearer.who_, catalogue_));
  rights->own_ = bearer.own_;
  rights->is_known_ = by.is_known_ && bearer.is_known_;
  const auto common = [&](bool in_scope, const BodySet& a, const BodySet& b) {
    return in_scope ? BodySet::Common(a, b, *catalogue_) : BodySet();
  };
  rights->results_ = common(token.results, by.results_, bearer.results_);
  rights->totals_ = common(token.force_totals, by.totals_, bearer.totals_);
  rights->coverage_ = common(token.coverage, by.coverage_, bearer.coverage_);
  rights->national_ = token.national_totals && by.national_ && bearer.national_;
  if (token.region_totals) {
    rights->all_regions_ = by.all_regions_ && bearer.all_regions_;
    const auto has = [](const CallerRights& one, size_t region) {
      return one.all_regions_ || (region < one.regions_.size() && one.regions_[region]);
    };
    for (size_t region = 0; region < static_cast<size_t>(catalogue_->region_count()); ++region) {
      if (rights->all_regions_ || !has(by, region) || !has(bearer, region)) continue;
      rights->regions_.resize(static_cast<size_t>(catalogue_->region_count()));
      rights->regions_[region] = true;
    }
  }
  return rights;
}

std::shared_ptr<const CallerRights> Rights::Resolve(const Caller& caller) const {
  std::shared_ptr<CallerRights> rights(new CallerRights(WhoIs(caller), catalogue_));
  if (caller.is_local) {
    rights->is_known_ = rights->all_regions_ = rights->national_ = true;
    rights->submit_ = rights->results_ = rights->totals_ = rights->coverage_ = BodySet::All();
    rights->manage_operations_ = rights->back_up_ = rights->verify_ = true;
    return rights;
  }
  const std::optional<ForceIndex> body = BodyOf(caller.role, caller.name, *catalogue_);
  if (body) rights->own_ = caller.name;
  for (const policy::v1::Rule& rule : policy_.rules()) {
    if (!IsFor(rule, caller)) continue;
    rights->is_known_ = true;
    rights->submit_.Add(BodiesOf(rule.submit_for(), body, *catalogue_));
    rights->results_.Add(BodiesOf(rule.read_results_of(), body, *catalogue_));
    rights->totals_.Add(BodiesOf(rule.read_totals_of(), body, *catalogue_));
    rights->coverage_.Add(BodiesOf(rule.read_coverage_of(), body, *catalogue_));
    for (const std::string& word : rule.read_totals_of_regions()) {
      rights->all_regions_ = rights->all_regions_ || word == kAll;
      std::vector<RegionIndex> regions;
      if (word == kOwn && body) regions = RegionsOf(*body, *catalogue_);
      if (const std::optional<RegionIndex> region = catalogue_->FindRegion(word)) regions.push_back(*region);
      for (const RegionIndex region : regions) {
        rights->regions_.resize(static_cast<size_t>(catalogue_->region_count()));
        rights->regions_[static_cast<size_t>(region)] = true;
      }
    }
    rights->national_ = rights->national_ || rule.read_national_totals();
    rights->manage_operations_ = rights->manage_operations_ || rule.manage_operations();
    rights->back_up_ = rights->back_up_ || rule.back_up();
    rights->verify_ = rights->verify_ || rule.verify();
  }
  rights->totals_.Add(rights->results_);
  if (rights->totals_.HasAll()) rights->all_regions_ = rights->national_ = true;  // Who sees the parts sees the whole.
  rights->coverage_.Add(rights->totals_);
  return rights;
}

}  // namespace muster
