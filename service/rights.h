// Who may do what: decisions only, made from a caller, a call and what it is about. Nothing here looks at a connection,
// at what is stored, or at a clock.
#ifndef MUSTER_SERVICE_RIGHTS_H_
#define MUSTER_SERVICE_RIGHTS_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/totals_query.h"
#include "domain/body_set.h"
#include "domain/catalogue.h"
#include "domain/operation.h"
#include "muster/policy/v1/policy.pb.h"
#include "muster/v1/totals_service.pb.h"
#include "service/caller.h"

namespace muster {

// Every call of every service of ours.
enum class Call {
  kSubmitResults,
  kStreamResults,
  kGetResult,
  kListResults,
  kListRevisions,
  kQueryTotals,
  kWatchTotals,
  kGetCoverage,
  kExplainTotal,
  kDiffTotals,
  kGetCatalogue,
  kListOperations,
  kGetOperation,
  kCreateOperation,
  kUpdateOperation,
  kCloseOperation,
  kReopenOperation,
  kGetServerInfo,
  kVerifyTotals,
  kBackup,
};

// "IngestService.SubmitResults".
absl::string_view NameOf(Call call);
// The call of that name; nullopt if there is none.
std::optional<Call> CallNamed(absl::string_view name);

// What may be shown to a caller who asks for totals or coverage, whatever it asks for.
struct Sight {
  BodySet shown = BodySet::All();  // Who may be named.
  bool only_shown = false;         // Nobody else counts either.
  std::vector<bool> regions;       // By region: of which totals may be shown; empty: of all, and of bodies in none.
  bool names_others = false;       // The answer may hold figures of single bodies other than the caller's own.

  // Makes a question one about what may be shown.
  void Limit(Scope* scope) const;

  // The same for equal sights of one catalogue, and for no others: two callers with the same key are shown the same.
  std::string Key() const;

  friend bool operator==(const Sight&, const Sight&) = default;
};

// What one caller may do. Every refusal is PERMISSION_DENIED with a reason, and depends on the caller, the policy and
// the catalogue alone, never on what is stored: a caller cannot tell what is not there from what is not its own.
// Immutable.
class CallerRights {
 public:
  // "force/kent".
  const std::string& who() const { return who_; }
  // Of this object; no other in this process ever has it. So what was made for one number is for these rights only.
  uint64_t number() const { return number_; }

  // CALL_NOT_YOURS unless there is anything about which the caller may make this call.
  absl::Status MayCall(Call call) const;

  // Whether results of this force may be submitted. `force` need not be known.
  bool MaySubmitFor(absl::string_view force) const;
  // What to tell somebody who submits for another force.
  std::string WhomItSubmitsFor() const;

  // FORCE_NOT_YOURS unless single results of that force in that operation may be read. Neither need be known; without
  // an operation, whether they may be read in any.
  absl::Status MayReadResults(absl::string_view force, const Operation* operation) const;

  // What of totals may be shown to a caller that asks this.
  //
  // FORCE_NOT_YOURS            it names, or groups by, forces of which no totals may be read
  // REGION_NOT_YOURS           the same with regions
  // REGIONS_AS_OF_NOT_YOURS    totals of a region with another day's membership would tell those of single forces
  // NATIONAL_TOTALS_NOT_YOURS  it asks for the country
  absl::StatusOr<Sight> MayQuery(const v1::TotalsQuery& query) const;
  // The same for the results behind a total: FORCE_NOT_YOURS, or CALL_NOT_YOURS.
  absl::StatusOr<Sight> MayExplain(const v1::TotalsQuery& query) const;
  // The same for coverage: CALL_NOT_YOURS, or FORCE_NOT_YOURS.
  absl::StatusOr<Sight> MayCover(const v1::GetCoverageRequest& request) const;

  // Whether `force` is another body than the caller's own.
  bool IsAnother(absl::string_view force) const { return own_.empty() || force != own_; }

 private:
  friend class Rights;
  CallerRights(std::string who, std::shared_ptr<const Catalogue> catalogue);

  // FORCE_NOT_YOURS unless `bodies` holds every named force in some operation.
  template <typename Forces>
  absl::Status CheckForces(const Forces& forces, const BodySet& bodies) const;
  absl::Status Refused(absl::string_view reason, absl::string_view what) const;
  // Whether an answer about these forces, or where there are none about all of `bodies`, is of others too.
  bool NamesOthers(const google::protobuf::RepeatedPtrField<std::string>& forces, const BodySet& bodies) const;

  std::string who_;
  uint64_t number_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::string own_;  // Id of the caller's own body; empty if it is none.

  bool is_known_ = false;  // Some rule is for it.
  BodySet submit_, results_, totals_, coverage_;
  bool all_regions_ = false;
  std::vector<bool> regions_;  // By region.
  bool national_ = false;
  bool manage_operations_ = false;
  bool back_up_ = false;
  bool verify_ = false;
};

// What a bearer token says.
struct TokenRights {
  std::string id;
  Caller bearer;  // Whose rights it has.
  // Of what the bearer may read, what is left.
  bool results = false, force_totals = false, coverage = false, region_totals = false, national_totals = false;
};

// "analyst/ann" as a caller; nullopt if it is none, or a body that the catalogue does not have, or an operator: these
// bear no tokens.
std::optional<Caller> BearerOf(absl::string_view text, const Catalogue& catalogue);

// Something wrong in a policy file.
struct PolicyFault {
  std::string file;
  int line = 0;  // From 1; 0 where the fault is of the file as a whole.
  std::string description;

  std::string ToString() const;  // "policy.textproto:12: ..."
};

// What applies without a policy file, as a text to begin one's own with.
extern const char kDefaultPolicy[];

// One policy. Immutable but for what it remembers, and thread-safe.
class Rights {
 public:
  // Reads and checks the text of a policy file. On any fault returns nullptr and every fault, by line.
  static std::shared_ptr<const Rights> Read(const std::string& file, const std::string& text,
                                            std::shared_ptr<const Catalogue> catalogue,
                                            std::vector<PolicyFault>* faults);
  static std::shared_ptr<const Rights> Default(std::shared_ptr<const Catalogue> catalogue);

  // The local operator may do everything, whatever the policy says.
  std::shared_ptr<const CallerRights> Of(const Caller& caller) const;
  // With a token: what its bearer may read and the token is for, as far as `caller`, whose connection it comes by, may
  // read it too. So a token narrows and never widens.
  std::shared_ptr<const CallerRights> Of(const Caller& caller, const TokenRights& token) const;

 private:
  friend class PolicyReader;
  Rights(policy::v1::Policy policy, std::shared_ptr<const Catalogue> catalogue)
      : policy_(std::move(policy)), catalogue_(std::move(catalogue)) {}
  std::shared_ptr<const CallerRights> Resolve(const Caller& caller) const;
  std::shared_ptr<const CallerRights> Narrow(const CallerRights& by, const CallerRights& bearer,
                                             const TokenRights& token) const;
  // What is remembered under a key, or what `resolve` makes.
  template <typename Resolver>
  std::shared_ptr<const CallerRights> Remembered(const std::string& key, const Resolver& resolve) const;

  const policy::v1::Policy policy_;  // Without a fault.
  const std::shared_ptr<const Catalogue> catalogue_;

  mutable std::mutex mutex_;
  mutable absl::flat_hash_map<std::string, std::shared_ptr<const CallerRights>> resolved_;  // Guarded by mutex_.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_RIGHTS_H_
