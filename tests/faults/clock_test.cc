// The clock of the machine jumps: forwards, backwards, over a leap day and the changes of summer time, while the server
// runs and between its starts. A real musterd, under libfaketime, beside a server with an undisturbed clock that gets
// the same: outcomes, log and totals are the same, nothing acknowledged is lost, and no call hangs.

#include <semaphore.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "tests/faults/journal.h"
#include "tests/faults/reporter.h"
#include "tests/faults/running_muster.h"
#include "tests/service/child_process.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::TimeUtil;
using testing::Eq;
using testing::IsEmpty;

constexpr char kMusterd[] = MUSTER_BINARY_DIR "/musterd_system_malloc";
constexpr char kLibfaketime[] = MUSTER_LIBFAKETIME;
constexpr char kTimeZone[] = "Europe/London";
constexpr char kClockIsBehind[] = "the clock is behind";

absl::Time Utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%E*S", text, absl::UTCTimeZone(), &time, &error)) << text << error;
  return time;
}

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(timestamp));
}

// To which time the clock is set. It then runs on from there.
struct Jump {
  std::function<absl::Time(absl::Time)> from;
  absl::Time runs_until = absl::InfinitePast();  // Results are sent before, and again once it is that late.
};

Jump To(const std::string& time, const std::string& runs_until = "") {
  return {[time](absl::Time /*now*/) { return Utc(time); },
          runs_until.empty() ? absl::InfinitePast() : Utc(runs_until)};
}

Jump By(absl::Duration duration) {
  return {[duration](absl::Time now) { return now + duration; }};
}

// The clock of one server.
class FakedClock {
 public:
  FakedClock(std::string file, absl::Time time) : file_(std::move(file)) { Set(time); }

  void Set(absl::Time time) {
    offset_ = time - TrueTime();
    // Renamed into place: a server reads the file whenever it asks for the time.
    std::ofstream(file_ + ".new") << absl::StrFormat("%+.6f\n", absl::ToDoubleSeconds(offset_));
    std::filesystem::rename(file_ + ".new", file_);
  }
  absl::Time Now() const { return TrueTime() + offset_; }
  const std::string& file() const { return file_; }

 private:
  // absl::Now may be some way from what others see.
  static absl::Time TrueTime() { return absl::FromChrono(std::chrono::system_clock::now()); }

  const std::string file_;
  absl::Duration offset_;
};

// Asks for totals all the time, whatever the clock does.
class Reader {
 public:
  explicit Reader(const std::string& address) : client_(address), thread_([this] { Run(); }) {}
  ~Reader() {
    stopping_ = true;
    thread_.join();
  }

 private:
  void Run() {
    v1::QueryTotalsResponse before;
    do {
      v1::QueryTotalsResponse answer = client_.Query({});
      EXPECT_GE(answer.position(), before.position());
      EXPECT_GE(TimeOf(answer.as_of_time()), TimeOf(before.as_of_time())) << "what an answer stands for went back";
      before = std::move(answer);
    } while (!stopping_);
  }

  Client client_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// A client that submits to one server: in unary calls, and over a stream that stays open until it goes.
class Submitter {
 public:
  explicit Submitter(const std::string& address) : client_(address) {
    context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    stream_ = client_.ingest->StreamResults(&context_);
  }

  Client& client() { return client_; }

  std::vector<v1::Receipt> Submit(const std::vector<v1::OperationResult>& results) {
    const v1::SubmitResultsResponse answer = client_.Submit(results);
    return {answer.receipts().begin(), answer.receipts().end()};
  }
  std::vector<v1::Receipt> SubmitOverStream(const std::vector<v1::OperationResult>& results) {
    v1::StreamResultsRequest request;
    for (const v1::OperationResult& result : results) *request.add_results() = result;
    v1::StreamResultsResponse answer;
    EXPECT_TRUE(stream_->Write(request) && stream_->Read(&answer)) << "the stream broke";
    return {answer.receipts().begin(), answer.receipts().end()};
  }
  void EndStream() {
    stream_->WritesDone();
    EXPECT_THAT(stream_->Finish(), IsOkCall());
  }

 private:
  Client client_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamResultsRequest, v1::StreamResultsResponse>> stream_;
};

// All totals, as finely as they can be asked for, with their coverage; without times.
std::string EveryTotal(Client& client) {
  v1::TotalsQuery query;
  for (const v1::GroupBy by :
       {v1::GROUP_BY_OPERATION, v1::GROUP_BY_REGION, v1::GROUP_BY_FORCE, v1::GROUP_BY_DATE, v1::GROUP_BY_CATEGORY}) {
    query.add_group_by(by);
  }
  v1::QueryTotalsResponse answer = client.Query(query);
  EXPECT_GT(answer.rows_size(), 0);
  answer.clear_as_of_time();
  for (v1::ForceCoverage& force : *answer.mutable_coverage()->mutable_forces()) force.clear_last_heard_time();
  return answer.DebugString();
}

enum class JumpsWhile { kItRuns, kItIsStopped };
void PrintTo(JumpsWhile jumps_while, std::ostream* out) {
  *out << (jumps_while == JumpsWhile::kItRuns ? "while it runs" : "between starts");
}

struct ClockCase {
  std::string name;
  std::string starts_at;
  std::vector<Jump> jumps;
  friend void PrintTo(const ClockCase& row, std::ostream* out) { *out << row.name; }
};

class ClockTest : public testing::TestWithParam<std::tuple<ClockCase, JumpsWhile>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(kLibfaketime)) << "no " << kLibfaketime << ": `./dev setup` installs it";
    absl::TimeZone time_zone;
    ASSERT_TRUE(absl::LoadTimeZone(kTimeZone, &time_zone)) << "no " << kTimeZone << ": `./dev setup` installs it";
    undisturbed_server_ = StartServer(folder_.Path("undisturbed"));
    ASSERT_NE(undisturbed_server_, nullptr);
    undisturbed_ = std::make_unique<Submitter>(undisturbed_server_->address());
  }

  void Start() {
    const bool behind = last_accept_time_ - clock_.Now() > absl::Minutes(2);
    server_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"/usr/bin/env", absl::StrCat("LD_PRELOAD=", kLibfaketime),
                                 "FAKETIME_TIMESTAMP_FILE=" + clock_.file(), "FAKETIME_NO_CACHE=1",
                                 // Nobody can set the monotonic clock of a machine either.
                                 "FAKETIME_DONT_FAKE_MONOTONIC=1", absl::StrCat("TZ=", kTimeZone), kMusterd, "--config",
                                 "/dev/null", "--store", folder_.Path("disturbed"), "--listen", "127.0.0.1:0"},
        folder_.Path("log"));
    const std::string prefix = "listening on ";
    const std::string line = server_->ReadLine().value_or("");
    ASSERT_EQ(line.rfind(prefix, 0), 0) << line << server_->Log();
    EXPECT_EQ(absl::StrContains(server_->Log(), kClockIsBehind), behind) << server_->Log();
    disturbed_ = std::make_unique<Submitter>(line.substr(prefix.size()));
    reader_ = std::make_unique<Reader>(line.substr(prefix.size()));
  }
  void StopWell() {
    disturbed_->EndStream();
    reader_.reset();
    disturbed_.reset();
    server_->Signal(SIGTERM);
    EXPECT_EQ(server_->WaitUntilEnded(), 0) << server_->Log();
  }
  void Kill() {
    reader_.reset();
    server_->Signal(SIGKILL);
    EXPECT_EQ(server_->WaitUntilEnded(), 128 + SIGKILL) << server_->Log();
    disturbed_.reset();
    // What libfaketime shares with children of its program, and removes when that ends by itself.
    shm_unlink(absl::StrCat("/faketime_shm_", server_->id()).c_str());
    sem_unlink(absl::StrCat("/faketime_sem_", server_->id()).c_str());
  }

  // The same to both servers, which must answer the same. What is accepted is accepted later than all before it, and
  // not before the clock's time.
  void SubmitAndCompare() {
    for (int message = 0; message < 6; ++message) {
      const std::vector<v1::OperationResult> results = reporter_.Next();
      for (const v1::OperationResult& result : results) journal_.Send(result);
      const auto submit = message % 2 == 0 ? &Submitter::Submit : &Submitter::SubmitOverStream;
      const absl::Time sent_at = clock_.Now();
      std::vector<v1::Receipt> receipts = (*disturbed_.*submit)(results);
      std::vector<v1::Receipt> wanted = (*undisturbed_.*submit)(results);
      ASSERT_EQ(receipts.size(), results.size());
      ASSERT_EQ(wanted.size(), results.size());
      absl::Time group_time = absl::InfinitePast();
      for (size_t i = 0; i < results.size(); ++i) {
        journal_.Acknowledge(results[i], receipts[i].outcome());
        if (receipts[i].position() > last_position_) {
          last_position_ = receipts[i].position();
          group_time = TimeOf(receipts[i].accept_time());
          EXPECT_GT(group_time, last_accept_time_) << receipts[i].DebugString();
          EXPECT_GE(group_time, absl::FromUnixMicros(absl::ToUnixMicros(sent_at))) << receipts[i].DebugString();
        }
        receipts[i].clear_accept_time();
        wanted[i].clear_accept_time();
        EXPECT_EQ(receipts[i].DebugString(), wanted[i].DebugString());
      }
      last_accept_time_ = std::max(last_accept_time_, group_time);
    }
    EXPECT_EQ(EveryTotal(disturbed_->client()), EveryTotal(undisturbed_->client()));
    const v1::VerifyTotalsResponse verified = disturbed_->client().Verify();
    EXPECT_EQ(verified.mismatch_count(), 0) << verified.DebugString();
    EXPECT_EQ(verified.entry_count(), last_position_);
  }

  // Waits until the clock that the server sees is that late.
  void AwaitTime(absl::Time time) {
    while (clock_.Now() < time) ASSERT_GT(disturbed_->client().Query({}).position(), 0);
    EXPECT_GE(TimeOf(disturbed_->client().Query({}).as_of_time()), time);
  }

  // What a log holds, without times. Both laws hold of it.
  std::vector<std::string> LogOf(const std::string& store) {
    std::vector<std::string> log;
    StoreOptions options;
    options.directory = folder_.Path(store);
    const auto muster = RunningMuster::Start(options, ShippedCatalogue());
    EXPECT_TRUE(muster.ok()) << muster.status();
    if (!muster.ok()) return log;
    EXPECT_THAT(journal_.BrokenLaws((*muster)->store(), (*muster)->cubes()), IsEmpty()) << store;
    const absl::Status replayed = (*muster)->store().Replay(1, [&](const LoggedEntry& entry) {
      log.push_back(entry.entry.DebugString());
      return absl::OkStatus();
    });
    EXPECT_TRUE(replayed.ok()) << replayed;
    return log;
  }

  TemporaryFolder folder_;
  FakedClock clock_{folder_.Path("clock"), Utc(std::get<0>(GetParam()).starts_at)};
  Reporter reporter_{1, 0};
  Journal journal_{ShippedCatalogue()};
  int64_t last_position_ = 0;
  absl::Time last_accept_time_ = absl::UnixEpoch();
  std::unique_ptr<Server> undisturbed_server_;
  std::unique_ptr<Submitter> undisturbed_;
  std::unique_ptr<ChildProcess> server_;
  std::unique_ptr<Submitter> disturbed_;
  std::unique_ptr<Reader> reader_;
};

TEST_P(ClockTest, OutcomesAndTotalsAreThoseOfAnUndisturbedClock) {
  const auto& [row, jumps_while] = GetParam();
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(SubmitAndCompare());
  EXPECT_LT(last_accept_time_ - std::max(Utc(row.starts_at), absl::UnixEpoch()), absl::Minutes(1))
      << "the server has another clock";
  for (const Jump& jump : row.jumps) {
    const absl::Time time = jump.from(clock_.Now());
    if (jumps_while == JumpsWhile::kItRuns) {
      clock_.Set(time);
    } else {
      StopWell();
      clock_.Set(time);
      ASSERT_NO_FATAL_FAILURE(Start());
    }
    ASSERT_NO_FATAL_FAILURE(SubmitAndCompare());
    if (jump.runs_until != absl::InfinitePast()) {
      ASSERT_NO_FATAL_FAILURE(AwaitTime(jump.runs_until));
      ASSERT_NO_FATAL_FAILURE(SubmitAndCompare());
    }
    if (jumps_while == JumpsWhile::kItRuns) {
      Kill();
      ASSERT_NO_FATAL_FAILURE(Start());
      ASSERT_NO_FATAL_FAILURE(SubmitAndCompare());
    }
  }
  StopWell();
  undisturbed_->EndStream();
  undisturbed_.reset();
  undisturbed_server_.reset();
  const std::vector<std::string> log = LogOf("disturbed");
  EXPECT_EQ(static_cast<int64_t>(log.size()), last_position_);
  EXPECT_THAT(log, Eq(LogOf("undisturbed")));
}

constexpr absl::Duration kTenYears = absl::Hours(24 * 3'653);

INSTANTIATE_TEST_SUITE_P(
    Clocks, ClockTest,
    testing::Combine(
        // None is before 1970: Linux has no such clock.
        testing::ValuesIn<ClockCase>({
            {"ForwardByTenYears", "2026-11-25 12:00:00", {By(kTenYears)}},
            {"BackByTenYears", "2026-11-25 12:00:00", {By(-kTenYears)}},
            {"ForwardByTenYearsAndSetRight", "2026-11-25 12:00:00", {By(kTenYears), By(-kTenYears)}},
            {"BackByTenYearsAndSetRight", "2026-11-25 12:00:00", {By(-kTenYears), By(kTenYears)}},
            {"BackByASecond", "2026-11-25 12:00:00", {By(-absl::Seconds(1))}},
            {"OverALeapDay",
             "2024-02-28 23:59:58",
             {To("2024-02-28 23:59:59.7", "2024-02-29 00:00:00"), To("2024-02-29 23:59:59.7", "2024-03-01 00:00:00")}},
            {"BackOverALeapDay", "2024-03-01 00:00:00", {To("2024-02-29 00:00:00"), To("2024-02-28 23:59:58")}},
            {"SummerTimeBegins",
             "2024-03-31 00:59:58",
             {To("2024-03-31 00:59:59.7", "2024-03-31 01:00:00"), By(absl::Hours(1))}},
            {"SummerTimeEnds",
             "2024-10-27 00:59:58",
             {To("2024-10-27 00:59:59.7", "2024-10-27 01:00:00"), By(-absl::Hours(1))}},
            {"BeyondThirtyTwoBits", "2038-01-19 03:14:06", {To("2038-01-19 03:14:07.7", "2038-01-19 03:14:08")}},
            {"FromTheEpoch", "1970-01-01 00:00:00", {To("2026-11-25 12:00:00")}},
            {"BackToTheEpoch", "2026-11-25 12:00:00", {To("1970-01-01 00:00:00")}},
        }),
        testing::Values(JumpsWhile::kItRuns, JumpsWhile::kItIsStopped)),
    [](const auto& row) {
      return std::get<0>(row.param).name +
             (std::get<1>(row.param) == JumpsWhile::kItRuns ? "WhileItRuns" : "BetweenStarts");
    });

}  // namespace
}  // namespace muster
