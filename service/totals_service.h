// TotalsService: totals and coverage.
#ifndef MUSTER_SERVICE_TOTALS_SERVICE_H_
#define MUSTER_SERVICE_TOTALS_SERVICE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "aggregator/rewinder.h"
#include "aggregator/totals.h"
#include "grpcpp/support/byte_buffer.h"
#include "muster/v1/totals_service.grpc.pb.h"
#include "service/answer_cache.h"
#include "service/differences.h"
#include "service/disk_reader.h"
#include "service/explanations.h"
#include "service/gate.h"
#include "service/past_totals.h"
#include "service/watchers.h"
#include "storage/store.h"

namespace muster {

// Answers of which pages are still to be asked for, so that all pages are of one position. Forgets the oldest when
// there are too many. Thread-safe.
class PagedAnswers {
 public:
  PagedAnswers();

  // Keeps an answer for `reader`; returns its number.
  uint64_t Keep(std::shared_ptr<const v1::QueryTotalsResponse> answer, std::string reader, std::string query);
  // ABORTED if it was forgotten, or is another reader's; INVALID_ARGUMENT if it is the answer to another query.
  absl::StatusOr<std::shared_ptr<const v1::QueryTotalsResponse>> Find(uint64_t number, const std::string& reader,
                                                                      const std::string& query);

 private:
  struct Kept {
    uint64_t number;
    std::string reader;
    std::string query;
    std::shared_ptr<const v1::QueryTotalsResponse> answer;
  };

  std::mutex mutex_;
  std::list<Kept> kept_;  // Newest first.
  size_t rows_ = 0;
  uint64_t next_number_;
};

// Totals come and go as bytes, so that an answer that is still right need not be made again.
using TotalsServiceBase =
    v1::TotalsService::WithRawCallbackMethod_QueryTotals<v1::TotalsService::WithRawCallbackMethod_WatchTotals<
        v1::TotalsService::WithCallbackMethod_GetCoverage<v1::TotalsService::WithCallbackMethod_ExplainTotal<
            v1::TotalsService::WithCallbackMethod_DiffTotals<v1::TotalsService::Service>>>>>;

class TotalsService final : public TotalsServiceBase {
 public:
  // Not owned; must outlive this object.
  // `disk_reader` reads what is asked for of the log, `rewinds` does what is asked about earlier moments.
  TotalsService(const Gate& gate, const Store& store, const Cubes& cubes, Rewinder& rewinder, Watchers& watchers,
                DiskReader& disk_reader, DiskReader& rewinds);

  grpc::ServerUnaryReactor* QueryTotals(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetCoverage(grpc::CallbackServerContext* context, const v1::GetCoverageRequest* request,
                                        v1::GetCoverageResponse* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchTotals(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* ExplainTotal(grpc::CallbackServerContext* context, const v1::ExplainTotalRequest* request,
                                         v1::ExplainTotalResponse* response) override;
  grpc::ServerUnaryReactor* DiffTotals(grpc::CallbackServerContext* context, const v1::DiffTotalsRequest* request,
                                       v1::DiffTotalsResponse* response) override;

 private:
  // What a caller may be shown of a question, and what the audit says of it; empty: nothing.
  struct Shown {
    Sight sight;
    std::string reader;  // Whose pages they are.
    std::string audit_object;
  };
  // `sight` is what the rights say to the question. A refusal, and that others' figures are read, is in the audit then.
  template <typename Question>
  absl::StatusOr<Shown> Admitted(const Admission& admission, const Question& question,
                                 absl::StatusOr<Sight> sight) const;
  // What is still to be done for a question about an earlier moment.
  struct PastWork {
    PastQuestion question;
    std::string key;  // In the cache.
    std::string audit_object;
  };
  // The answer; or, if it is about an earlier moment and not at hand, `past` is set to what is to be done for it.
  absl::StatusOr<grpc::ByteBuffer> Query(const Admission& admission, grpc::ByteBuffer request,
                                         std::optional<PastWork>* past);
  // Finishes the call once the answer is made, on another thread.
  void AnswerPast(grpc::CallbackServerContext* context, grpc::ServerUnaryReactor* reactor, PastWork work,
                  grpc::ByteBuffer* response);
  // The first page; its rows are in the response or, where nobody had to look at them, in `rows`. `basis` is what it
  // rests on.
  absl::Status AnswerFirstPage(const v1::QueryTotalsRequest& request, const Shown& shown, int size,
                               v1::QueryTotalsResponse* response, TotalsRows* rows, AnswerBasis* basis);
  // The page that begins where `key`, which was in a token, says.
  absl::Status AnswerNextPage(const v1::QueryTotalsRequest& request, const Shown& shown, int size,
                              const std::string& key, v1::QueryTotalsResponse* response);
  // What of a question may be watched, and by whom it may be shared.
  absl::StatusOr<WatchedQuestion> CheckWatch(const Admission& admission, const v1::WatchTotalsRequest& request) const;
  // What is to be read to explain a row.
  struct Explanation {
    ExplainedRow row;
    ExplanationPage page;
    AskedMoment moment;  // Of which the page is, unless that is now: to be found in the log.
  };
  absl::StatusOr<Explanation> CheckExplanation(const Admission& admission,
                                               const v1::ExplainTotalRequest& request) const;
  absl::StatusOr<DifferenceQuestion> CheckDifference(const Admission& admission,
                                                     const v1::DiffTotalsRequest& request) const;
  absl::Status Coverage(const Admission& admission, const v1::GetCoverageRequest& request,
                        v1::GetCoverageResponse* response) const;

  const Gate& gate_;
  const Store& store_;
  const Cubes& cubes_;
  const PastTotals past_;
  Watchers& watchers_;
  DiskReader& disk_reader_;
  DiskReader& rewinds_;
  const Differences differences_;
  PagedAnswers paged_answers_;
  AnswerCache cache_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_TOTALS_SERVICE_H_
