#include "bench/load/query_schedule.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/load/connection.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kConnections = 4;

// One query.
struct Call {
  grpc::ClientContext context;
  v1::QueryTotalsResponse answer;
};

}  // namespace

std::vector<double> AskOnSchedule(const std::string& address, const v1::QueryTotalsRequest& request,
                                  double queries_per_second, double seconds) {
  std::vector<std::unique_ptr<v1::TotalsService::Stub>> stubs;
  for (size_t index = 0; index < kConnections; ++index) {
    const auto channel = OwnConnection(address);
    channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
    stubs.push_back(v1::TotalsService::NewStub(channel));
  }
  const auto count = static_cast<size_t>(queries_per_second * seconds);
  const auto interval =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / queries_per_second));
  std::vector<std::unique_ptr<Call>> calls(count);
  std::vector<double> latencies_ms(count);  // Each is written once, by the thread that its call ends on.
  std::atomic<size_t> failed{0};
  std::atomic<size_t> running{count};
  const Clock::time_point start = Clock::now();
  for (size_t index = 0; index < count; ++index) {
    const Clock::time_point due = start + index * interval;
    std::this_thread::sleep_until(due);
    calls[index] = std::make_unique<Call>();
    Call* const call = calls[index].get();
    stubs[index % kConnections]->async()->QueryTotals(
        &call->context, &request, &call->answer, [&, call, index, due](const grpc::Status& status) {
          latencies_ms[index] = std::chrono::duration<double, std::milli>(Clock::now() - due).count();
          if (!status.ok() || call->answer.rows().empty()) ++failed;
          call->answer.Clear();
          if (running.fetch_sub(1) == 1) running.notify_all();
        });
  }
  for (size_t left = running.load(); left > 0; left = running.load()) running.wait(left);
  if (failed > 0) throw std::runtime_error(std::to_string(failed) + " queries failed or had empty answers");
  return latencies_ms;
}

}  // namespace muster::bench
