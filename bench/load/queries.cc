#include "bench/load/queries.h"

#include <stdexcept>
#include <utility>

#include "bench/load/asked.h"
#include "bench/load/connection.h"
#include "bench/stopwatch.h"
#include "grpcpp/grpcpp.h"

namespace muster::bench {
namespace {

constexpr int kRowsPerPage = 10'000;  // More than any answer has here.
constexpr int kPageSizes = 8'000;     // All of which, down from that, are so too.

}  // namespace

v1::QueryTotalsRequest NationalByMetric() {
  v1::QueryTotalsRequest request;
  request.mutable_query()->add_operations(kAskedOperation);
  request.set_page_size(kRowsPerPage);
  return request;
}

v1::QueryTotalsRequest RegionByForceMetricAndDay() {
  v1::QueryTotalsRequest request = NationalByMetric();
  request.mutable_query()->add_regions(kAskedRegion);
  request.mutable_query()->add_group_by(v1::GROUP_BY_FORCE);
  request.mutable_query()->add_group_by(v1::GROUP_BY_DATE);
  return request;
}

Questioner::Questioner(const std::string& address, v1::QueryTotalsRequest request)
    : stub_(v1::TotalsService::NewStub(OwnConnection(address))), request_(std::move(request)) {
  AskOnce();
}

void Questioner::AskOnce() {
  grpc::ClientContext context;
  const grpc::Status status = stub_->QueryTotals(&context, request_, &answer_);
  if (!status.ok()) throw std::runtime_error("QueryTotals: " + status.error_message());
  if (answer_.rows().empty() || !answer_.next_page_token().empty()) {
    throw std::runtime_error("an answer is empty or has several pages");
  }
}

std::vector<double> Questioner::Ask(double seconds) {
  std::vector<double> latencies_ms;
  const Stopwatch all;
  while (all.Seconds() < seconds) {
    const Stopwatch one;
    AskOnce();
    latencies_ms.push_back(one.Seconds() * 1e3);
  }
  return latencies_ms;
}

std::vector<double> Questioner::AskAnew(double seconds) {
  std::vector<double> latencies_ms;
  const Stopwatch all;
  while (all.Seconds() < seconds) {
    request_.set_page_size(kRowsPerPage - 1 - asked_anew_++ % kPageSizes);
    const Stopwatch one;
    AskOnce();
    latencies_ms.push_back(one.Seconds() * 1e3);
  }
  request_.set_page_size(kRowsPerPage);
  return latencies_ms;
}

std::vector<double> Questioner::AskOfThePast(double seconds, int64_t first, std::mt19937_64& random) {
  std::uniform_int_distribution<int64_t> position(first, answer_.position());
  std::vector<double> latencies_ms;
  const Stopwatch all;
  while (all.Seconds() < seconds) {
    request_.mutable_query()->set_as_of_position(position(random));
    const Stopwatch one;
    AskOnce();
    latencies_ms.push_back(one.Seconds() * 1e3);
  }
  request_.mutable_query()->clear_as_of_position();
  AskOnce();
  return latencies_ms;
}

}  // namespace muster::bench
