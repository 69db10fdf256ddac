#include "service/totals_service.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "aggregator/coverage.h"
#include "aggregator/totals_query.h"
#include "domain/digest.h"
#include "domain/timestamp.h"
#include "google/protobuf/arena.h"
#include "service/audit_objects.h"
#include "service/errors.h"
#include "service/limits.h"
#include "service/message_bytes.h"
#include "service/page_tokens.h"
#include "service/totals_pages.h"

namespace muster {
namespace {

constexpr char kTokenScope[] = "totals";

absl::Status PageExpired() {
  return Error(absl::StatusCode::kAborted, "PAGE_EXPIRED",
               "This answer is no longer kept; ask for the first page again, or for larger pages.");
}

std::string NextPageToken(uint64_t number, int end) {
  return MakePageToken(kTokenScope, absl::StrCat(number, "/", end));
}

// `answer` has neither position nor time: they are the end of it, and no field is in both parts.
grpc::ByteBuffer AtMoment(const grpc::Slice& answer, LogPosition position, const google::protobuf::Timestamp& time) {
  v1::QueryTotalsResponse moment;
  moment.set_position(position);
  *moment.mutable_as_of_time() = time;
  const grpc::Slice parts[] = {answer, SerialisedSlice(moment)};
  return {parts, 2};
}

// All operations whose figures an answer may hold; none: all.
google::protobuf::RepeatedPtrField<std::string> OperationsOf(const v1::TotalsQuery& query) {
  google::protobuf::RepeatedPtrField<std::string> operations = query.operations();
  if (!operations.empty() && !query.baseline_operation().empty()) *operations.Add() = query.baseline_operation();
  return operations;
}
const google::protobuf::RepeatedPtrField<std::string>& OperationsOf(const v1::GetCoverageRequest& request) {
  return request.operations();
}

// An answer as it is kept: position and time apart from the rest.
struct Answer {
  grpc::Slice bytes;
  LogPosition position = 0;
  google::protobuf::Timestamp time;
};

// `rows` are further ones of the response, as they travel.
Answer Serialise(v1::QueryTotalsResponse* response, absl::string_view rows = "") {
  Answer answer{.bytes = {}, .position = response->position(), .time = response->as_of_time()};
  response->clear_position();
  response->clear_as_of_time();
  answer.bytes = SerialisedSlice(*response, rows);
  return answer;
}

}  // namespace

// Starts anywhere, so that a token of an earlier run of the server finds nothing.
PagedAnswers::PagedAnswers() : next_number_(std::random_device()()) {}

uint64_t PagedAnswers::Keep(std::shared_ptr<const v1::QueryTotalsResponse> answer, std::string reader,
                            std::string query) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t number = next_number_++;
  rows_ += static_cast<size_t>(answer->rows_size());
  kept_.push_front({number, std::move(reader), std::move(query), std::move(answer)});
  while (kept_.size() > 1 && (kept_.size() > kMaxPagedAnswers || rows_ > kMaxPagedRows)) {
    rows_ -= static_cast<size_t>(kept_.back().answer->rows_size());
    kept_.pop_back();
  }
  return number;
}

absl::StatusOr<std::shared_ptr<const v1::QueryTotalsResponse>> PagedAnswers::Find(uint64_t number,
                                                                                  const std::string& reader,
                                                                                  const std::string& query) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const Kept& kept) { return kept.number == number && kept.reader == reader; });
  if (found == kept_.end()) return PageExpired();
  if (found->query != query) {
    return InvalidTotalsPageToken("is of another query; leave the query as it was, or begin anew");
  }
  return found->answer;
}

TotalsService::TotalsService(const Gate& gate, const Store& store, const Cubes& cubes, Rewinder& rewinder,
                             Watchers& watchers, DiskReader& disk_reader, DiskReader& rewinds)
    : gate_(gate),
      store_(store),
      cubes_(cubes),
      past_(cubes, rewinder),
      watchers_(watchers),
      disk_reader_(disk_reader),
      rewinds_(rewinds),
      differences_(store, cubes, rewinder),
      cache_(cubes, {.max_answers = kMaxCachedAnswers, .max_bytes = kMaxCachedAnswerBytes}) {}

grpc::ServerUnaryReactor* TotalsService::QueryTotals(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kQueryTotals);
  std::optional<PastWork> past;
  absl::StatusOr<grpc::ByteBuffer> answer = admission.ok() ? Query(*admission, *request, &past) : admission.status();
  if (past) {
    AnswerPast(context, reactor, *std::move(past), response);
    return reactor;
  }
  if (answer.ok()) *response = std::move(*answer);
  reactor->Finish(ToGrpcStatus(answer.status()));
  return reactor;
}

void TotalsService::AnswerPast(grpc::CallbackServerContext* context, grpc::ServerUnaryReactor* reactor, PastWork work,
                               grpc::ByteBuffer* response) {
  const std::function<bool()> is_wanted = [context] { return !context->IsCancelled(); };
  rewinds_.Read({.is_wanted = is_wanted,
                 .read = [this, is_wanted, response, work = std::move(work)]() mutable -> absl::Status {
                   google::protobuf::Arena arena;
                   auto& message = *google::protobuf::Arena::CreateMessage<v1::QueryTotalsResponse>(&arena);
                   if (absl::Status answered = past_.Answer(work.question, is_wanted, &message); !answered.ok()) {
                     return answered;
                   }
                   const Answer answer = Serialise(&message);
                   cache_.KeepPast(work.key, answer.bytes, answer.position, answer.time, std::move(work.audit_object));
                   *response = AtMoment(answer.bytes, answer.position, answer.time);
                   return absl::OkStatus();
                 },
                 .done = [reactor](const absl::Status& status) { reactor->Finish(ToGrpcStatus(status)); }});
}

template <typename Question>
absl::StatusOr<TotalsService::Shown> TotalsService::Admitted(const Admission& admission, const Question& question,
                                                             absl::StatusOr<Sight> sight) const {
  Shown shown;
  if (!sight.ok() || sight->names_others) {
    shown.audit_object =
        AuditObject(OperationsOf(question), question.forces(), *cubes_.operations(), cubes_.catalogue());
    const absl::Status status = sight.ok() ? gate_.AdmitRead(admission, shown.audit_object)
                                           : gate_.Refuse(admission, shown.audit_object, sight.status());
    if (!status.ok()) return status;
  }
  shown.sight = *std::move(sight);
  // Pages are for who asked for the first one, as long as it may be shown the same.
  shown.reader = absl::StrCat(admission.rights->who(), "\n", shown.sight.Key());
  return shown;
}

absl::StatusOr<grpc::ByteBuffer> TotalsService::Query(const Admission& admission, grpc::ByteBuffer request_bytes,
                                                      std::optional<PastWork>* past) {
  grpc::Slice question_bytes;
  if (!request_bytes.DumpToSingleSlice(&question_bytes).ok()) return MalformedMessage();
  // What the same rights are answered; others have another number.
  const std::string question =
      absl::StrCat(absl::Hex(admission.rights->number()), "\n",
                   absl::string_view(reinterpret_cast<const char*>(question_bytes.begin()), question_bytes.size()));
  if (const std::optional<AnswerCache::Found> found = cache_.Find(question)) {
    if (!found->audit_object.empty()) {
      if (absl::Status status = gate_.AdmitRead(admission, found->audit_object); !status.ok()) return status;
    }
    return AtMoment(found->answer, found->position, found->time);
  }

  // In memory of their own, which goes as one: the coverage, and rows where somebody has to look at them.
  google::protobuf::Arena arena;
  auto& request = *google::protobuf::Arena::CreateMessage<v1::QueryTotalsRequest>(&arena);
  auto& response = *google::protobuf::Arena::CreateMessage<v1::QueryTotalsResponse>(&arena);
  if (!Parse(&request_bytes, &request)) return MalformedMessage();
  absl::StatusOr<Shown> shown = Admitted(admission, request.query(), admission.rights->MayQuery(request.query()));
  if (!shown.ok()) return shown.status();
  const absl::StatusOr<int> size = PageSize(request.page_size(), kDefaultRowsPerPage, kMaxRowsPerPage);
  if (!size.ok()) return size.status();
  if (IsOfThePast(request.query())) {
    absl::StatusOr<PastQuestion> checked = past_.Check(request, shown->sight, *size);
    if (!checked.ok()) return checked.status();
    past->emplace(PastWork{*std::move(checked), question, std::move(shown->audit_object)});
    return grpc::ByteBuffer();
  }
  const absl::StatusOr<std::string> key = ReadPageToken(kTokenScope, request.page_token());
  if (!key.ok()) return key.status();

  AnswerBasis basis;
  TotalsRows rows;
  const absl::Status answered = key->empty() ? AnswerFirstPage(request, *shown, *size, &response, &rows, &basis)
                                             : AnswerNextPage(request, *shown, *size, *key, &response);
  if (!answered.ok()) return answered;
  const Answer answer = Serialise(&response, rows.bytes);
  // Pages refer to an answer that is kept for its pages only, and not for as long as it is true.
  const bool is_whole = key->empty() && response.next_page_token().empty();
  if (is_whole) cache_.Keep(question, answer.bytes, std::move(basis), std::move(shown->audit_object));
  return AtMoment(answer.bytes, answer.position, answer.time);
}

absl::Status TotalsService::AnswerFirstPage(const v1::QueryTotalsRequest& request, const Shown& shown, int size,
                                            v1::QueryTotalsResponse* response, TotalsRows* rows, AnswerBasis* basis) {
  const v1::TotalsQuery& query = request.query();
  FieldProblems problems;
  std::optional<TotalsQuery> parsed =
      ParseTotalsQuery(query, "query", cubes_.catalogue(), *cubes_.operations(), &problems);
  if (!parsed) return InvalidQuery(problems);
  shown.sight.Limit(&parsed->scope);
  if (absl::Status answered = ComputeTotals(cubes_, *parsed, response, rows, basis); !answered.ok()) return answered;
  if (rows->count <= size && rows->bytes.size() + response->coverage().ByteSizeLong() <= kMaxPageBytes) {
    return absl::OkStatus();  // Nearly always all of it is one page, and no row is looked at any more.
  }

  rows->AppendTo(response);
  *rows = {};
  const int end = EndOfPage(response->rows(), 0, size, response->coverage().ByteSizeLong());
  if (end == response->rows_size()) return absl::OkStatus();
  auto answer = std::make_shared<v1::QueryTotalsResponse>(*response);
  answer->clear_coverage();
  const uint64_t number = paged_answers_.Keep(std::move(answer), shown.reader, query.SerializeAsString());
  response->mutable_rows()->DeleteSubrange(end, response->rows_size() - end);
  response->set_next_page_token(NextPageToken(number, end));
  return absl::OkStatus();
}

absl::Status TotalsService::AnswerNextPage(const v1::QueryTotalsRequest& request, const Shown& shown, int size,
                                           const std::string& key, v1::QueryTotalsResponse* response) {
  uint64_t number = 0;
  int begin = 0;
  const std::vector<std::string> parts = absl::StrSplit(key, '/');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &number) || !absl::SimpleAtoi(parts[1], &begin) || begin < 0) {
    return InvalidTotalsPageToken("must be a next_page_token of an earlier page");
  }
  const absl::StatusOr<std::shared_ptr<const v1::QueryTotalsResponse>> kept =
      paged_answers_.Find(number, shown.reader, request.query().SerializeAsString());
  if (!kept.ok()) return kept.status();
  const v1::QueryTotalsResponse& answer = **kept;
  if (begin >= answer.rows_size()) return InvalidTotalsPageToken("must be a next_page_token of an earlier page");
  response->set_cut_by_period_count(answer.cut_by_period_count());
  response->set_position(answer.position());
  *response->mutable_as_of_time() = answer.as_of_time();
  const int end = EndOfPage(answer.rows(), begin, size, 0);
  for (int index = begin; index < end; ++index) *response->add_rows() = answer.rows(index);
  if (end < answer.rows_size()) response->set_next_page_token(NextPageToken(number, end));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* TotalsService::GetCoverage(grpc::CallbackServerContext* context,
                                                     const v1::GetCoverageRequest* request,
                                                     v1::GetCoverageResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kGetCoverage);
  reactor->Finish(ToGrpcStatus(admission.ok() ? Coverage(*admission, *request, response) : admission.status()));
  return reactor;
}

absl::Status TotalsService::Coverage(const Admission& admission, const v1::GetCoverageRequest& request,
                                     v1::GetCoverageResponse* response) const {
  const absl::StatusOr<Shown> shown = Admitted(admission, request, admission.rights->MayCover(request));
  if (!shown.ok()) return shown.status();
  FieldProblems problems;
  std::optional<Scope> scope = ParseCoverageScope(request, cubes_.catalogue(), *cubes_.operations(), &problems);
  if (!scope) return InvalidQuery(problems);
  shown->sight.Limit(&*scope);
  cubes_.Read([&](const CubesView& view) {
    ComputeCoverage(view, cubes_.catalogue(), *scope, response->mutable_coverage());
    response->set_position(view.position);
    *response->mutable_as_of_time() = TimestampOf(view.as_of_time_us);
  });
  return absl::OkStatus();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* TotalsService::WatchTotals(grpc::CallbackServerContext* context,
                                                                       const grpc::ByteBuffer* request) {
  absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kWatchTotals);
  if (!admission.ok()) return Watchers::Refuse(admission.status());
  grpc::ByteBuffer bytes(*request);  // Shares its slices.
  v1::WatchTotalsRequest asked;
  if (!Parse(&bytes, &asked)) return Watchers::Refuse(MalformedMessage());
  absl::StatusOr<WatchedQuestion> question = CheckWatch(*admission, asked);
  if (!question.ok()) return Watchers::Refuse(question.status());
  return watchers_.Watch(context, *std::move(admission), *std::move(question), asked.resume_token());
}

absl::StatusOr<WatchedQuestion> TotalsService::CheckWatch(const Admission& admission,
                                                          const v1::WatchTotalsRequest& request) const {
  const v1::TotalsQuery& query = request.query();
  const absl::StatusOr<Shown> shown = Admitted(admission, query, admission.rights->MayQuery(query));
  if (!shown.ok()) return shown.status();
  FieldProblems problems;
  for (const auto& [asked, name] : {std::pair{query.as_of_position() != 0, "query.as_of_position"},
                                    std::pair{query.has_as_of_time(), "query.as_of_time"}}) {
    if (asked) problems.push_back({name, "NOT_WATCHABLE", "must be absent: totals of a moment never change"});
  }
  WatchedQuestion question;
  std::optional<TotalsQuery> parsed =
      ParseTotalsQuery(query, "query", cubes_.catalogue(), *cubes_.operations(), &problems);
  if (!parsed || !problems.empty()) return InvalidQuery(problems);
  shown->sight.Limit(&parsed->scope);
  question.query = query;
  question.parsed = *std::move(parsed);
  question.sight_key = shown->sight.Key();
  return question;
}

grpc::ServerUnaryReactor* TotalsService::ExplainTotal(grpc::CallbackServerContext* context,
                                                      const v1::ExplainTotalRequest* request,
                                                      v1::ExplainTotalResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kExplainTotal);
  absl::StatusOr<Explanation> explanation =
      admission.ok() ? CheckExplanation(*admission, *request) : admission.status();
  if (!explanation.ok()) {
    reactor->Finish(ToGrpcStatus(explanation.status()));
    return reactor;
  }
  const auto is_wanted = [context] { return !context->IsCancelled(); };
  disk_reader_.Read(
      {.is_wanted = is_wanted,
       .read = [this, is_wanted, response, explanation = *std::move(explanation)]() mutable -> absl::Status {
         if (!explanation.moment.IsNow()) {
           const absl::StatusOr<Moment> moment = differences_.Resolve(explanation.moment);
           if (!moment.ok()) return moment.status();
           explanation.page.position = moment->position;
           explanation.page.as_of_time_us = moment->as_of_time_us;
         }
         return ReadExplanation(store_, &explanation.row, explanation.page, is_wanted, response);
       },
       .done = [reactor](const absl::Status& status) { reactor->Finish(ToGrpcStatus(status)); }});
  return reactor;
}

absl::StatusOr<TotalsService::Explanation> TotalsService::CheckExplanation(
    const Admission& admission, const v1::ExplainTotalRequest& request) const {
  const v1::TotalsQuery& query = request.query();
  const absl::StatusOr<Shown> shown = Admitted(admission, query, admission.rights->MayExplain(query));
  if (!shown.ok()) return shown.status();
  FieldProblems problems;
  const std::shared_ptr<const OperationDirectory> operations = cubes_.operations();
  const CubesMoment now = cubes_.Now({});
  const AskedMoment moment =
      ParseMoment(query.as_of_position(), "query.as_of_position",
                  query.has_as_of_time() ? &query.as_of_time() : nullptr, "query.as_of_time", now, &problems);
  std::optional<TotalsQuery> parsed = ParseTotalsQuery(query, "query", cubes_.catalogue(), *operations, &problems);
  if (!parsed) return InvalidQuery(problems);
  shown->sight.Limit(&parsed->scope);
  std::optional<ExplainedRow> row =
      ExplainedRow::Resolve(*parsed, request.row(), "row", cubes_.catalogue(), *operations, &problems);
  if (!problems.empty()) return InvalidQuery(problems);

  ExplanationPage page;
  const absl::StatusOr<int> size = PageSize(request.page_size(), kDefaultItemsPerPage, kMaxItemsPerPage);
  if (!size.ok()) return size.status();
  page.size = *size;
  v1::TotalsRow labels = request.row();
  labels.clear_total();
  labels.clear_baseline();
  page.scope = absl::StrCat("explain/", Sha256Hex(absl::StrCat(shown->reader, "\n", query.SerializeAsString(), "\n",
                                                               labels.SerializeAsString())));
  const absl::StatusOr<std::string> key = ReadPageToken(page.scope, request.page_token());
  if (!key.ok()) return key.status();
  if (key->empty()) {
    page.position = now.position;
    page.as_of_time_us = now.as_of_time_us;
    return Explanation{*std::move(row), std::move(page), moment};
  }
  if (!ReadKeyOfPage(*key, &page) || page.position > now.position) {
    return muster::InvalidPageToken();
  }
  return Explanation{*std::move(row), std::move(page), AskedMoment()};
}

grpc::ServerUnaryReactor* TotalsService::DiffTotals(grpc::CallbackServerContext* context,
                                                    const v1::DiffTotalsRequest* request,
                                                    v1::DiffTotalsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kDiffTotals);
  absl::StatusOr<DifferenceQuestion> question =
      admission.ok() ? CheckDifference(*admission, *request) : admission.status();
  if (!question.ok()) {
    reactor->Finish(ToGrpcStatus(question.status()));
    return reactor;
  }
  const std::function<bool()> is_wanted = [context] { return !context->IsCancelled(); };
  rewinds_.Read({.is_wanted = is_wanted,
                 .read =
                     [this, is_wanted, response, question = *std::move(question)]() mutable {
                       return differences_.Answer(std::move(question), is_wanted, response);
                     },
                 .done = [reactor](const absl::Status& status) { reactor->Finish(ToGrpcStatus(status)); }});
  return reactor;
}

absl::StatusOr<DifferenceQuestion> TotalsService::CheckDifference(const Admission& admission,
                                                                  const v1::DiffTotalsRequest& request) const {
  // The results that moved a row are results: whoever asks for them needs the rights of an explanation.
  const v1::TotalsQuery& query = request.query();
  const absl::StatusOr<Shown> shown = Admitted(
      admission, query, request.has_row() ? admission.rights->MayExplain(query) : admission.rights->MayQuery(query));
  if (!shown.ok()) return shown.status();
  return differences_.Check(request, shown->sight, shown->reader);
}

}  // namespace muster
