#include "tests/fuzz/fuzzed_server.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/coverage.h"
#include "aggregator/recovery.h"
#include "aggregator/revision_rules.h"
#include "aggregator/totals.h"
#include "aggregator/verification.h"
#include "domain/check.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/errors.h"
#include "service/limits.h"
#include "spdlog/spdlog.h"

namespace muster::fuzz {
namespace {

// Of so many figures every sum fits 64 bits, which is all that the plain model has.
constexpr int64_t kMaxFiguresOfModel = 1'000;

// Whether two valid results say the same, whatever their order of figures and categories.
bool SameContent(v1::OperationResult a, v1::OperationResult b) {
  for (v1::OperationResult* const result : {&a, &b}) {
    for (v1::Figure& figure : *result->mutable_figures()) {
      if (figure.qualifier() == v1::QUALIFIER_UNSPECIFIED) figure.set_qualifier(v1::QUALIFIER_EXACT);
    }
  }
  google::protobuf::util::MessageDifferencer same;
  same.set_repeated_field_comparison(google::protobuf::util::MessageDifferencer::AS_SET);
  return same.Compare(a, b);
}

// The rules of revisions once more.
v1::Outcome ExpectedOutcome(const v1::OperationResult* stored, const v1::OperationResult& result) {
  if (stored != nullptr && result.revision() < stored->revision()) return v1::OUTCOME_STALE;
  if (stored != nullptr && result.revision() == stored->revision()) {
    return SameContent(*stored, result) ? v1::OUTCOME_DUPLICATE : v1::OUTCOME_CONFLICT;
  }
  if (result.retracted()) return v1::OUTCOME_RETRACTED;
  return stored == nullptr ? v1::OUTCOME_ACCEPTED : v1::OUTCOME_REVISED;
}

std::vector<std::string> Comparable(google::protobuf::RepeatedPtrField<v1::TotalsRow> rows) {
  std::vector<std::string> lines;
  for (v1::TotalsRow& row : rows) {
    std::sort(row.mutable_categories()->begin(), row.mutable_categories()->end());
    lines.push_back(row.SerializeAsString());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

bool SameCubes(const FrozenCubes& a, const FrozenCubes& b) {
  return a.position == b.position && a.accept_time_us == b.accept_time_us &&
         std::equal(a.cubes.begin(), a.cubes.end(), b.cubes.begin(), b.cubes.end(),
                    [](const FrozenForceCube& one, const FrozenForceCube& other) {
                      return one.operation == other.operation && one.force == other.force &&
                             one.cube->Equals(*other.cube);
                    });
}

void ExpectError(const absl::Status& status) {
  const grpc::Status told = ToGrpcStatus(status);
  MUSTER_CHECK(!told.ok() && !told.error_message().empty());
  // It travels as a header in base64, of which gRPC takes 8 KiB in all.
  MUSTER_CHECK(told.error_details().size() < 6'000);
}

}  // namespace

const std::shared_ptr<const Catalogue>& SharedCatalogue() {
  static const std::shared_ptr<const Catalogue> catalogue = [] {
    spdlog::set_level(spdlog::level::off);
    std::vector<CatalogueFile> files;
    for (const char* const name : {"breakdowns", "forces", "metrics", "operations", "regions"}) {
      const std::string path = absl::StrCat(MUSTER_SOURCE_DIR, "/catalogue/", name, ".textproto");
      std::ifstream in(path, std::ios::binary);
      files.push_back({path, {std::istreambuf_iterator<char>(in), {}}});
    }
    std::vector<CatalogueFault> faults;
    std::shared_ptr<const Catalogue> read = Catalogue::Read(files, &faults);
    MUSTER_CHECK(read != nullptr);
    return read;
  }();
  return catalogue;
}

FuzzedServer::FuzzedServer() : model_(SharedCatalogue()->proto()) {
  cubes_ = std::make_unique<Cubes>(SharedCatalogue(), [this] { return now_us_; });
  builder_ = std::make_unique<GroupBuilder>(store_, *cubes_);
  for (const v1::Operation& operation : SharedCatalogue()->proto().operations()) model_.AddOperation(operation);
}

void FuzzedServer::Take(const Step& step) {
  now_us_ += 1'000;
  switch (step.step_case()) {
    case Step::kGroup:
      return TakeGroup(step.group());
    case Step::kQuery:
      return Ask(step.query());
    case Step::kCoverage:
      return Ask(step.coverage());
    case Step::kCheckpoint:
      return WriteCheckpoint(step.checkpoint());
    case Step::kRestart:
      return Restart(!step.restart());
    case Step::STEP_NOT_SET:
      return;
  }
}

bool FuzzedServer::TakeBytes(const std::string& bytes) {
  Submitted submitted;
  if (!Check(bytes, &submitted)) return false;
  builder_->Begin(cubes_->BeginGroup());
  MUSTER_CHECK(builder_->Prefetch({&submitted.checked.valid}).ok());
  Decide(&submitted);
  if (builder_->empty()) {
    cubes_->CancelGroup();
  } else {
    MUSTER_CHECK(store_.Append(builder_->Group()).ok());
    cubes_->Apply(builder_->applied(), builder_->Group().accept_time_us);
  }
  ExpectReceipts(submitted);
  return true;
}

bool FuzzedServer::Check(const std::string& bytes, Submitted* submitted) const {
  if (bytes.size() > static_cast<size_t>(kMaxMessageBytes) || !submitted->request.ParseFromString(bytes)) {
    ExpectError(MalformedMessage());
    return false;
  }
  if (const absl::Status status = CheckResultCount(submitted->request.results_size()); !status.ok()) {
    ExpectError(status);
    return false;
  }
  static const std::shared_ptr<const CallerRights> kOperatorRights =
      Rights::Default(cubes_->shared_catalogue())
          ->Of(Caller{.role = CallerRole::kOperator, .name = "local", .certificate_serial = "", .is_local = true});
  CheckResults(submitted->request.results(), {}, *kOperatorRights, cubes_->catalogue(), *cubes_->operations(),
               &submitted->checked, submitted->response.mutable_receipts());
  MUSTER_CHECK(submitted->response.receipts_size() == submitted->request.results_size());
  return true;
}

void FuzzedServer::TakeGroup(const Group& group) {
  std::vector<Submitted> submitted(static_cast<size_t>(group.calls_size()));
  std::vector<const CheckedResults*> results;
  for (int index = 0; index < group.calls_size(); ++index) {
    const Call& call = group.calls(index);
    if (!call.has_submit()) continue;
    Submitted& one = submitted[static_cast<size_t>(index)];
    // Text may hold what is no message on the wire.
    if (!Check(call.submit().SerializeAsString(), &one)) one.request.Clear();
    results.push_back(&one.checked.valid);
  }
  const int64_t accept_time_us = cubes_->BeginGroup();
  builder_->Begin(accept_time_us);
  MUSTER_CHECK(builder_->Prefetch(results).ok());
  for (int index = 0; index < group.calls_size(); ++index) {
    const Call& call = group.calls(index);
    if (call.has_submit()) {
      Decide(&submitted[static_cast<size_t>(index)]);
    } else if (call.call_case() != Call::CALL_NOT_SET) {
      Decide(ChangeOf(call));
    }
  }
  if (builder_->empty()) {
    cubes_->CancelGroup();
  } else {
    MUSTER_CHECK(store_.Append(builder_->Group()).ok());
    cubes_->Apply(builder_->applied(), accept_time_us);
  }
  MUSTER_CHECK(cubes_->position() == store_.last_position());
  for (const Submitted& one : submitted) ExpectReceipts(one);
}

void FuzzedServer::Decide(Submitted* submitted) {
  absl::StatusOr<std::vector<Decision>> decisions =
      builder_->Decide(submitted->checked.valid, submitted->request.validate_only());
  MUSTER_CHECK(decisions.ok());
  submitted->decisions = *std::move(decisions);
  ExpectDecisions(*submitted);
  FinishReceipts(submitted->checked.places, submitted->decisions, submitted->response.mutable_receipts());
}

void FuzzedServer::ExpectDecisions(const Submitted& submitted) {
  MUSTER_CHECK(submitted.decisions.size() == submitted.checked.places.size());
  std::map<Key, Known> trial;  // Of results that are only tried.
  for (size_t index = 0; index < submitted.decisions.size(); ++index) {
    const Decision& decision = submitted.decisions[index];
    const v1::OperationResult& result = submitted.request.results(submitted.checked.places[index]);
    const Key key{result.operation(), result.force(), result.result_id()};
    const auto tried = trial.find(key);
    const auto known = known_.find(key);
    const Known* const stored =
        tried != trial.end() ? &tried->second : (known != known_.end() ? &known->second : nullptr);
    v1::Outcome expected = ExpectedOutcome(stored != nullptr ? &stored->result : nullptr, result);
    const bool closed = IsLogged(expected) && closed_.count(result.operation()) > 0 && closed_[result.operation()];
    if (closed) expected = v1::OUTCOME_REJECTED;
    MUSTER_CHECK(decision.outcome == expected);
    MUSTER_CHECK(decision.operation_closed == closed);
    if (expected == v1::OUTCOME_DUPLICATE && !submitted.request.validate_only()) {
      MUSTER_CHECK(decision.position == stored->position);
    }
    if (expected == v1::OUTCOME_CONFLICT || expected == v1::OUTCOME_STALE) {
      MUSTER_CHECK(decision.stored_revision == stored->result.revision());
    }
    if (!IsLogged(expected)) continue;
    if (submitted.request.validate_only()) {
      MUSTER_CHECK(decision.position == 0);
      trial[key] = {result, 0};
      continue;
    }
    MUSTER_CHECK(decision.position > store_.last_position());
    known_[key] = {result, decision.position};
    figures_ += result.figures_size();
    MUSTER_CHECK(model_.Submit(result) == expected || (result.retracted() && expected == v1::OUTCOME_RETRACTED));
  }
}

void FuzzedServer::ExpectReceipts(const Submitted& submitted) const {
  MUSTER_CHECK(submitted.response.ByteSizeLong() < static_cast<size_t>(kMaxMessageBytes));
  for (const v1::Receipt& receipt : submitted.response.receipts()) {
    const v1::Outcome outcome = receipt.outcome();
    MUSTER_CHECK(outcome != v1::OUTCOME_UNSPECIFIED);
    const bool refused =
        outcome == v1::OUTCOME_REJECTED || outcome == v1::OUTCOME_CONFLICT || outcome == v1::OUTCOME_STALE;
    MUSTER_CHECK(receipt.has_problem() == refused);
    for (const v1::Warning& warning : receipt.warnings()) MUSTER_CHECK(!warning.description().empty());
    if (refused || submitted.request.validate_only()) continue;
    MUSTER_CHECK(receipt.position() >= 1 && receipt.position() <= store_.last_position());
    MUSTER_CHECK(receipt.digest().size() == 32);
  }
}

OperationChange FuzzedServer::ChangeOf(const Call& call) const {
  return [this, &call](const OperationDirectory& operations) -> absl::StatusOr<std::optional<v1::Operation>> {
    if (call.has_put_operation()) {
      v1::Operation operation = call.put_operation();
      operation.clear_closed();
      operation.clear_change_position();
      if (const std::shared_ptr<const Operation> stored = operations.Find(operation.id())) {
        // What results were held against stays.
        operation.set_start_date(stored->proto.start_date());
        operation.set_end_date(stored->proto.end_date());
        operation.set_closed(stored->proto.closed());
      }
      v1::Operation read;  // As it comes over the wire.
      if (!read.ParseFromString(operation.SerializeAsString())) return MalformedMessage();
      const FieldProblems problems = CheckOperation(read, cubes_->catalogue(), "operation");
      if (!problems.empty()) return InvalidFields("INVALID_OPERATION", "The operation has invalid fields.", problems);
      return read;
    }
    const bool close = call.call_case() == Call::kCloseOperation;
    const std::shared_ptr<const Operation> stored =
        operations.Find(close ? call.close_operation() : call.reopen_operation());
    if (stored == nullptr) return absl::NotFoundError("no such operation");
    v1::Operation changed = stored->proto;
    changed.set_closed(close);
    return changed;
  };
}

void FuzzedServer::Decide(const OperationChange& change) {
  const absl::StatusOr<std::optional<v1::Operation>> changed = builder_->Decide(change);
  if (!changed.ok()) return ExpectError(changed.status());
  MUSTER_CHECK(changed->has_value() && (*changed)->change_position() > store_.last_position());
  closed_[(*changed)->id()] = (*changed)->closed();
  model_.AddOperation(**changed);
}

void FuzzedServer::Ask(const v1::TotalsQuery& query) const {
  FieldProblems problems;
  const std::optional<TotalsQuery> parsed =
      ParseTotalsQuery(query, "query", cubes_->catalogue(), *cubes_->operations(), &problems);
  MUSTER_CHECK(parsed.has_value() == problems.empty());
  if (!parsed) return ExpectError(InvalidFields("INVALID_QUERY", "The query has invalid fields.", problems));
  v1::QueryTotalsResponse answer;
  if (const absl::Status computed = ComputeTotals(*cubes_, *parsed, &answer); !computed.ok()) {
    MUSTER_CHECK(absl::IsOutOfRange(computed));
    return ExpectError(computed);
  }
  MUSTER_CHECK(answer.position() == cubes_->position());
  for (const v1::TotalsRow& row : answer.rows()) {
    MUSTER_CHECK(cubes_->catalogue().FindMetric(row.metric()).has_value());
    MUSTER_CHECK(row.total().result_count() >= 0 && row.total().force_count() >= 0);
    if (row.total().has_at_most()) MUSTER_CHECK(row.total().at_least() <= row.total().at_most());
  }
  const v1::Coverage& coverage = answer.coverage();
  MUSTER_CHECK(coverage.reported_count() <= coverage.expected_count());
  MUSTER_CHECK(coverage.final_count() <= coverage.reported_count());
}

void FuzzedServer::Ask(const v1::GetCoverageRequest& request) const {
  FieldProblems problems;
  const std::optional<Scope> scope = ParseCoverageScope(request, cubes_->catalogue(), *cubes_->operations(), &problems);
  MUSTER_CHECK(scope.has_value() == problems.empty());
  if (!scope) return ExpectError(InvalidFields("INVALID_QUERY", "The query has invalid fields.", problems));
  v1::Coverage coverage;
  cubes_->Read([&](const CubesView& view) { ComputeCoverage(view, cubes_->catalogue(), *scope, &coverage); });
  MUSTER_CHECK(coverage.reported_count() <= coverage.expected_count());
}

void FuzzedServer::WriteCheckpoint(bool replace) {
  FrozenCubes frozen = cubes_->FreezeChanged();
  if (replace || !has_checkpoint_) frozen = cubes_->FreezeAll();
  std::vector<CheckpointPart> parts;
  for (const FrozenForceCube& cube : frozen.cubes) {
    parts.push_back({cube.operation, cubes_->catalogue().force(cube.force).id(), cube.cube->ToCheckpoint()});
  }
  store::v1::CheckpointHeader header;
  header.set_position(frozen.position);
  header.set_accept_time_us(frozen.accept_time_us);
  header.set_catalogue_digest(cubes_->catalogue().digest());
  header.set_rules_version(kCubeRulesVersion);
  MUSTER_CHECK(store_.WriteCheckpoint(header, parts, replace || !has_checkpoint_).ok());
  has_checkpoint_ = true;
}

void FuzzedServer::Restart(bool use_checkpoint) {
  auto cubes = std::make_unique<Cubes>(SharedCatalogue(), [this] { return now_us_; });
  const absl::StatusOr<RecoveryReport> recovered = Recover(store_, cubes.get(), use_checkpoint);
  MUSTER_CHECK(recovered.ok() && recovered->damage.ok());
  MUSTER_CHECK(SameCubes(cubes->FreezeAll(), cubes_->FreezeAll()));
  cubes_ = std::move(cubes);
  builder_ = std::make_unique<GroupBuilder>(store_, *cubes_);
  has_checkpoint_ = false;  // What changed since the last one is no longer known.
}

void FuzzedServer::ExpectTotalsOfTheModel() {
  if (figures_ > kMaxFiguresOfModel || known_.empty()) return;
  v1::TotalsQuery query;
  for (const v1::GroupBy group_by :
       {v1::GROUP_BY_OPERATION, v1::GROUP_BY_REGION, v1::GROUP_BY_FORCE, v1::GROUP_BY_DATE, v1::GROUP_BY_CATEGORY}) {
    query.add_group_by(group_by);
  }
  for (const v1::Metric& metric : cubes_->catalogue().proto().metrics()) {
    // Of groups of overlapping parts that are equally large the model takes another one.
    if (metric.additivity() == v1::ADDITIVITY_ADDITIVE) query.add_metrics(metric.id());
  }
  FieldProblems problems;
  const std::optional<TotalsQuery> parsed =
      ParseTotalsQuery(query, "query", cubes_->catalogue(), *cubes_->operations(), &problems);
  MUSTER_CHECK(parsed.has_value());
  v1::QueryTotalsResponse answer;
  MUSTER_CHECK(ComputeTotals(*cubes_, *parsed, &answer).ok());
  google::protobuf::RepeatedPtrField<v1::TotalsRow> expected;
  for (v1::TotalsRow& row : model_.Totals(query)) *expected.Add() = std::move(row);
  MUSTER_CHECK(Comparable(answer.rows()) == Comparable(std::move(expected)));
}

void FuzzedServer::CheckLaws() {
  const absl::StatusOr<VerificationReport> report = VerifyCubes(store_, *cubes_);
  MUSTER_CHECK(report.ok());
  MUSTER_CHECK(report->position == store_.last_position());
  MUSTER_CHECK(report->mismatch_count == 0);
  ExpectTotalsOfTheModel();
  Restart(true);

  // The newest revision of everything, once more.
  Submitted again;
  for (const auto& [key, known] : known_) {
    if (again.request.results_size() < kMaxResultsPerRequest) *again.request.add_results() = known.result;
  }
  if (again.request.results().empty()) return;
  const LogPosition before = store_.last_position();
  MUSTER_CHECK(TakeBytes(again.request.SerializeAsString()));
  MUSTER_CHECK(store_.last_position() == before);
}

}  // namespace muster::fuzz
