// TotalsService: totals and coverage.
#ifndef MUSTER_SERVICE_TOTALS_SERVICE_H_
#define MUSTER_SERVICE_TOTALS_SERVICE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "aggregator/totals.h"
#include "grpcpp/support/message_allocator.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster {

// Answers of which pages are still to be asked for, so that all pages are of one position. Forgets the oldest when
// there are too many. Thread-safe.
class PagedAnswers {
 public:
  PagedAnswers();

  // Keeps an answer; returns its number.
  uint64_t Keep(std::shared_ptr<const v1::QueryTotalsResponse> answer, std::string query);
  // ABORTED if it was forgotten; INVALID_ARGUMENT if it is the answer to another query.
  absl::StatusOr<std::shared_ptr<const v1::QueryTotalsResponse>> Find(uint64_t number, const std::string& query);

 private:
  struct Kept {
    uint64_t number;
    std::string query;
    std::shared_ptr<const v1::QueryTotalsResponse> answer;
  };

  std::mutex mutex_;
  std::list<Kept> kept_;  // Newest first.
  size_t rows_ = 0;
  uint64_t next_number_;
};

// Where gRPC gets the messages of a call of QueryTotals from. Thread-safe.
class TotalsMessages final : public grpc::MessageAllocator<v1::QueryTotalsRequest, v1::QueryTotalsResponse> {
 public:
  grpc::MessageHolder<v1::QueryTotalsRequest, v1::QueryTotalsResponse>* AllocateMessages() override;
};

class TotalsService final : public v1::TotalsService::CallbackService {
 public:
  // Not owned; must outlive this object.
  explicit TotalsService(const Cubes& cubes) : cubes_(cubes) { SetMessageAllocatorFor_QueryTotals(&messages_); }

  grpc::ServerUnaryReactor* QueryTotals(grpc::CallbackServerContext* context, const v1::QueryTotalsRequest* request,
                                        v1::QueryTotalsResponse* response) override;
  grpc::ServerUnaryReactor* GetCoverage(grpc::CallbackServerContext* context, const v1::GetCoverageRequest* request,
                                        v1::GetCoverageResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchTotalsResponse>* WatchTotals(grpc::CallbackServerContext* context,
                                                                 const v1::WatchTotalsRequest* request) override;
  grpc::ServerUnaryReactor* ExplainTotal(grpc::CallbackServerContext* context, const v1::ExplainTotalRequest* request,
                                         v1::ExplainTotalResponse* response) override;

 private:
  absl::Status Query(const v1::QueryTotalsRequest& request, v1::QueryTotalsResponse* response);
  absl::Status Answer(const v1::TotalsQuery& query, v1::QueryTotalsResponse* answer) const;
  absl::Status Coverage(const v1::GetCoverageRequest& request, v1::GetCoverageResponse* response) const;

  const Cubes& cubes_;
  TotalsMessages messages_;
  PagedAnswers paged_answers_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_TOTALS_SERVICE_H_
