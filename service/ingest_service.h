// IngestService: takes results, and reads them back.
#ifndef MUSTER_SERVICE_INGEST_SERVICE_H_
#define MUSTER_SERVICE_INGEST_SERVICE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/applier.h"
#include "aggregator/cubes.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "service/caller.h"
#include "service/disk_reader.h"
#include "service/gate.h"
#include "service/limits.h"
#include "service/message_workers.h"
#include "service/metrics.h"
#include "service/rate_limiter.h"
#include "service/receipts.h"
#include "service/revisions.h"
#include "service/unread_request.h"
#include "service/waiting_room.h"
#include "service/wake_ups.h"
#include "storage/store.h"

namespace muster {

// Both come as bytes: gRPC would take a message of a stream that it cannot read for the end of the stream, and the call
// would end well although nobody answered it. A single request is received once there is room for it.
using IngestServiceBase = WithUnreadMethod_SubmitResults<v1::IngestService::WithRawCallbackMethod_StreamResults<
    v1::IngestService::WithCallbackMethod_GetResult<v1::IngestService::WithCallbackMethod_ListResults<
        v1::IngestService::WithCallbackMethod_ListRevisions<v1::IngestService::Service>>>>>;

class IngestService final : public IngestServiceBase {
 public:
  // Not owned; must outlive this object.
  IngestService(const Gate& gate, RateLimiter& rates, const Store& store, const Cubes& cubes, Applier& applier,
                DiskReader& disk_reader, Metrics& metrics);
  ~IngestService() override;

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SubmitUnreadResults(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamResults(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetResult(grpc::CallbackServerContext* context, const v1::GetResultRequest* request,
                                      v1::GetResultResponse* response) override;
  grpc::ServerUnaryReactor* ListResults(grpc::CallbackServerContext* context, const v1::ListResultsRequest* request,
                                        v1::ListResultsResponse* response) override;
  grpc::ServerUnaryReactor* ListRevisions(grpc::CallbackServerContext* context, const v1::ListRevisionsRequest* request,
                                          v1::ListRevisionsResponse* response) override;

  // Lets in calls that wait for room in the applier. To be called when there may be more.
  void LookForRoom() { waiting_room_.Look(); }
  size_t waiting_calls() const { return waiting_room_.count(); }

  // For a stop: ends every stream with UNAVAILABLE once it has answered what it took, and takes no more of them, as a
  // client may keep a stream open for as long as it likes; and refuses calls that wait for room.
  void EndStreams();

 private:
  class ResultStream;
  class SubmitCall;

  // What one call of SubmitResults is answered with, and made from.
  struct Submission {
    Admission admission;
    std::string object;  // For the audit.
    v1::SubmitResultsRequest request;
    CheckedRequest checked;
    v1::SubmitResultsResponse response;
  };
  // An empty one; the memory of an earlier one is used again.
  std::unique_ptr<Submission> TakeSubmission();
  void PutBack(std::unique_ptr<Submission> submission);
  // The answer to what was decided, counted and audited. `taken` is what a call or a message of a stream was taken as:
  // its admission, the audit's object and the checked request.
  template <typename Taken, typename Response>
  grpc::ByteBuffer FinishAnswer(Taken& taken, bool validate_only, Decisions decisions, Response& response);

  // What of a list is asked for.
  struct ListedPage {
    std::string scope;  // Of its tokens.
    LogPosition after = 0;
    int size = 0;
  };

  // Finishes the call with what `read` returns, which runs on a thread that may wait for the disk; the call's messages
  // are there until then.
  grpc::ServerUnaryReactor* FinishWithRead(grpc::CallbackServerContext* context, grpc::ServerUnaryReactor* reactor,
                                           absl::AnyInvocable<absl::Status()> read);
  absl::Status MayRead(const Admission& admission, const std::string& force, const std::string& operation) const;
  absl::Status ReadOne(const v1::GetResultRequest& request, v1::GetResultResponse* response) const;
  absl::StatusOr<ListedPage> CheckList(const v1::ListResultsRequest& request) const;
  absl::Status ReadPage(const v1::ListResultsRequest& request, const ListedPage& page,
                        v1::ListResultsResponse* response) const;
  absl::StatusOr<RevisionsPage> CheckRevisions(const v1::ListRevisionsRequest& request) const;

  const Gate& gate_;
  RateLimiter& rates_;
  const Store& store_;
  const Cubes& cubes_;
  Applier& applier_;
  DiskReader& disk_reader_;
  Metrics& metrics_;

  std::mutex spare_mutex_;
  std::vector<std::unique_ptr<Submission>> spare_submissions_;  // Guarded by spare_mutex_.

  std::mutex streams_mutex_;
  std::map<const ResultStream*, std::weak_ptr<ResultStream>> streams_;  // Guarded by streams_mutex_: those under way.
  bool streams_ended_ = false;                                          // Guarded by streams_mutex_.

  WaitingRoom waiting_room_;  // Of calls that are not received yet.
  WakeUps wake_ups_;          // Of streams that are over the rate of their caller.

  MessageWorkers workers_{kMessageWorkers};  // Last: what it still does may need the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_INGEST_SERVICE_H_
