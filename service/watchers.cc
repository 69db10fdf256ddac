#include "service/watchers.h"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/digest.h"
#include "domain/timestamp.h"
#include "google/protobuf/arena.h"
#include "service/errors.h"

namespace muster {
namespace {

constexpr absl::string_view kTokenStart = "watch";

absl::Status Stopping() {
  return WithRetry(Error(absl::StatusCode::kUnavailable, "SERVER_STOPPING",
                         "The server is stopping; watch again with the last resume_token."));
}

absl::Status TooSlow(std::chrono::milliseconds patience) {
  return WithRetry(
      Error(absl::StatusCode::kAborted, "WATCHER_TOO_SLOW",
            absl::StrCat("Changes have waited for ", patience.count() / 1'000,
                         " seconds, and nothing was read meanwhile; watch again with the last resume_token, "
                         "and read faster, or ask for fewer rows.")));
}

absl::Status RightsChanged() {
  return WithRetry(Error(absl::StatusCode::kAborted, "RIGHTS_CHANGED",
                         "What this caller may see is no longer the same; watch again with the last resume_token."));
}

absl::Status WatchesFull(absl::string_view whose, int limit) {
  return WithRetry(Error(absl::StatusCode::kResourceExhausted, "WATCHES_FULL",
                         absl::StrCat(whose, " has ", limit, " watches, which is all there may be; end one of them.")),
                   std::chrono::seconds(10));
}

absl::Status RowsFull(size_t limit) {
  return WithRetry(Error(absl::StatusCode::kResourceExhausted, "WATCHES_FULL",
                         absl::StrCat("All watches together have ", limit,
                                      " rows, which is all there may be; ask for fewer, or try again later.")),
                   std::chrono::seconds(10));
}

absl::Status TooManyRows(size_t rows, size_t limit) {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_ROWS",
               absl::StrCat("This has ", rows, " rows, and at most ", limit,
                            " can be watched; ask for fewer, or for QueryTotals again and again."));
}

absl::Status InvalidResumeToken(absl::string_view how) {
  return InvalidFields("INVALID_RESUME_TOKEN", "The resume token is not of this question.",
                       {{"resume_token", "INVALID_RESUME_TOKEN", std::string(how)}});
}

std::string Fingerprint(absl::string_view bytes) { return Sha256Hex(bytes).substr(0, 16); }

// What a token says of where its reader stands.
struct ResumePlace {
  std::string sight;
  std::string run;
  LogPosition position = 0;
};

// nullopt for the empty token.
absl::StatusOr<std::optional<ResumePlace>> ReadToken(const std::string& token, const std::string& query_fingerprint) {
  if (token.empty()) return std::nullopt;
  std::string text;
  const auto malformed = [] {
    return InvalidResumeToken("must be empty, or the resume_token of an earlier message of WatchTotals");
  };
  if (!absl::WebSafeBase64Unescape(token, &text)) return malformed();
  const std::vector<std::string> parts = absl::StrSplit(text, '\n');
  ResumePlace place;
  if (parts.size() != 5 || parts[0] != kTokenStart || !absl::SimpleAtoi(parts[4], &place.position) ||
      place.position < 0) {
    return malformed();
  }
  if (parts[1] != query_fingerprint) {
    return InvalidResumeToken("is of another query; leave the query as it was, or begin without a token");
  }
  place.sight = parts[2];
  place.run = parts[3];
  return place;
}

// Finishes a call at once.
class EndedCall final : public Watchers::Reactor {
 public:
  explicit EndedCall(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

// A question that is watched, with its newest answer. Touched by the thread alone.
struct Watchers::Question {
  explicit Question(size_t max_gone_rows) : totals(max_gone_rows) {}

  TotalsQuery parsed;
  std::string query_fingerprint;
  std::string sight_fingerprint;
  std::string run;

  WatchedTotals totals;
  AnswerBasis basis;
  int64_t version = 0;  // Of the answer; 0: there is none yet.
  Time computed;
  std::vector<std::shared_ptr<Watcher>> watchers;
  Time left;  // When the last watcher was seen to be gone.
};

// One call. Owns itself until it is over.
class Watchers::Watcher final : public Reactor {
 public:
  Watcher(Watchers& all, grpc::CallbackServerContext* context, Admission admission, WatchedQuestion question)
      : all_(all),
        context_(context),
        who_(admission.rights->who()),
        admission_(std::move(admission)),
        question_(std::move(question)) {}

  // `watch` goes when the call is over.
  void Own(std::shared_ptr<Watcher> self, std::unique_ptr<Callers::Watch> watch) {
    self_ = std::move(self);
    caller_watch_ = std::move(watch);
  }

  // Ends the call, also with a message on its way: that goes out first, if it is read at all. From any thread, also
  // when the call is over.
  void End(const absl::Status& status) {
    Proceed([&] {
      if (!ended_) status_ = status;
      ended_ = true;
    });
  }

  // For a reader that does not even take the end. From any thread, also when the call is over.
  void Cancel() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!done_) context_->TryCancel();
  }

  // Starts the messages of one moment. There must be none on their way.
  void Send(const std::vector<grpc::ByteBuffer>& messages) {
    Proceed([&] { parts_.assign(messages.begin(), messages.end()); });  // They share their slices.
  }

  void OnWriteDone(bool ok) override {
    all_.message_count_.fetch_add(ok ? 1 : 0, std::memory_order_relaxed);
    Proceed([&] {
      writing_ = false;
      parts_.pop_front();
      if (!ok) parts_.clear();  // The call is being cancelled.
    });
  }

  // By its client, by its deadline, or with its connection.
  void OnCancel() override { End(absl::CancelledError("The call was cancelled.")); }

  void OnDone() override {
    caller_watch_.reset();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    all_.CountOut(*this);
    self_.reset();  // The last thing that is done.
  }

  // The end was told to gRPC.
  bool IsEnded() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ended_;
  }
  // The call is over.
  bool IsDone() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return done_;
  }
  // Since when the message that is on its way has been so; nullopt if none is.
  std::optional<Time> writing_since() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return parts_.empty() ? std::nullopt : std::optional<Time>(writing_since_);
  }

  const std::string& who() const { return who_; }
  Admission& admission() { return admission_; }  // For the thread, once the watcher has joined.
  WatchedQuestion& question() { return question_; }

  // What follows is of the thread, once the watcher has joined.
  std::optional<ResumePlace> resume;    // Where its reader stands at first.
  std::optional<LogPosition> position;  // That its reader has, or is being sent.
  int64_t version = 0;                  // Of the answer that its reader has, or is being sent; 0: none.
  Time sent;                            // When that was.
  std::optional<Time> end_seen;         // When the call was first seen to have ended.

 private:
  // Makes a change, and starts whatever may be started after it. gRPC may call back while it is told to start
  // something, so no lock is held then; nobody else starts anything meanwhile, so that the call is not over before it
  // is back.
  template <typename Change>
  void Proceed(const Change& change) {
    std::unique_lock<std::mutex> lock(mutex_);
    change();
    while (!starting_ && !finished_) {
      if (ended_) {
        finished_ = true;
        const absl::Status status = status_;
        lock.unlock();
        Finish(ToGrpcStatus(status));
        return;
      }
      if (writing_ || parts_.empty()) return;
      writing_ = true;
      starting_ = true;
      writing_since_ = std::chrono::steady_clock::now();
      const grpc::ByteBuffer* const first = &parts_.front();
      lock.unlock();
      StartWrite(first);
      lock.lock();
      starting_ = false;
    }
  }

  Watchers& all_;
  grpc::CallbackServerContext* const context_;
  const std::string who_;
  Admission admission_;
  WatchedQuestion question_;
  std::shared_ptr<Watcher> self_;
  std::unique_ptr<Callers::Watch> caller_watch_;

  mutable std::mutex mutex_;            // Guards what follows.
  std::deque<grpc::ByteBuffer> parts_;  // Of one moment; the first is on its way if writing_.
  Time writing_since_;
  bool writing_ = false;
  bool starting_ = false;  // gRPC is being told to write.
  bool ended_ = false;
  bool finished_ = false;
  bool done_ = false;
  absl::Status status_;  // What the call ends with.
};

Watchers::Watchers(const Gate& gate, const Cubes& cubes, WatcherLimits limits)
    : gate_(gate),
      cubes_(cubes),
      limits_(limits),
      run_(absl::StrCat(absl::Hex(std::random_device()()), absl::Hex(std::random_device()()))),
      thread_([this] { Run(); }) {}

Watchers::~Watchers() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  woken_up_.notify_all();
  thread_.join();
}

Watchers::Reactor* Watchers::Refuse(const absl::Status& status) { return new EndedCall(status); }

Watchers::Reactor* Watchers::Watch(grpc::CallbackServerContext* context, Admission admission, WatchedQuestion question,
                                   const std::string& resume_token) {
  absl::StatusOr<std::optional<ResumePlace>> resume =
      ReadToken(resume_token, Fingerprint(question.query.SerializeAsString()));
  if (!resume.ok()) return Refuse(resume.status());
  const std::string who = admission.rights->who();
  if (absl::Status counted = CountIn(who); !counted.ok()) return Refuse(counted);

  const auto watcher = std::make_shared<Watcher>(*this, context, std::move(admission), std::move(question));
  watcher->resume = *std::move(resume);
  watcher->Own(watcher, gate_.WatchCall(*context, [weak = std::weak_ptr(watcher)](const absl::Status& status) {
    if (const std::shared_ptr<Watcher> running = weak.lock()) running->End(status);
  }));
  bool ended = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended = ended_;
    watchers_.emplace(watcher.get(), watcher);
    if (!ended) joining_.push_back(watcher);
  }
  if (ended) {
    watcher->End(Stopping());
  } else {
    WakeUp();
  }
  return watcher.get();
}

absl::Status Watchers::CountIn(const std::string& who) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (watcher_count_ >= limits_.max_watchers) return WatchesFull("The server", limits_.max_watchers);
  int& count = counts_by_caller_[who];
  if (count >= limits_.max_watchers_per_caller) return WatchesFull("This caller", limits_.max_watchers_per_caller);
  ++count;
  ++watcher_count_;
  return absl::OkStatus();
}

void Watchers::CountOut(const Watcher& watcher) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --watcher_count_;
  const auto count = counts_by_caller_.find(watcher.who());
  if (--count->second == 0) counts_by_caller_.erase(count);
  watchers_.erase(&watcher);
}

void Watchers::Changed() {
  changed_.store(true);
  // Only one of the two who see this the other way round may miss it: the thread looks at changed_ after it has said
  // that it listens.
  if (listening_.load() && listening_.exchange(false)) WakeUp();
}

void Watchers::WakeUp() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wake_up_ = true;
  }
  woken_up_.notify_one();
}

void Watchers::End() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    joining_.clear();
    for (const auto& [unused, weak] : watchers_) {
      if (std::shared_ptr<Watcher> watcher = weak.lock()) watchers.push_back(std::move(watcher));
    }
  }
  for (const std::shared_ptr<Watcher>& watcher : watchers) watcher->End(Stopping());
  // Who reads takes the end at once. Who has not taken a message for seconds takes no end either, and would hold up the
  // stop.
  const Time stuck = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  for (const std::shared_ptr<Watcher>& watcher : watchers) {
    if (const std::optional<Time> since = watcher->writing_since(); since && *since < stuck) watcher->Cancel();
  }
}

WatcherCounts Watchers::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {watcher_count_, question_count_.load(), message_count_.load(), too_slow_count_.load()};
}

void Watchers::Run() {
  Time next = Time::max();
  while (true) {
    std::vector<std::shared_ptr<Watcher>> joining;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const auto woken_up = [this] { return stopping_ || wake_up_; };
      if (next == Time::max()) {
        woken_up_.wait(lock, woken_up);
      } else {
        woken_up_.wait_until(lock, next, woken_up);
      }
      if (stopping_) return;
      wake_up_ = false;
      joining.swap(joining_);
    }
    listening_ = false;
    changed_ = false;  // Before the look: what changes from here on is seen by the next one.
    const Time now = std::chrono::steady_clock::now();
    worked_ = {};
    TakeIn(std::move(joining), now);
    next = Look(now);
    // So that this never takes more than half of one processor.
    const Time rested = std::chrono::steady_clock::now() + std::max<std::chrono::nanoseconds>(worked_, kWatchLookPause);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (woken_up_.wait_until(lock, rested, [this] { return stopping_; })) return;
    }
    // As long as nobody could be told of a change, none wakes it.
    if (react_from_ > rested) continue;
    listening_ = true;
    if (changed_) next = rested;
  }
}

void Watchers::TakeIn(std::vector<std::shared_ptr<Watcher>> joining, Time now) {
  for (std::shared_ptr<Watcher>& watcher : joining) {
    WatchedQuestion& asked = watcher->question();
    const std::string query = asked.query.SerializeAsString();
    std::unique_ptr<Question>& question = questions_[absl::StrCat(asked.sight_key, "\n", query)];
    if (question == nullptr) {
      question = std::make_unique<Question>(limits_.max_rows_of_question);
      question->parsed = std::move(asked.parsed);
      question->query_fingerprint = Fingerprint(query);
      question->sight_fingerprint = Fingerprint(asked.sight_key);
      question->run = run_;
    }
    if (watcher->resume && watcher->resume->run == run_ && watcher->resume->sight == question->sight_fingerprint) {
      watcher->position = watcher->resume->position;
    }
    question->left = now;
    question->watchers.push_back(std::move(watcher));
  }
}

Watchers::Time Watchers::Look(Time now) {
  const bool check_rights = now >= next_rights_check_;
  if (check_rights) next_rights_check_ = now + limits_.rights_interval;
  react_from_ = Time::max();
  // Nobody's rights, due time or patience need be known more exactly.
  Time next = now + std::min(limits_.rights_interval, limits_.heartbeat);
  for (auto place = questions_.begin(); place != questions_.end();) {
    Question& question = *place->second;
    if (check_rights) CheckRights(question);
    next = std::min(next, LookAfter(question, now));
    if (!question.watchers.empty()) question.left = now;
    const bool is_forgotten =
        question.watchers.empty() && (now - question.left >= limits_.memory || question.version == 0 ||
                                      questions_.size() > static_cast<size_t>(limits_.max_watchers));
    if (is_forgotten) rows_ -= question.totals.row_count();
    place = is_forgotten ? questions_.erase(place) : std::next(place);
  }
  question_count_ = static_cast<int64_t>(questions_.size());
  return questions_.empty() ? Time::max() : next;
}

Watchers::Time Watchers::LookAfter(Question& question, Time now) {
  bool someone_watches = false;
  bool someone_joins = false;
  std::vector<std::shared_ptr<Watcher>>& watchers = question.watchers;
  for (auto place = watchers.begin(); place != watchers.end();) {
    Watcher& watcher = **place;
    if (watcher.IsDone()) {
      place = watchers.erase(place);
      continue;
    }
    if (!watcher.IsEnded()) {
      someone_watches = true;
      someone_joins = someone_joins || watcher.version == 0;
    } else if (!watcher.end_seen) {
      watcher.end_seen = now;
    } else if (now - *watcher.end_seen >= limits_.patience) {
      watcher.Cancel();
    }
    ++place;
  }
  if (!someone_watches) return Time::max();

  // Somebody who joins sees all that was acknowledged before; the others are not told more often for it.
  const Time due = question.computed + limits_.interval;
  if (question.version == 0 || someone_joins || now >= due) {
    if (const absl::Status status = BringUpToDate(question); !status.ok()) {
      for (const std::shared_ptr<Watcher>& watcher : watchers) watcher->End(status);
      return now + limits_.interval;
    }
  }
  const Time due_next = question.computed + limits_.interval;
  react_from_ = std::min(react_from_, due_next);
  Time next = now < due_next ? due_next : Time::max();
  const std::string token = TokenOf(question);
  for (const std::shared_ptr<Watcher>& watcher : watchers) {
    if (!watcher->IsEnded()) next = std::min(next, Tell(question, *watcher, token, now));
  }
  return next;
}

Watchers::Time Watchers::Tell(Question& question, Watcher& watcher, const std::string& token, Time now) {
  const Time silent_until = watcher.sent + limits_.heartbeat;
  if (watcher.version == question.version && now < silent_until) return silent_until;
  if (const std::optional<Time> since = watcher.writing_since()) {
    if (now - *since >= limits_.patience) {
      too_slow_count_.fetch_add(1, std::memory_order_relaxed);
      watcher.End(TooSlow(limits_.patience));
    }
    return now + limits_.interval;
  }
  if (watcher.version != 0 && now - watcher.sent < limits_.interval) return watcher.sent + limits_.interval;
  watcher.Send(question.totals.MessagesSince(watcher.position, token));
  watcher.position = question.totals.position();
  watcher.version = question.version;
  watcher.sent = now;
  return now + limits_.heartbeat;
}

absl::Status Watchers::BringUpToDate(Question& question) {
  if (question.version != 0) {
    const CubesMoment moment = cubes_.Now(question.basis.operations);
    if (question.basis.HoldsAt(moment)) {
      question.totals.MoveTo(moment.position, TimestampOf(moment.as_of_time_us));
      return absl::OkStatus();
    }
  }
  const Time begin = std::chrono::steady_clock::now();
  google::protobuf::Arena arena;
  auto& answer = *google::protobuf::Arena::CreateMessage<v1::QueryTotalsResponse>(&arena);
  AnswerBasis basis;
  if (absl::Status status = ComputeTotals(cubes_, question.parsed, &answer, &basis); !status.ok()) return status;
  const auto rows = static_cast<size_t>(answer.rows_size());
  if (rows > limits_.max_rows_of_question) return TooManyRows(rows, limits_.max_rows_of_question);
  if (rows_ - question.totals.row_count() + rows > limits_.max_rows) ForgetUnwatched();
  if (rows_ - question.totals.row_count() + rows > limits_.max_rows) return RowsFull(limits_.max_rows);
  rows_ -= question.totals.row_count();
  if (question.totals.Take(&answer)) ++question.version;
  rows_ += question.totals.row_count();
  question.basis = std::move(basis);
  question.computed = std::chrono::steady_clock::now();
  worked_ += question.computed - begin;
  return absl::OkStatus();
}

void Watchers::ForgetUnwatched() {
  for (const auto& [unused, question] : questions_) {
    if (!question->watchers.empty()) continue;
    rows_ -= question->totals.row_count();
    question->totals = WatchedTotals(limits_.max_rows_of_question);
    question->version = 0;  // So the next look forgets it as a whole.
  }
}

void Watchers::CheckRights(Question& question) {
  for (const std::shared_ptr<Watcher>& watcher : question.watchers) {
    if (watcher->IsEnded()) continue;
    Admission& admission = watcher->admission();
    const uint64_t known = admission.rights->number();
    Admission renewed = admission;
    absl::Status status = gate_.Renew(&renewed);
    if (status.ok() && renewed.rights->number() != known) {
      const absl::StatusOr<Sight> sight = renewed.rights->MayQuery(watcher->question().query);
      if (!sight.ok()) {
        status = gate_.Refuse(renewed, "", sight.status());
      } else if (sight->Key() != watcher->question().sight_key) {
        status = RightsChanged();
      }
    }
    if (status.ok()) {
      admission = std::move(renewed);
    } else {
      watcher->End(status);
    }
  }
}

std::string Watchers::TokenOf(const Question& question) {
  return absl::WebSafeBase64Escape(absl::StrCat(kTokenStart, "\n", question.query_fingerprint, "\n",
                                                question.sight_fingerprint, "\n", question.run, "\n",
                                                question.totals.position()));
}

}  // namespace muster
