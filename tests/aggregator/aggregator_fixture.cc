#include "tests/aggregator/aggregator_fixture.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "aggregator/verification.h"
#include "google/protobuf/text_format.h"

namespace muster {
namespace {

template <typename Message>
Message FromText(absl::string_view text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &message)) << text;
  return message;
}

}  // namespace

std::shared_ptr<const Catalogue> ShippedCatalogue() {
  static const std::shared_ptr<const Catalogue> catalogue = [] {
    std::vector<CatalogueFile> files;
    for (const char* const name : {"breakdowns", "forces", "metrics", "operations", "regions"}) {
      const std::string path = absl::StrCat(MUSTER_SOURCE_DIR, "/catalogue/", name, ".textproto");
      files.push_back({path, ReadFile(path)});
    }
    std::vector<CatalogueFault> faults;
    return Catalogue::Read(files, &faults);
  }();
  return catalogue;
}

v1::OperationResult ResultFromText(absl::string_view text) { return FromText<v1::OperationResult>(text); }
v1::Operation OperationFromText(absl::string_view text) { return FromText<v1::Operation>(text); }
v1::TotalsQuery QueryFromText(absl::string_view text) { return FromText<v1::TotalsQuery>(text); }

v1::OperationResult Warrants(absl::string_view force, absl::string_view result_id, int64_t revision, int64_t count) {
  v1::OperationResult result;
  result.set_operation(kWeek);
  result.set_force(std::string(force));
  result.set_result_id(std::string(result_id));
  result.set_revision(revision);
  result.set_start_date("2021-10-15");
  result.set_end_date("2021-10-15");
  v1::Figure& figure = *result.add_figures();
  figure.set_metric("warrants-executed");
  figure.set_value(count);
  figure.set_unit(v1::UNIT_COUNT);
  return result;
}

v1::OperationResult Retraction(absl::string_view force, absl::string_view result_id, int64_t revision) {
  v1::OperationResult result = Warrants(force, result_id, revision, 0);
  result.clear_figures();
  result.set_retracted(true);
  result.set_reason("counted twice");
  return result;
}

store::v1::LoggedResult WarnedOf(const Decision& decision) {
  store::v1::LoggedResult warned;
  EXPECT_TRUE(!decision.warned.empty() && warned.ParseFromString(decision.warned));
  return warned;
}

namespace {

std::string TotalInWords(const v1::Total& total) {
  std::string line;
  switch (total.qualifier()) {
    case v1::QUALIFIER_AT_LEAST:
      absl::StrAppend(&line, "at least ");
      break;
    case v1::QUALIFIER_AT_MOST:
      absl::StrAppend(&line, "at most ");
      break;
    case v1::QUALIFIER_ESTIMATE:
      absl::StrAppend(&line, "about ");
      break;
    default:
      break;
  }
  absl::StrAppend(&line, total.has_sum() ? absl::StrCat(total.sum()) : "no sum", " from ", total.result_count(), "/",
                  total.force_count());
  if (total.at_least() != total.sum()) absl::StrAppend(&line, ", certain ", total.at_least());
  if (total.has_at_most() && total.at_most() != total.sum()) absl::StrAppend(&line, ", at most ", total.at_most());
  if (total.uncounted_count() != 0) absl::StrAppend(&line, ", uncounted ", total.uncounted_count());
  if (total.not_broken_down() != 0) absl::StrAppend(&line, ", not broken down ", total.not_broken_down());
  return line;
}

}  // namespace

std::string RowInWords(const v1::TotalsRow& row) {
  std::vector<std::string> words;
  for (const std::string* const word : {&row.operation(), &row.region(), &row.force(), &row.date(), &row.metric()}) {
    if (!word->empty()) words.push_back(*word);
  }
  words.insert(words.end(), row.categories().begin(), row.categories().end());
  std::string line = absl::StrCat(absl::StrJoin(words, " "), ": ");
  absl::StrAppend(&line, row.has_total() ? TotalInWords(row.total()) : "nothing");
  if (row.has_baseline()) absl::StrAppend(&line, " | ", TotalInWords(row.baseline()));
  return line;
}

AggregatorTest::AggregatorTest() : catalogue_(ShippedCatalogue()) { Start(); }

AggregatorTest::~AggregatorTest() {
  store().Release();
  applier_.reset();
}

void AggregatorTest::StartCubes() {
  applier_.reset();
  cubes_.reset();
  store_.reset();
  ASSERT_NE(catalogue_, nullptr);
  Open();
  store_ = std::make_unique<ControlledStore>(StoreTest::store());
  cubes_ = std::make_unique<Cubes>(catalogue_, [this] { return now_us_.load(); });
  const absl::StatusOr<RecoveryReport> report = Recover(store(), cubes_.get());
  ASSERT_THAT(report, IsOk());
  recovery_ = *report;
}

void AggregatorTest::Start() {
  ASSERT_NO_FATAL_FAILURE(StartCubes());
  applier_ = std::make_unique<Applier>(
      store(), *cubes_, limits_, [this](const absl::Status& status) { failures_.push_back(status); },
      [this](const GroupReport& report) { reports_.push_back(report); });
}

CheckedResults AggregatorTest::Validate(const std::vector<v1::OperationResult>& results) {
  CheckedResults checked;
  for (const v1::OperationResult& result : results) {
    for (const FieldProblem& problem : checked.Add(result, catalogue(), *cubes_->operations())) {
      ADD_FAILURE() << problem.field << ": " << problem.description;
    }
  }
  return checked;
}

AggregatorTest::DecisionsLater AggregatorTest::SubmitLater(const std::vector<v1::OperationResult>& results,
                                                           bool validate_only) {
  std::promise<absl::StatusOr<Decisions>> done;
  DecisionsLater later = done.get_future();
  EXPECT_THAT(applier_->Submit(Validate(results), validate_only,
                               [done = std::move(done)](absl::StatusOr<Decisions> decisions) mutable {
                                 done.set_value(std::move(decisions));
                               }),
              IsOk());
  return later;
}

Decisions AggregatorTest::Submit(const std::vector<v1::OperationResult>& results, bool validate_only) {
  absl::StatusOr<Decisions> decisions = SubmitLater(results, validate_only).get();
  EXPECT_THAT(decisions, IsOk());
  return decisions.ok() ? *std::move(decisions) : Decisions();
}

Decision AggregatorTest::SubmitOne(const v1::OperationResult& result) {
  Decisions decisions = Submit({result});
  return decisions.decisions.empty() ? Decision() : std::move(decisions.decisions.front());
}

absl::StatusOr<std::optional<v1::Operation>> AggregatorTest::Change(OperationChange change) {
  std::promise<absl::StatusOr<std::optional<v1::Operation>>> done;
  EXPECT_THAT(applier_->ChangeOperation(std::move(change),
                                        [&done](absl::StatusOr<std::optional<v1::Operation>> changed) {
                                          done.set_value(std::move(changed));
                                        }),
              IsOk());
  return done.get_future().get();
}

void AggregatorTest::PutOperation(const v1::Operation& operation) {
  ASSERT_THAT(Change([operation](const OperationDirectory&) { return std::optional(operation); }), IsOk());
}

absl::StatusOr<v1::QueryTotalsResponse> AggregatorTest::Query(const v1::TotalsQuery& query) {
  FieldProblems problems;
  const std::optional<TotalsQuery> parsed =
      ParseTotalsQuery(query, "query", catalogue(), *cubes_->operations(), &problems);
  for (const FieldProblem& problem : problems) ADD_FAILURE() << problem.field << ": " << problem.description;
  if (!parsed) return absl::InvalidArgumentError("the query is wrong");
  v1::QueryTotalsResponse answer;
  if (absl::Status computed = ComputeTotals(*cubes_, *parsed, &answer); !computed.ok()) return computed;
  return answer;
}

std::vector<std::string> AggregatorTest::Rows(absl::string_view query_text) {
  const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(QueryFromText(query_text));
  EXPECT_THAT(answer, IsOk());
  return answer.ok() ? RowsInWords(answer->rows()) : std::vector<std::string>();
}

store::v1::LoggedResult AggregatorTest::LoggedAt(LogPosition position) {
  const absl::StatusOr<std::vector<LoggedEntry>> entries = store().ReadEntries({position});
  EXPECT_THAT(entries, IsOk());
  if (!entries.ok()) return {};
  EXPECT_TRUE(entries->front().entry.has_result());
  return entries->front().entry.result();
}

void AggregatorTest::AppendToLog(const std::vector<store::v1::LogEntry>& entries) {
  const EncodedEntries encoded(entries);
  ASSERT_THAT(store().Append(GroupOf(store().last_position() + 1, now_us_, encoded)), IsOk());
}

void AggregatorTest::AppendToLog(const v1::OperationResult& result) {
  store::v1::LogEntry entry;
  *entry.mutable_result()->mutable_result() = result;
  AppendToLog(entry);
}

void AggregatorTest::ExpectTheCubesEqualTheLog() {
  const absl::StatusOr<VerificationReport> report = VerifyCubes(store(), cubes());
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->position, store().last_position());
  EXPECT_EQ(report->mismatch_count, 0);
  for (const VerificationReport::Mismatch& one : report->mismatches) {
    ADD_FAILURE() << one.operation << " " << one.force << ": " << one.description;
  }
}

}  // namespace muster
