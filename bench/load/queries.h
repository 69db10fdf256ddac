// The questions that the benchmarks ask, and one caller of them.
#ifndef MUSTER_BENCH_LOAD_QUERIES_H_
#define MUSTER_BENCH_LOAD_QUERIES_H_

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "muster/v1/totals_service.grpc.pb.h"

namespace muster::bench {

// The country, a row a metric, of the operation that is asked about.
v1::QueryTotalsRequest NationalByMetric();
// Its region, a row for each force, metric and day, of that operation.
v1::QueryTotalsRequest RegionByForceMetricAndDay();

// Asks one question after the other over one connection. For one thread.
class Questioner {
 public:
  // Asks once. Throws if a call fails or its answer has no rows, or more than one page; so does Ask().
  Questioner(const std::string& address, v1::QueryTotalsRequest request);

  // The same question for so long; returns how long each answer took, in milliseconds.
  std::vector<double> Ask(double seconds);
  // The same, but the server has no answer to the question from before: each differs in the size of its pages from
  // thousands before it, which changes nothing of its answer.
  std::vector<double> AskAnew(double seconds);
  // The same, each as of a position at random, from `first` to the newest of the answers before.
  std::vector<double> AskOfThePast(double seconds, int64_t first, std::mt19937_64& random);
  // The newest answer.
  const v1::QueryTotalsResponse& answer() const { return answer_; }

 private:
  void AskOnce();

  std::unique_ptr<v1::TotalsService::Stub> stub_;
  v1::QueryTotalsRequest request_;
  int asked_anew_ = 0;
  v1::QueryTotalsResponse answer_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_QUERIES_H_
