// Somebody who reports at random.
#ifndef MUSTER_TESTS_FAULTS_REPORTER_H_
#define MUSTER_TESTS_FAULTS_REPORTER_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"

namespace muster {

// Makes valid results of operations that ship: new ones, corrections, retractions, retries of whatever was sent, and
// results with ids that other reporters use too, which then conflict. For one thread.
class Reporter {
 public:
  // Reporters of other numbers have ids of their own.
  Reporter(uint32_t seed, int number);

  // What is sent in one piece: 1 to 6 results.
  std::vector<v1::OperationResult> Next();

  // An operation that nobody made yet.
  v1::Operation NextOperation();

  // From 0 to `limit` - 1, and whether that is 0: for whoever drives this reporter.
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool OneIn(int limit) { return Below(limit) == 0; }

 private:
  v1::OperationResult Make(const std::string& result_id, int64_t revision);
  void AddFigures(v1::OperationResult* result);

  std::mt19937 random_;
  const int number_;
  std::vector<int64_t> revisions_;  // Newest of the results of its own; the index makes the id.
  std::vector<v1::OperationResult> sent_;
  int operation_count_ = 0;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_REPORTER_H_
