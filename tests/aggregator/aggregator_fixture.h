// What tests of the aggregator share: the shipped catalogue, a real store, cubes and an applier, and a clock that
// stands.
#ifndef MUSTER_TESTS_AGGREGATOR_AGGREGATOR_FIXTURE_H_
#define MUSTER_TESTS_AGGREGATOR_AGGREGATOR_FIXTURE_H_

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/applier.h"
#include "aggregator/checked_results.h"
#include "aggregator/cubes.h"
#include "aggregator/recovery.h"
#include "aggregator/totals.h"
#include "domain/catalogue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/aggregator/controlled_store.h"
#include "tests/storage/store_fixture.h"

namespace muster {

std::shared_ptr<const Catalogue> ShippedCatalogue();

// Messages from their text format, which must be right.
v1::OperationResult ResultFromText(absl::string_view text);
v1::Operation OperationFromText(absl::string_view text);
v1::TotalsQuery QueryFromText(absl::string_view text);

// The operation of most tests: 11 to 17 October 2021, no due time; it expects the territorial forces.
inline constexpr char kWeek[] = "county-lines-2021-10";

// A result of kWeek that states a number of warrants on 15 October.
v1::OperationResult Warrants(absl::string_view force, absl::string_view result_id, int64_t revision, int64_t count);
// What takes back every revision before it.
v1::OperationResult Retraction(absl::string_view force, absl::string_view result_id, int64_t revision);

// What a decision warns of, which must be something.
store::v1::LoggedResult WarnedOf(const Decision& decision);

// A row in one line: "south-east arrests child: 5 from 1/1", then what else there is to say of it: "exactly" is left
// out, results and forces are counted behind "from". Behind a bar stands the baseline.
std::string RowInWords(const v1::TotalsRow& row);
template <typename Rows>
std::vector<std::string> RowsInWords(const Rows& rows) {
  std::vector<std::string> lines;
  lines.reserve(static_cast<size_t>(rows.size()));
  for (const v1::TotalsRow& row : rows) lines.push_back(RowInWords(row));
  return lines;
}

class AggregatorTest : public StoreTest {
 protected:
  AggregatorTest();
  ~AggregatorTest() override;

  // Stops what runs, opens the store and starts again from what it holds.
  void Start();
  // The same up to the cubes, which must come to the end of the log: no applier runs.
  void StartCubes();
  // Stops the applier; the store stays open.
  void StopApplier() { applier_.reset(); }

  // What became of valid results; fails the test if one is not valid.
  Decisions Submit(const std::vector<v1::OperationResult>& results, bool validate_only = false);
  Decision SubmitOne(const v1::OperationResult& result);
  // The same, without waiting for the answer.
  using DecisionsLater = std::future<absl::StatusOr<Decisions>>;
  DecisionsLater SubmitLater(const std::vector<v1::OperationResult>& results, bool validate_only = false);
  CheckedResults Validate(const std::vector<v1::OperationResult>& results);
  // The operation as it then stands.
  absl::StatusOr<std::optional<v1::Operation>> Change(OperationChange change);
  void PutOperation(const v1::Operation& operation);

  // Fails the test where the query is wrong.
  absl::StatusOr<v1::QueryTotalsResponse> Query(const v1::TotalsQuery& query);
  std::vector<std::string> Rows(absl::string_view query_text);

  // What the log holds at a position, which must be a result.
  store::v1::LoggedResult LoggedAt(LogPosition position);
  // Writes a group behind the writer's back: none may run.
  void AppendToLog(const std::vector<store::v1::LogEntry>& entries);
  void AppendToLog(const store::v1::LogEntry& entry) { AppendToLog(std::vector<store::v1::LogEntry>{entry}); }
  void AppendToLog(const v1::OperationResult& result);

  // The law: every cube equals the fold of the log.
  void ExpectTheCubesEqualTheLog();

  // Hides the one of StoreTest, which is behind it.
  ControlledStore& store() { return *store_; }
  const Catalogue& catalogue() const { return *catalogue_; }
  Cubes& cubes() { return *cubes_; }
  Applier& applier() { return *applier_; }

  std::atomic<int64_t> now_us_{1'634'500'000'000'000};  // 17 October 2021.
  ApplierLimits limits_;
  RecoveryReport recovery_;             // Of the last start.
  std::vector<absl::Status> failures_;  // That the applier told of; read after StopApplier.
  std::vector<GroupReport> reports_;    // The same.

 private:
  std::shared_ptr<const Catalogue> catalogue_;
  std::unique_ptr<ControlledStore> store_;
  std::unique_ptr<Cubes> cubes_;
  std::unique_ptr<Applier> applier_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_AGGREGATOR_AGGREGATOR_FIXTURE_H_
