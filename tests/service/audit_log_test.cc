// The audit log: what its lines say, and what becomes of it on a disk that fails.
#include "service/audit_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "service/errors.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() {
    options_.directory = folder_.Path("audit");
    options_.retry_interval = std::chrono::milliseconds(1);
    options_.told = [this](const absl::Status& status) {
      const std::lock_guard<std::mutex> lock(mutex_);
      told_.push_back(status.ok());
      told_changed_.notify_all();
    };
    // A disk that is full when the test says so.
    options_.write = [this](int file, const void* bytes, size_t count) -> ssize_t {
      if (bytes_left_ == 0) {
        errno = ENOSPC;
        return -1;
      }
      const ssize_t written = write(file, bytes, std::min(count, bytes_left_.load()));
      if (written > 0) bytes_left_ -= static_cast<size_t>(written);
      return written;
    };
  }

  void Start() {
    log_.reset();
    absl::StatusOr<std::unique_ptr<AuditLog>> log = AuditLog::Open(options_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  void WaitUntilTold(size_t times) {
    std::unique_lock<std::mutex> lock(mutex_);
    ASSERT_TRUE(told_changed_.wait_for(lock, kCallDeadline, [&] { return told_.size() >= times; }));
  }

  static AuditEntry EntryOf(const std::string& object) {
    AuditEntry entry;
    entry.caller = "force/kent";
    entry.call = "IngestService.SubmitResults";
    entry.object = object;
    return entry;
  }

  std::vector<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(options_.directory)) {
      names.insert(file.path().filename());
    }
    return {names.begin(), names.end()};
  }

  // The objects of all lines, the oldest first; every line must be JSON.
  std::vector<std::string> Objects() const {
    std::vector<std::string> objects;
    for (const std::string& name : Files()) {  // "audit-…" is before "audit.jsonl".
      std::ifstream in(options_.directory + "/" + name);
      for (std::string line; std::getline(in, line);) {
        const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
        objects.push_back(parsed.is_discarded() ? "broken: " + line : parsed.at("object").get<std::string>());
      }
    }
    return objects;
  }

  TemporaryFolder folder_;
  AuditOptions options_;
  std::atomic<size_t> bytes_left_{1 << 30};
  std::mutex mutex_;
  std::condition_variable told_changed_;
  std::vector<bool> told_;  // Guarded by mutex_: whether it could be written.
  std::unique_ptr<AuditLog> log_;
};

TEST(AuditLineTest, SaysAllThatThereIsToSay) {
  AuditEntry entry;
  entry.caller = "force/kent";
  entry.certificate_serial = "0a1b";
  entry.token = "k7";
  entry.call = "IngestService.SubmitResults";
  entry.object = "county-lines-2021-10/kent";
  entry.decision = AuditDecision::kAllowed;
  entry.reason = "FORCE_NOT_YOURS";
  entry.request_id = "r-1";
  entry.validate_only = true;
  entry.outcomes[v1::OUTCOME_ACCEPTED] = 3;
  entry.outcomes[v1::OUTCOME_REJECTED] = 2;
  entry.not_yours = 1;
  EXPECT_EQ(AuditLine(entry, 1'634'500'000'000'001),
            R"({"time":"2021-10-17T19:46:40.000001Z","caller":"force/kent","serial":"0a1b","token":"k7",)"
            R"("call":"IngestService.SubmitResults","object":"county-lines-2021-10/kent","decision":"allowed",)"
            R"("reason":"FORCE_NOT_YOURS","request_id":"r-1","validate_only":true,)"
            R"("results":{"accepted":3,"rejected":2,"not_yours":1}})");
}

TEST(AuditLineTest, IsOneLineWhateverIsInIt) {
  AuditEntry entry;
  entry.caller = "operator/a\"b\n\xff";
  const std::string line = AuditLine(entry, 0);
  EXPECT_FALSE(absl::StrContains(line, "\n"));
  EXPECT_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded()) << line;
}

TEST_F(AuditLogTest, HasEveryLineInOrder) {
  Start();
  std::vector<std::string> want;
  for (int index = 0; index < 1'000; ++index) {
    want.push_back(absl::StrCat(index));
    log_->Append(EntryOf(want.back()));
  }
  log_->Flush();
  EXPECT_EQ(Objects(), want);
  log_->Append(EntryOf("last"));
  want.emplace_back("last");
  log_.reset();  // Writes what waits.
  EXPECT_EQ(Objects(), want);
}

TEST_F(AuditLogTest, IsReadByNobodyElse) {
  Start();
  struct stat facts {};
  ASSERT_EQ(stat((options_.directory + "/" + kAuditFile).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U & ~0640U, 0U);
  ASSERT_EQ(stat(options_.directory.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U & ~0750U, 0U);
}

TEST_F(AuditLogTest, GoesOnInTheFileOfTheLastRun) {
  Start();
  log_->Append(EntryOf("first"));
  Start();
  log_->Append(EntryOf("second"));
  log_->Flush();
  EXPECT_THAT(Objects(), ElementsAre("first", "second"));
}

TEST_F(AuditLogTest, GoesOnBehindHalfALine) {
  Start();
  log_->Append(EntryOf("first"));
  log_.reset();
  std::ofstream(options_.directory + "/" + kAuditFile, std::ios::app) << "{\"time\":\"20";
  Start();
  log_->Append(EntryOf("second"));
  log_->Flush();
  EXPECT_THAT(Objects(), ElementsAre("first", "broken: {\"time\":\"20", "second"));
}

TEST_F(AuditLogTest, BeginsANewFileWhenOneIsFullAndKeepsTheNewest) {
  options_.max_file_bytes = 600;  // Three lines.
  options_.max_files = 3;
  Start();
  for (int index = 0; index < 20; ++index) {
    log_->Append(EntryOf(absl::StrCat("line-", index)));
    log_->Flush();
    for (const std::string& name : Files()) {
      EXPECT_LE(std::filesystem::file_size(options_.directory + "/" + name), 600U) << name;
    }
  }
  EXPECT_THAT(Files(), SizeIs(3));
  const std::vector<std::string> objects = Objects();
  ASSERT_GE(objects.size(), 6U);
  for (size_t index = 0; index < objects.size(); ++index) {
    EXPECT_EQ(objects[index], absl::StrCat("line-", 20 - objects.size() + index));  // None between is missing.
  }
}

TEST_F(AuditLogTest, OfAFullDiskLosesNothingAndLetsNothingThroughMeanwhile) {
  Start();
  log_->Append(EntryOf("first"));
  log_->Flush();
  EXPECT_TRUE(log_->CheckWritable().ok());
  bytes_left_ = 10;  // Part of a line.
  log_->Append(EntryOf("second"));
  log_->Append(EntryOf("third"));
  WaitUntilTold(1);
  log_->Flush();
  EXPECT_THAT(ToGrpcStatus(log_->CheckWritable()), FailsWith(grpc::StatusCode::UNAVAILABLE, "AUDIT_UNAVAILABLE"));
  EXPECT_TRUE(ErrorOf(ToGrpcStatus(log_->CheckWritable())).has_retry);
  log_->Append(EntryOf("fourth"));  // Of a call that had been let through before.
  bytes_left_ = 1 << 30;
  WaitUntilTold(2);  // Without anything new to write.
  log_->Flush();
  EXPECT_TRUE(log_->CheckWritable().ok());
  EXPECT_THAT(Objects(), ElementsAre("first", "second", "third", "fourth"));
  EXPECT_THAT(told_, ElementsAre(false, true));
}

TEST_F(AuditLogTest, LetsNothingThroughWhenTooMuchWaits) {
  options_.max_waiting = 3;
  bytes_left_ = 0;
  options_.told = nullptr;
  Start();
  for (int index = 0; index < 3; ++index) log_->Append(EntryOf("waits"));
  EXPECT_FALSE(log_->CheckWritable().ok());
}

TEST_F(AuditLogTest, IsMadeAnewWhenItsFileIsTakenAway) {
  Start();
  log_->Append(EntryOf("first"));
  log_->Flush();
  std::filesystem::rename(options_.directory + "/" + kAuditFile, folder_.Path("taken"));
  log_->Append(EntryOf("second"));
  log_->Flush();
  EXPECT_THAT(Objects(), ElementsAre("second"));
}

TEST_F(AuditLogTest, DoesNotStartWithoutAFile) {
  std::filesystem::create_directories(options_.directory + "/" + kAuditFile);
  const absl::Status status = AuditLog::Open(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(kAuditFile));
}

TEST_F(AuditLogTest, DoesNotFollowALink) {
  std::filesystem::create_directories(options_.directory);
  std::filesystem::create_symlink("/dev/null", options_.directory + "/" + kAuditFile);
  EXPECT_EQ(AuditLog::Open(options_).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(AuditLogTest, TakesLinesFromManyThreads) {
  Start();
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this, thread] {
      for (int index = 0; index < 500; ++index) {
        log_->Append(EntryOf(absl::StrCat(thread, "/", index)));
        if (index % 100 == 0) log_->Flush();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  log_->Flush();
  const std::vector<std::string> objects = Objects();
  EXPECT_EQ(std::set<std::string>(objects.begin(), objects.end()).size(), 2'000U);
}

}  // namespace
}  // namespace muster
