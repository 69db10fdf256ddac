#include "service/ingest_service.h"

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "domain/quote.h"
#include "service/audit_objects.h"
#include "service/errors.h"
#include "service/limits.h"
#include "service/message_bytes.h"
#include "service/page_tokens.h"
#include "service/receipts.h"
#include "service/results_request.h"

namespace muster {
namespace {

// Of calls, for their memory.
constexpr size_t kMaxSpareSubmissions = 256;
constexpr int kMaxSpareResults = 16;

grpc::ServerUnaryReactor* Finish(grpc::ServerUnaryReactor* reactor, const absl::Status& status) {
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

absl::Status Stopping() {
  return absl::UnavailableError("The server is stopping; what was not answered may be sent again.");
}

// Says which of an operation and a force are unknown.
FieldProblems CheckNames(const std::string& operation, const std::string& force, const Cubes& cubes) {
  FieldProblems problems;
  const std::shared_ptr<const OperationDirectory> operations = cubes.operations();
  if (operations->Find(operation) == nullptr) {
    problems.push_back(
        {"operation", "UNKNOWN_OPERATION",
         absl::StrCat(Quote(operation), " is no known operation", DidYouMean(operations->Nearest(operation)))});
  }
  if (!cubes.catalogue().FindForce(force)) {
    problems.push_back(
        {"force", "UNKNOWN_FORCE",
         absl::StrCat(Quote(force), " is no known force", DidYouMean(cubes.catalogue().NearestForce(force)))});
  }
  return problems;
}

Metrics::Outcomes OutcomesOf(const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts) {
  Metrics::Outcomes outcomes{};
  for (const v1::Receipt& receipt : receipts) ++outcomes[static_cast<size_t>(receipt.outcome())];
  return outcomes;
}

absl::Status InvalidRequest(const FieldProblems& problems) {
  return InvalidFields("INVALID_REQUEST", "The request has invalid fields; see details.", problems);
}

absl::Status CheckResultName(const std::string& operation, const std::string& force, const std::string& result_id,
                             const Cubes& cubes) {
  FieldProblems problems = CheckNames(operation, force, cubes);
  if (!IsResultId(result_id)) {
    problems.push_back({"result_id", "RESULT_ID_MALFORMED",
                        absl::StrCat("is ", Quote(result_id), "; must be 1 to 64 of A-Z a-z 0-9 . _ : -")});
  }
  return problems.empty() ? absl::OkStatus() : InvalidRequest(problems);
}

}  // namespace

// Answers the messages of one stream in order, each once durable. Reads ahead of the answers by a few messages, and not
// at all while the applier has no room. Owns itself until the call is over.
class IngestService::ResultStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // Ends the call with `refused` unless that is OK; then `rate` is that of the caller.
  ResultStream(IngestService& service, Admission admission, std::shared_ptr<CallerRate> rate,
               const absl::Status& refused)
      : service_(service),
        cubes_(service.cubes_),
        applier_(service.applier_),
        admission_(std::move(admission)),
        rate_(std::move(rate)) {
    if (refused.ok()) {
      StartRead(&request_bytes_);
    } else {
      EndReading(refused);
    }
  }

  void OnReadDone(bool ok) override {
    bool take = ok;
    std::chrono::nanoseconds pause{0};
    if (take) {
      pause = rate_->TakeStreamMessage(static_cast<int64_t>(request_bytes_.Length()) + kBytesOfAnyMessage,
                                       std::chrono::steady_clock::now());
      const std::lock_guard<std::mutex> lock(mutex_);
      take = !ended_;  // An answer failed meanwhile: what came after it is not taken.
      if (take) {
        reading_ = false;
        admitting_ = true;
        paused_ = pause.count() > 0;
        ++in_flight_;
      }
    }
    if (!take) {
      EndReading(absl::OkStatus());
      return;
    }
    if (pause.count() > 0) {
      service_.wake_ups_.After(pause, [stream = std::weak_ptr<ResultStream>(self_)] {
        const std::shared_ptr<ResultStream> running = stream.lock();
        if (running != nullptr) running->Proceed([&running] { running->paused_ = false; });
      });
    }
    // Nothing more is read before this one is admitted, so there is one at most.
    if (request_bytes_.Length() < kMinHandedOnBytes) {
      Admit();
    } else {
      service_.workers_.Run([this] { Admit(); });
    }
  }

  void OnWriteDone(bool /*ok*/) override {
    // A write that failed means that the call is being cancelled; what is in flight is still taken to its end.
    Proceed([this] {
      answers_.pop_front();
      writing_ = false;
    });
  }

  void OnDone() override {
    {
      const std::lock_guard<std::mutex> lock(service_.streams_mutex_);
      service_.streams_.erase(this);
    }
    self_.reset();  // The last thing that is done.
  }

  // Ends the call with `status` once what was taken is answered; what comes in meanwhile is not taken. From any thread,
  // also when the call is over.
  void End(const absl::Status& status) {
    Proceed([&] {
      ended_ = true;
      if (status_.ok()) status_ = status;
    });
  }

  // `watch` goes when the call is over.
  void Own(std::shared_ptr<ResultStream> self, std::unique_ptr<Callers::Watch> watch) {
    self_ = std::move(self);
    watch_ = std::move(watch);
  }

 private:
  void EndReading(const absl::Status& status) {
    Proceed([&] {
      reading_ = false;
      ended_ = true;
      if (status_.ok()) status_ = status;
    });
  }

  // The answer to one message while it is made, and what it is made from.
  struct Answer {
    Admission admission;  // As it was when the message came: a later one may be admitted anew before this is given.
    std::string object;   // For the audit.
    bool validate_only = false;
    CheckedRequest checked;
    v1::StreamResultsResponse message;
  };

  // An answer to make; the memory of an earlier one is used again.
  std::unique_ptr<Answer> TakeAnswer() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (spare_answers_.empty()) return std::make_unique<Answer>();
    std::unique_ptr<Answer> answer = std::move(spare_answers_.back());
    spare_answers_.pop_back();
    return answer;
  }

  // Takes the message that was read to the applier.
  void Admit() {
    absl::Status status = service_.gate_.Renew(&admission_);
    if (status.ok()) {
      status =
          reader_.Read(&request_bytes_, &request_) ? CheckResultCount(request_.results_size()) : MalformedMessage();
      if (!status.ok()) status = service_.gate_.Refuse(admission_, "", status);
    }
    if (!status.ok()) {
      Proceed([&] {
        admitting_ = false;
        --in_flight_;
        ended_ = true;
        if (status_.ok()) status_ = status;
      });
      return;
    }
    std::unique_ptr<Answer> answer = TakeAnswer();
    answer->admission = admission_;
    answer->object = AuditObject(request_.results(), *cubes_.operations(), cubes_.catalogue());
    answer->validate_only = request_.validate_only();
    CheckResults(request_.results(), reader_.results(), *admission_.rights, cubes_.catalogue(), *cubes_.operations(),
                 &answer->checked, answer->message.mutable_receipts());
    reader_.Clear();
    // Both callbacks may run before this returns, and the call may be over by then.
    CheckedResults valid = std::move(answer->checked.valid);
    applier_.SubmitWhenRoom(
        std::move(valid), request_.validate_only(),
        [this, answer = std::move(answer)](absl::StatusOr<Decisions> decisions) mutable {
          OnDecided({std::move(answer), std::move(decisions)});
        },
        [this] { Proceed([this] { admitting_ = false; }); });
  }

  // What the applier made of one message.
  struct DecidedMessage {
    std::unique_ptr<Answer> answer;
    absl::StatusOr<Decisions> decisions;
  };

  // Takes over from the applier's thread, of which there is one for all: the answers to large messages are made by the
  // workers, in order. Small ones are made at once, if none is to be made before them.
  void OnDecided(DecidedMessage message) {
    const bool large = message.decisions.ok() && message.decisions->decisions.size() >= kMinHandedOnResults;
    std::unique_lock<std::mutex> lock(mutex_);
    const bool starts = decided_.empty() && !answering_;
    answering_ = true;
    if (!starts || large) {
      decided_.push_back(std::move(message));
      lock.unlock();
      if (starts) service_.workers_.Run([this] { GiveAnswers(); });
      return;
    }
    lock.unlock();
    if (GiveAnswer(std::move(message))) GiveAnswers();
  }

  void GiveAnswers() {
    bool more = true;
    while (more) {
      DecidedMessage message;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        message = std::move(decided_.front());
        decided_.pop_front();
      }
      more = GiveAnswer(std::move(message));
    }
  }

  // Whether there is a next one to be made, by the same thread. If not, the call may be over.
  bool GiveAnswer(DecidedMessage message) {
    std::unique_ptr<Answer>& answer = message.answer;
    absl::StatusOr<Decisions>& decisions = message.decisions;
    grpc::ByteBuffer bytes;
    if (decisions.ok()) {
      bytes = service_.FinishAnswer(*answer, answer->validate_only, std::move(*decisions), answer->message);
    } else {
      service_.gate_.Record(answer->admission, std::move(answer->object), decisions.status());
    }
    answer->message.Clear();
    answer->checked.Clear();
    bool more = false;
    Proceed([&] {
      more = !decided_.empty();
      answering_ = more;
      --in_flight_;
      spare_answers_.push_back(std::move(answer));
      if (!decisions.ok()) {
        if (status_.ok()) status_ = decisions.status();
        ended_ = true;
      } else {
        answers_.push_back(bytes);  // Shares its slices.
      }
    });
    return more;
  }

  // Makes a change, and starts whatever may be started after it. The change and the decision are one step: once another
  // thread has seen that all is over, this object may be gone.
  template <typename Change>
  void Proceed(const Change& change) {
    bool read = false;
    const grpc::ByteBuffer* write = nullptr;
    bool finish = false;
    absl::Status status;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      change();
      if (!writing_ && !answers_.empty()) {
        writing_ = true;
        write = &answers_.front();
      }
      const bool has_room = in_flight_ + static_cast<int>(answers_.size()) < kMaxStreamMessagesInFlight;
      if (!reading_ && !admitting_ && !paused_ && !ended_ && has_room) {
        reading_ = true;
        read = true;
      }
      // A failure is told at once: a client that waits for its answer sends nothing that would end the read.
      const bool reads_on = reading_ && status_.ok();
      if (ended_ && !reads_on && !admitting_ && in_flight_ == 0 && answers_.empty() && !finished_) {
        finished_ = true;
        finish = true;
        status = status_;
      }
    }
    // What is started here keeps the object alive until it is done.
    if (write != nullptr) StartWrite(write);
    if (read) StartRead(&request_bytes_);
    if (finish) Finish(ToGrpcStatus(status));
  }

  IngestService& service_;
  const Cubes& cubes_;
  Applier& applier_;
  Admission admission_;                     // Touched by who admits a message, of which there is one at a time.
  const std::shared_ptr<CallerRate> rate_;  // Null if the call was refused.
  std::shared_ptr<ResultStream> self_;
  std::unique_ptr<Callers::Watch> watch_;
  grpc::ByteBuffer request_bytes_;
  ResultsRequestReader reader_;
  v1::StreamResultsRequest request_;  // Reused: parsing into a used message is the quickest way.

  std::mutex mutex_;                      // Guards what follows; never held over a call into gRPC or the applier.
  std::deque<grpc::ByteBuffer> answers_;  // In order; the first is being written if writing_.
  std::vector<std::unique_ptr<Answer>> spare_answers_;  // Empty, for TakeAnswer.
  std::deque<DecidedMessage> decided_;                  // In order: what answers are to be made of.
  bool answering_ = false;                              // An answer is being made.
  int in_flight_ = 0;                                   // Messages that the applier has, or whose answer is to be made.
  bool reading_ = true;                                 // A read was started.
  bool admitting_ = false;                              // A message was read, and the applier has not yet admitted it.
  bool paused_ = false;                                 // The caller is over its rate.
  bool writing_ = false;
  bool ended_ = false;  // Nothing more is read.
  bool finished_ = false;
  absl::Status status_;  // What the call ends with.
};

// One call of SubmitResults. It is received once there is room for what it brings. Owns itself until it is over.
class IngestService::SubmitCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  SubmitCall(IngestService& service, grpc::CallbackServerContext* context) : service_(service), context_(context) {
    absl::StatusOr<Admission> admission = service_.gate_.Admit(*context, Call::kSubmitResults);
    absl::Status status = admission.status();
    if (status.ok()) {
      rate_ = service_.rates_.Of(admission->caller);
      status = rate_->TakeMessage(0, std::chrono::steady_clock::now());  // Of one in debt nothing need be received.
    }
    if (!status.ok()) {
      Finish(ToGrpcStatus(status));
      return;
    }
    submission_ = service_.TakeSubmission();
    submission_->admission = *std::move(admission);
    // It may be over when this returns.
    service_.waiting_room_.Enter([this](absl::StatusOr<Applier::Room> room) { Receive(room); });
  }

  void OnReadDone(bool ok) override {
    const absl::Status submitted = ok ? Submit() : MalformedMessage();
    if (submitted.ok()) return;  // The call may be over.
    if (room_) service_.applier_.GiveUp(*room_);
    Finish(ToGrpcStatus(submitted));
  }

  void OnDone() override { delete this; }

 private:
  void Receive(const absl::StatusOr<Applier::Room>& room) {
    if (!room.ok()) {
      Finish(ToGrpcStatus(room.status()));
      return;
    }
    room_ = *room;
    StartRead(&request_);
  }

  // Takes what was received to the applier, which answers it then. If it does not, says why.
  absl::Status Submit() {
    const Admission& admission = submission_->admission;
    const auto bytes_in = static_cast<int64_t>(request_.Length()) + kBytesOfAnyMessage;
    const absl::Status taken = rate_->TakeMessage(bytes_in, std::chrono::steady_clock::now());
    if (!taken.ok()) return taken;
    v1::SubmitResultsRequest& request = submission_->request;
    ResultsRequestReader reader;
    const absl::Status read =
        reader.Read(&request_, &request) ? CheckResultCount(request.results_size()) : MalformedMessage();
    if (!read.ok()) return service_.gate_.Refuse(admission, "", read);
    const bool validate_only = request.validate_only();
    const std::shared_ptr<const OperationDirectory> operations = service_.cubes_.operations();
    const Catalogue& catalogue = service_.cubes_.catalogue();
    submission_->object = AuditObject(request.results(), *operations, catalogue);
    CheckResults(request.results(), reader.results(), *admission.rights, catalogue, *operations, &submission_->checked,
                 submission_->response.mutable_receipts());
    CheckedResults valid = std::move(submission_->checked.valid);
    return service_.applier_.Submit(
        std::move(valid), validate_only,
        [this](absl::StatusOr<Decisions> decisions) {
          if (decisions.ok() && decisions->decisions.size() >= kMinHandedOnResults) {
            service_.workers_.Run([this, decisions = std::move(decisions)]() mutable { Answer(std::move(decisions)); });
          } else {
            Answer(std::move(decisions));
          }
        },
        [context = context_] { return context->IsCancelled(); }, std::exchange(room_, std::nullopt));
  }

  void Answer(absl::StatusOr<Decisions> decisions) {
    if (!decisions.ok()) {
      service_.gate_.Record(submission_->admission, std::move(submission_->object), decisions.status());
      Finish(ToGrpcStatus(decisions.status()));
      return;
    }
    const bool validate_only = submission_->request.validate_only();
    response_ = service_.FinishAnswer(*submission_, validate_only, *std::move(decisions), submission_->response);
    service_.PutBack(std::move(submission_));
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

  IngestService& service_;
  grpc::CallbackServerContext* const context_;
  std::shared_ptr<CallerRate> rate_;        // Null if the call was refused.
  std::unique_ptr<Submission> submission_;  // The same.
  std::optional<Applier::Room> room_;       // Kept until it is submitted.
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

IngestService::IngestService(const Gate& gate, RateLimiter& rates, const Store& store, const Cubes& cubes,
                             Applier& applier, DiskReader& disk_reader, Metrics& metrics)
    : gate_(gate),
      rates_(rates),
      store_(store),
      cubes_(cubes),
      applier_(applier),
      disk_reader_(disk_reader),
      metrics_(metrics),
      waiting_room_(
          [&applier] { return applier.KeepRoom(); },
          {.max_calls = kMaxWaitingCalls, .max_wait = kMaxWaitForRoom, .look_interval = kWaitingRoomLookInterval}) {}

IngestService::~IngestService() = default;

std::unique_ptr<IngestService::Submission> IngestService::TakeSubmission() {
  const std::lock_guard<std::mutex> lock(spare_mutex_);
  if (spare_submissions_.empty()) return std::make_unique<Submission>();
  std::unique_ptr<Submission> submission = std::move(spare_submissions_.back());
  spare_submissions_.pop_back();
  return submission;
}

void IngestService::PutBack(std::unique_ptr<Submission> submission) {
  // What a large request has taken is not worth keeping for the next, which is small where requests are many.
  if (submission->request.results_size() > kMaxSpareResults) return;
  submission->request.Clear();
  submission->checked.Clear();
  submission->response.Clear();
  const std::lock_guard<std::mutex> lock(spare_mutex_);
  if (spare_submissions_.size() < kMaxSpareSubmissions) spare_submissions_.push_back(std::move(submission));
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::SubmitUnreadResults(
    grpc::CallbackServerContext* context) {
  return new SubmitCall(*this, context);
}

template <typename Taken, typename Response>
grpc::ByteBuffer IngestService::FinishAnswer(Taken& taken, bool validate_only, Decisions decisions,
                                             Response& response) {
  FinishReceipts(taken.checked.places, decisions.decisions, response.mutable_receipts());
  metrics_.CountResults(OutcomesOf(response.receipts()), validate_only);
  response.set_position(decisions.position);
  grpc::ByteBuffer bytes = Serialised(response);
  gate_.RecordResults(taken.admission, std::move(taken.object), validate_only, response.receipts());
  taken.checked.valid = std::move(decisions.results);  // Its memory is used again.
  return bytes;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::StreamResults(
    grpc::CallbackServerContext* context) {
  absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kStreamResults);
  absl::Status refused = admission.status();
  std::shared_ptr<CallerRate> rate = admission.ok() ? rates_.Of(admission->caller) : nullptr;
  const std::lock_guard<std::mutex> lock(streams_mutex_);
  if (refused.ok() && streams_ended_) refused = Stopping();
  const auto stream = std::make_shared<ResultStream>(*this, admission.ok() ? *std::move(admission) : Admission(),
                                                     std::move(rate), refused);
  stream->Own(stream, gate_.WatchCall(*context, [weak = std::weak_ptr(stream)](const absl::Status& status) {
    if (const std::shared_ptr<ResultStream> running = weak.lock()) running->End(status);
  }));
  streams_.emplace(stream.get(), stream);
  return stream.get();
}

void IngestService::EndStreams() {
  std::vector<std::shared_ptr<ResultStream>> streams;
  {
    const std::lock_guard<std::mutex> lock(streams_mutex_);
    streams_ended_ = true;
    for (const auto& [unused, stream] : streams_) {
      if (std::shared_ptr<ResultStream> running = stream.lock()) streams.push_back(std::move(running));
    }
  }
  for (const std::shared_ptr<ResultStream>& stream : streams) stream->End(Stopping());
  waiting_room_.Close(Stopping());
}

grpc::ServerUnaryReactor* IngestService::GetResult(grpc::CallbackServerContext* context,
                                                   const v1::GetResultRequest* request,
                                                   v1::GetResultResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kGetResult);
  if (!admission.ok()) return Finish(reactor, admission.status());
  if (absl::Status status = MayRead(*admission, request->force(), request->operation()); !status.ok()) {
    return Finish(reactor, status);
  }
  const absl::Status named = CheckResultName(request->operation(), request->force(), request->result_id(), cubes_);
  if (!named.ok()) return Finish(reactor, named);
  return FinishWithRead(context, reactor, [this, request, response] { return ReadOne(*request, response); });
}

grpc::ServerUnaryReactor* IngestService::FinishWithRead(grpc::CallbackServerContext* context,
                                                        grpc::ServerUnaryReactor* reactor,
                                                        absl::AnyInvocable<absl::Status()> read) {
  disk_reader_.Read({.is_wanted = [context] { return !context->IsCancelled(); },  // By its client, or by its deadline.
                     .read = std::move(read),
                     .done = [reactor](const absl::Status& status) { reactor->Finish(ToGrpcStatus(status)); }});
  return reactor;
}

absl::Status IngestService::MayRead(const Admission& admission, const std::string& force,
                                    const std::string& operation) const {
  const std::shared_ptr<const OperationDirectory> operations = cubes_.operations();
  const auto object = [&] { return AuditObject(operation, force, *operations, cubes_.catalogue()); };
  absl::Status status = admission.rights->MayReadResults(force, operations->Get(operation));
  if (!status.ok()) return gate_.Refuse(admission, object(), std::move(status));
  return admission.rights->IsAnother(force) ? gate_.AdmitRead(admission, object()) : absl::OkStatus();
}

absl::Status IngestService::ReadOne(const v1::GetResultRequest& request, v1::GetResultResponse* response) const {
  absl::StatusOr<std::vector<std::optional<LoggedEntry>>> newest =
      store_.ReadNewest({ResultKey{request.operation(), request.force(), request.result_id()}});
  if (!newest.ok()) return newest.status();
  if (!newest->front()) return ResultNotFound();
  *response->mutable_result() = StoredResultOf(*newest->front());
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* IngestService::ListResults(grpc::CallbackServerContext* context,
                                                     const v1::ListResultsRequest* request,
                                                     v1::ListResultsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kListResults);
  if (!admission.ok()) return Finish(reactor, admission.status());
  if (absl::Status status = MayRead(*admission, request->force(), request->operation()); !status.ok()) {
    return Finish(reactor, status);
  }
  const absl::StatusOr<ListedPage> page = CheckList(*request);
  if (!page.ok()) return Finish(reactor, page.status());
  return FinishWithRead(context, reactor,
                        [this, request, response, page = *page] { return ReadPage(*request, page, response); });
}

absl::StatusOr<IngestService::ListedPage> IngestService::CheckList(const v1::ListResultsRequest& request) const {
  const FieldProblems problems = CheckNames(request.operation(), request.force(), cubes_);
  if (!problems.empty()) return InvalidRequest(problems);
  const absl::StatusOr<int> size = PageSize(request.page_size(), kDefaultItemsPerPage, kMaxItemsPerPage);
  if (!size.ok()) return size.status();
  ListedPage page;
  page.scope = absl::StrCat("results/", request.operation(), "/", request.force());
  page.size = *size;
  const absl::StatusOr<std::string> key = ReadPageToken(page.scope, request.page_token());
  if (!key.ok()) return key.status();
  if (!key->empty() && !absl::SimpleAtoi(*key, &page.after)) return InvalidPageToken();
  return page;
}

absl::Status IngestService::ReadPage(const v1::ListResultsRequest& request, const ListedPage& page,
                                     v1::ListResultsResponse* response) const {
  // One more than asked for tells whether there is a next page.
  const absl::StatusOr<std::vector<LoggedEntry>> entries =
      store_.ListNewest(request.operation(), request.force(), page.after, page.size + 1);
  if (!entries.ok()) return entries.status();
  size_t bytes = 0;
  for (size_t index = 0; index < entries->size(); ++index) {
    v1::StoredResult stored = StoredResultOf((*entries)[index]);
    bytes += stored.ByteSizeLong() + 8;
    // Large results: end the page before it no longer fits a message.
    if (index == static_cast<size_t>(page.size) || (index > 0 && bytes > kMaxPageBytes)) {
      response->set_next_page_token(MakePageToken(page.scope, absl::StrCat((*entries)[index - 1].position)));
      break;
    }
    *response->add_results() = std::move(stored);
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* IngestService::ListRevisions(grpc::CallbackServerContext* context,
                                                       const v1::ListRevisionsRequest* request,
                                                       v1::ListRevisionsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kListRevisions);
  if (!admission.ok()) return Finish(reactor, admission.status());
  if (absl::Status status = MayRead(*admission, request->force(), request->operation()); !status.ok()) {
    return Finish(reactor, status);
  }
  const absl::StatusOr<RevisionsPage> page = CheckRevisions(*request);
  if (!page.ok()) return Finish(reactor, page.status());
  return FinishWithRead(context, reactor, [this, context, request, response, page = *page] {
    return ReadRevisions(
        store_, {request->operation(), request->force(), request->result_id()}, page,
        [context] { return !context->IsCancelled(); }, response);
  });
}

absl::StatusOr<RevisionsPage> IngestService::CheckRevisions(const v1::ListRevisionsRequest& request) const {
  if (absl::Status named = CheckResultName(request.operation(), request.force(), request.result_id(), cubes_);
      !named.ok()) {
    return named;
  }
  const absl::StatusOr<int> size = PageSize(request.page_size(), kDefaultItemsPerPage, kMaxItemsPerPage);
  if (!size.ok()) return size.status();
  RevisionsPage page;
  page.size = *size;
  page.scope = absl::StrCat("revisions/", request.operation(), "/", request.force(), "/", request.result_id());
  const absl::StatusOr<std::string> key = ReadPageToken(page.scope, request.page_token());
  if (!key.ok()) return key.status();
  if (!key->empty() && !absl::SimpleAtoi(*key, &page.after)) return InvalidPageToken();
  return page;
}

}  // namespace muster
