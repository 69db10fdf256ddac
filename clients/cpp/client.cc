#include "clients/cpp/client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/error_details.h"
#include "clients/cpp/grpc_status.h"
#include "clients/cpp/receipt_paths.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"
#include "muster/v1/catalogue_service.grpc.pb.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "muster/v1/store_service.grpc.pb.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster {
namespace {

// The most of what pages helpers ask for in one page.
constexpr int kMaxTotalsPage = 10'000;
constexpr int kMaxListPage = 1'000;

absl::Status CheckDeadline(absl::Time deadline, absl::Time now) {
  if (deadline == absl::InfiniteFuture()) {
    return absl::InvalidArgumentError("A call needs a deadline; an infinite one is none.");
  }
  // gRPC would send it all the same, and a server that is quick enough would take it.
  if (deadline <= now) return absl::DeadlineExceededError("The deadline had passed before the call began.");
  return absl::OkStatus();
}

// How many messages may be on their way. The writer enters before each, the reader leaves after each answer.
class MessageWindow {
 public:
  explicit MessageWindow(int size) : free_(size) {}

  // Waits for room. False if there will be none: the stream is over.
  bool Enter() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return free_ > 0 || closed_; });
    if (closed_) return false;
    --free_;
    return true;
  }

  void Leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++free_;
    changed_.notify_one();
  }

  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  bool closed_ = false;
};

}  // namespace

class MusterClient::Connection {
 public:
  explicit Connection(ClientOptions options)
      : options_(std::move(options)),
        channel_(MakeChannel(options_.server_address, options_.tls)),
        ingest_(v1::IngestService::NewStub(channel_)),
        totals_(v1::TotalsService::NewStub(channel_)),
        catalogue_(v1::CatalogueService::NewStub(channel_)),
        store_(v1::StoreService::NewStub(channel_)),
        health_(grpc::health::v1::Health::NewStub(channel_)) {}

  bool reached_server() const { return reached_server_.load(std::memory_order_relaxed); }
  const ClientOptions& options() const { return options_; }

  v1::IngestService::Stub& ingest() { return *ingest_; }
  v1::TotalsService::Stub& totals() { return *totals_; }
  v1::CatalogueService::Stub& catalogue() { return *catalogue_; }
  v1::StoreService::Stub& store() { return *store_; }
  grpc::health::v1::Health::Stub& health() { return *health_; }

  // One unary call, again and again until it is answered, refused for good, or out of time.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, absl::Time deadline) {
    if (absl::Status checked = CheckDeadline(deadline, options_.clock.now()); !checked.ok()) return checked;
    RetryWaits waits(options_.retry, options_.clock, deadline);
    while (true) {
      Response response;
      grpc::ClientContext context;
      Prepare(context, waits.TimeLeft());
      const absl::Status status = Heard(StatusFromGrpc((stub.*method)(&context, request, &response)));
      if (status.ok()) return response;
      if (!MayRetry(status) || !MayWait(waits) || !waits.Wait(status)) return status;
    }
  }

  absl::StatusOr<int64_t> SubmitAll(absl::Span<const v1::OperationResult> results, const SubmitAllOptions& options,
                                    absl::Time deadline, const OnReceipts& on_receipts);

  absl::Status WatchTotals(const v1::TotalsQuery& query, const WatchOptions& options, const OnNews& on_news);

  // For a call that is one of many, as the clock says it now.
  absl::Time DeadlineOf(const RetryWaits& waits) const { return options_.clock.now() + waits.TimeLeft(); }

  // Whether a client in this state may wait for another attempt at all.
  bool MayWait(const RetryWaits& waits) const {
    const int max_attempts = options_.retry.max_attempts_before_contact;
    return reached_server() || max_attempts == 0 || waits.waits() + 1 < max_attempts;
  }

 private:
  // What one stream needs to know about the submission that it is part of.
  struct Submission {
    absl::Span<const v1::OperationResult> results;
    const std::vector<ResultBatch>& batches;
    const SubmitAllOptions& options;
    const OnReceipts& on_receipts;
    size_t next_batch = 0;  // The first that is not acknowledged.
    int64_t position = 0;   // Of the last answer.
  };

  // Sends what is not acknowledged over one stream. OK when all of it is.
  absl::Status Stream(Submission& submission, absl::Duration time_left);

  // What a watch knows, over all its connections.
  struct TotalsWatch {
    v1::WatchTotalsRequest request;
    const WatchOptions& options;
    const OnNews& on_news;
    FollowedTotals totals;
    bool wanted = true;
    bool progressed = false;  // Something came over this connection.
  };

  // Follows the totals over one connection. Why it ended; anything if nobody wants it any more.
  absl::Status Follow(TotalsWatch& watch, absl::Duration time_left);

  // Takes one answer. An error if it does not fit the message that it answers.
  static absl::Status TakeAnswer(v1::StreamResultsResponse& response, Submission& submission);

  // Says how long a call may take, on gRPC's steady clock, and who makes it. An infinite time is for what is followed.
  void Prepare(grpc::ClientContext& context, absl::Duration time_left) const {
    if (!options_.authorization.empty()) context.AddMetadata("authorization", options_.authorization);
    if (time_left == absl::InfiniteDuration()) return;
    const int64_t nanoseconds = absl::ToInt64Nanoseconds(std::max(time_left, absl::ZeroDuration()));
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN)));
  }

  // Notes whether `status` shows that a server is there, and returns it.
  absl::Status Heard(absl::Status status) {
    const bool from_afar = !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status);
    if (from_afar || ErrorInfoOf(status).has_value() || channel_->GetState(false) == GRPC_CHANNEL_READY) {
      reached_server_.store(true, std::memory_order_relaxed);
    }
    return status;
  }

  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::IngestService::Stub> ingest_;
  const std::unique_ptr<v1::TotalsService::Stub> totals_;
  const std::unique_ptr<v1::CatalogueService::Stub> catalogue_;
  const std::unique_ptr<v1::StoreService::Stub> store_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
  std::atomic<bool> reached_server_ = false;
};

absl::StatusOr<int64_t> MusterClient::Connection::SubmitAll(absl::Span<const v1::OperationResult> results,
                                                            const SubmitAllOptions& options, absl::Time deadline,
                                                            const OnReceipts& on_receipts) {
  if (absl::Status checked = CheckDeadline(deadline, options_.clock.now()); !checked.ok()) return checked;
  const absl::StatusOr<std::vector<ResultBatch>> batches = SplitIntoBatches(results, options.batch);
  if (!batches.ok()) return batches.status();

  Submission submission = {results, *batches, options, on_receipts};
  RetryWaits waits(options_.retry, options_.clock, deadline);
  while (submission.next_batch < batches->size()) {
    const size_t next_before = submission.next_batch;
    const absl::Status status = Heard(Stream(submission, waits.TimeLeft()));
    if (status.ok()) break;
    if (submission.next_batch > next_before) waits.Progressed();
    if (!MayRetry(status) || !MayWait(waits) || !waits.Wait(status)) return status;
  }
  return submission.position;
}

absl::Status MusterClient::Connection::Stream(Submission& submission, absl::Duration time_left) {
  grpc::ClientContext context;
  Prepare(context, time_left);
  const auto stream = ingest_->StreamResults(&context);

  // Writing and reading must not wait for each other: a server that has no room reads no further until its
  // answers are taken.
  MessageWindow window(std::max(submission.options.max_messages_in_flight, 1));
  std::thread writer([&, first_batch = submission.next_batch] {
    v1::StreamResultsRequest request;  // One object for all messages: its memory is used again.
    for (size_t number = first_batch; number < submission.batches.size(); ++number) {
      if (!window.Enter()) return;
      const ResultBatch& batch = submission.batches[number];
      request.Clear();
      request.set_validate_only(submission.options.validate_only);
      for (const v1::OperationResult& result : submission.results.subspan(batch.first, batch.count)) {
        *request.add_results() = result;
      }
      if (!stream->Write(request)) return;  // The stream broke; the reader hears why.
    }
    stream->WritesDone();
  });

  absl::Status answers = absl::OkStatus();
  v1::StreamResultsResponse response;
  while (answers.ok() && stream->Read(&response)) {
    answers = TakeAnswer(response, submission);
    window.Leave();
  }
  if (!answers.ok()) context.TryCancel();
  window.Close();
  writer.join();
  absl::Status finish = StatusFromGrpc(stream->Finish());
  if (!answers.ok()) return answers;
  if (finish.ok() && submission.next_batch < submission.batches.size()) {
    return absl::UnavailableError("The server ended the stream before it had answered everything.");
  }
  // All is acknowledged, whatever the stream ended with.
  if (submission.next_batch == submission.batches.size()) return absl::OkStatus();
  return finish;
}

absl::Status MusterClient::Connection::TakeAnswer(v1::StreamResultsResponse& response, Submission& submission) {
  if (submission.next_batch == submission.batches.size()) {
    return absl::InternalError("The server answered more messages than it was sent.");
  }
  const ResultBatch& batch = submission.batches[submission.next_batch];
  if (static_cast<size_t>(response.receipts_size()) != batch.count) {
    return absl::InternalError(absl::StrCat("The server sent ", response.receipts_size(), " receipts for ", batch.count,
                                            " results; which results they are for cannot be known."));
  }
  const size_t first_index = submission.options.first_index + batch.first;
  RenumberPaths(first_index, *response.mutable_receipts());
  submission.position = response.position();
  ++submission.next_batch;
  submission.on_receipts(first_index, response.receipts());
  return absl::OkStatus();
}

absl::Status MusterClient::Connection::WatchTotals(const v1::TotalsQuery& query, const WatchOptions& options,
                                                   const OnNews& on_news) {
  TotalsWatch watch = {{}, options, on_news, {}};
  *watch.request.mutable_query() = query;
  watch.request.set_resume_token(options.resume_token);
  RetryWaits waits(options_.retry, options_.clock, options.until);
  while (waits.TimeLeft() > absl::ZeroDuration()) {
    watch.progressed = false;
    absl::Status status = Heard(Follow(watch, waits.TimeLeft()));
    if (!watch.wanted || waits.TimeLeft() <= absl::ZeroDuration()) break;
    if (watch.progressed) waits.Progressed();
    if (!(MayRetry(status) || absl::IsAborted(status)) || !MayWait(waits)) return status;
    if (!on_news({status, watch.totals.resume_token().empty() ? nullptr : &watch.totals})) break;
    if (!waits.Wait(status)) break;  // What is left of the time is too short for another attempt.
  }
  return absl::OkStatus();
}

absl::Status MusterClient::Connection::Follow(TotalsWatch& watch, absl::Duration time_left) {
  if (!watch.totals.resume_token().empty()) watch.request.set_resume_token(watch.totals.resume_token());
  grpc::ClientContext context;
  Prepare(context, time_left);

  // A read waits for ever where the other side is gone without a word.
  std::mutex mutex;
  std::condition_variable changed;
  int64_t heard_count = 0;  // Guarded by mutex, as is what follows.
  bool over = false;
  bool fell_silent = false;
  std::thread watchdog([&] {
    std::unique_lock<std::mutex> lock(mutex);
    while (!over) {
      const int64_t before = heard_count;
      const auto moved_on = [&] { return over || heard_count != before; };
      if (changed.wait_for(lock, absl::ToChronoNanoseconds(watch.options.max_silence), moved_on)) continue;
      fell_silent = true;
      context.TryCancel();
      return;
    }
  });

  const auto stream = totals_->WatchTotals(&context, watch.request);
  v1::WatchTotalsResponse message;
  while (watch.wanted && stream->Read(&message)) {
    watch.progressed = true;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      ++heard_count;
    }
    changed.notify_one();
    reached_server_.store(true, std::memory_order_relaxed);
    if (watch.totals.Take(message)) watch.wanted = watch.on_news({absl::OkStatus(), &watch.totals});
    message.Clear();
  }
  if (!watch.wanted) context.TryCancel();
  absl::Status finish = StatusFromGrpc(stream->Finish());
  watch.totals.Break();
  {
    const std::lock_guard<std::mutex> lock(mutex);
    over = true;
  }
  changed.notify_one();
  watchdog.join();
  if (fell_silent) return absl::UnavailableError("Nothing was heard of the server for too long.");
  if (finish.ok()) return absl::UnavailableError("The server ended the watch without saying why.");
  return finish;
}

MusterClient::MusterClient(ClientOptions options) : connection_(std::make_unique<Connection>(std::move(options))) {}
MusterClient::~MusterClient() = default;

bool MusterClient::ReachedServer() const { return connection_->reached_server(); }

absl::StatusOr<v1::SubmitResultsResponse> MusterClient::SubmitResults(const v1::SubmitResultsRequest& request,
                                                                      absl::Time deadline) {
  return connection_->Call(connection_->ingest(), &v1::IngestService::Stub::SubmitResults, request, deadline);
}

absl::StatusOr<int64_t> MusterClient::SubmitAll(absl::Span<const v1::OperationResult> results,
                                                const SubmitAllOptions& options, absl::Time deadline,
                                                const OnReceipts& on_receipts) {
  return connection_->SubmitAll(results, options, deadline, on_receipts);
}

absl::StatusOr<v1::GetResultResponse> MusterClient::GetResult(const v1::GetResultRequest& request,
                                                              absl::Time deadline) {
  return connection_->Call(connection_->ingest(), &v1::IngestService::Stub::GetResult, request, deadline);
}

absl::StatusOr<v1::ListResultsResponse> MusterClient::ListResults(const v1::ListResultsRequest& request,
                                                                  absl::Time deadline) {
  return connection_->Call(connection_->ingest(), &v1::IngestService::Stub::ListResults, request, deadline);
}

template <typename Request, typename Response>
absl::StatusOr<Response> MusterClient::AllPages(absl::StatusOr<Response> (MusterClient::*call)(const Request&,
                                                                                               absl::Time),
                                                Request request, absl::Time deadline) {
  request.set_page_size(kMaxListPage);
  request.clear_page_token();
  Response all;
  const RetryWaits waits(connection_->options().retry, connection_->options().clock, deadline);
  do {
    absl::StatusOr<Response> page = (this->*call)(request, connection_->DeadlineOf(waits));
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);  // Lists grow; what the pages have in common is the same.
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<v1::ListResultsResponse> MusterClient::ListAllResults(absl::string_view operation,
                                                                     absl::string_view force, absl::Time deadline) {
  v1::ListResultsRequest request;
  request.set_operation(std::string(operation));
  request.set_force(std::string(force));
  return AllPages(&MusterClient::ListResults, std::move(request), deadline);
}

absl::StatusOr<v1::ListRevisionsResponse> MusterClient::ListRevisions(const v1::ListRevisionsRequest& request,
                                                                      absl::Time deadline) {
  return connection_->Call(connection_->ingest(), &v1::IngestService::Stub::ListRevisions, request, deadline);
}

absl::StatusOr<v1::ListRevisionsResponse> MusterClient::ListAllRevisions(v1::ListRevisionsRequest request,
                                                                         absl::Time deadline) {
  return AllPages(&MusterClient::ListRevisions, std::move(request), deadline);
}

absl::StatusOr<v1::QueryTotalsResponse> MusterClient::QueryTotals(const v1::QueryTotalsRequest& request,
                                                                  absl::Time deadline) {
  return connection_->Call(connection_->totals(), &v1::TotalsService::Stub::QueryTotals, request, deadline);
}

absl::StatusOr<v1::QueryTotalsResponse> MusterClient::QueryAllTotals(const v1::TotalsQuery& query,
                                                                     absl::Time deadline) {
  RetryWaits waits(connection_->options().retry, connection_->options().clock, deadline);
  v1::QueryTotalsRequest request;
  *request.mutable_query() = query;
  request.set_page_size(kMaxTotalsPage);
  v1::QueryTotalsResponse all;
  while (true) {
    absl::StatusOr<v1::QueryTotalsResponse> page = QueryTotals(request, connection_->DeadlineOf(waits));
    if (!page.ok()) {
      // The totals moved on between two pages, which must be of one position: begin again.
      if (!absl::IsAborted(page.status()) || !waits.Wait(page.status())) return page.status();
      request.clear_page_token();
      continue;
    }
    if (request.page_token().empty()) {
      all = *std::move(page);
    } else {
      for (v1::TotalsRow& row : *page->mutable_rows()) *all.add_rows() = std::move(row);
      all.set_next_page_token(page->next_page_token());
    }
    if (all.next_page_token().empty()) return all;
    request.set_page_token(all.next_page_token());
  }
}

absl::Status MusterClient::WatchTotals(const v1::TotalsQuery& query, const WatchOptions& options,
                                       const OnNews& on_news) {
  return connection_->WatchTotals(query, options, on_news);
}

absl::StatusOr<v1::ExplainTotalResponse> MusterClient::ExplainTotal(const v1::ExplainTotalRequest& request,
                                                                    absl::Time deadline) {
  return connection_->Call(connection_->totals(), &v1::TotalsService::Stub::ExplainTotal, request, deadline);
}

absl::StatusOr<v1::ExplainTotalResponse> MusterClient::ExplainWholeTotal(v1::ExplainTotalRequest request,
                                                                         absl::Time deadline) {
  return AllPages(&MusterClient::ExplainTotal, std::move(request), deadline);
}

absl::StatusOr<v1::DiffTotalsResponse> MusterClient::DiffTotals(const v1::DiffTotalsRequest& request,
                                                                absl::Time deadline) {
  return connection_->Call(connection_->totals(), &v1::TotalsService::Stub::DiffTotals, request, deadline);
}

absl::StatusOr<v1::DiffTotalsResponse> MusterClient::DiffWholeTotals(v1::DiffTotalsRequest request,
                                                                     absl::Time deadline) {
  return AllPages(&MusterClient::DiffTotals, std::move(request), deadline);
}

absl::StatusOr<v1::GetCoverageResponse> MusterClient::GetCoverage(const v1::GetCoverageRequest& request,
                                                                  absl::Time deadline) {
  return connection_->Call(connection_->totals(), &v1::TotalsService::Stub::GetCoverage, request, deadline);
}

absl::StatusOr<v1::GetCatalogueResponse> MusterClient::GetCatalogue(const v1::GetCatalogueRequest& request,
                                                                    absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::GetCatalogue, request, deadline);
}

absl::StatusOr<v1::ListOperationsResponse> MusterClient::ListOperations(const v1::ListOperationsRequest& request,
                                                                        absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::ListOperations, request, deadline);
}

absl::StatusOr<v1::ListOperationsResponse> MusterClient::ListAllOperations(absl::Time deadline) {
  return AllPages(&MusterClient::ListOperations, v1::ListOperationsRequest(), deadline);
}

absl::StatusOr<v1::GetOperationResponse> MusterClient::GetOperation(const v1::GetOperationRequest& request,
                                                                    absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::GetOperation, request, deadline);
}

absl::StatusOr<v1::CreateOperationResponse> MusterClient::CreateOperation(const v1::CreateOperationRequest& request,
                                                                          absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::CreateOperation, request, deadline);
}

absl::StatusOr<v1::UpdateOperationResponse> MusterClient::UpdateOperation(const v1::UpdateOperationRequest& request,
                                                                          absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::UpdateOperation, request, deadline);
}

absl::StatusOr<v1::CloseOperationResponse> MusterClient::CloseOperation(const v1::CloseOperationRequest& request,
                                                                        absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::CloseOperation, request, deadline);
}

absl::StatusOr<v1::ReopenOperationResponse> MusterClient::ReopenOperation(const v1::ReopenOperationRequest& request,
                                                                          absl::Time deadline) {
  return connection_->Call(connection_->catalogue(), &v1::CatalogueService::Stub::ReopenOperation, request, deadline);
}

absl::StatusOr<bool> MusterClient::IsServing(absl::Time deadline) {
  using grpc::health::v1::HealthCheckResponse;
  const absl::StatusOr<HealthCheckResponse> answer = connection_->Call(
      connection_->health(), &grpc::health::v1::Health::Stub::Check, grpc::health::v1::HealthCheckRequest(), deadline);
  if (!answer.ok()) return answer.status();
  return answer->status() == HealthCheckResponse::SERVING;
}

absl::StatusOr<v1::GetServerInfoResponse> MusterClient::GetServerInfo(const v1::GetServerInfoRequest& request,
                                                                      absl::Time deadline) {
  return connection_->Call(connection_->store(), &v1::StoreService::Stub::GetServerInfo, request, deadline);
}

absl::StatusOr<v1::VerifyTotalsResponse> MusterClient::VerifyTotals(const v1::VerifyTotalsRequest& request,
                                                                    absl::Time deadline) {
  return connection_->Call(connection_->store(), &v1::StoreService::Stub::VerifyTotals, request, deadline);
}

absl::StatusOr<v1::BackupResponse> MusterClient::Backup(const v1::BackupRequest& request, absl::Time deadline) {
  return connection_->Call(connection_->store(), &v1::StoreService::Stub::Backup, request, deadline);
}

}  // namespace muster
