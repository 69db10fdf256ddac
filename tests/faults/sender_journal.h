// What senders know of what they sent: a file that is synced before a result is sent and after its receipt came.
#ifndef MUSTER_TESTS_FAULTS_SENDER_JOURNAL_H_
#define MUSTER_TESTS_FAULTS_SENDER_JOURNAL_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "muster/v1/ingest_service.pb.h"
#include "muster/v1/result.pb.h"
#include "tests/service/server_fixture.h"

namespace muster {

// Knows nothing of how the server works. All functions may be called from any thread; results of one id come from one
// sender, the next revision only after the one before it was acknowledged.
class SenderJournal {
 public:
  struct Revision {
    v1::OperationResult result;
    bool acknowledged = false;
    int64_t position = 0;  // As acknowledged, with the digest.
    std::string digest;
  };
  struct Figures {
    int64_t results = 0;
    int64_t revisions = 0;
    int64_t lost = 0;   // Acknowledged, and absent or not as acknowledged.
    int64_t twice = 0;  // Log entries beyond one for each revision.
    int64_t wrong = 0;  // Stored and never sent, or a total that is not the sum.
  };

  explicit SenderJournal(const std::string& file);
  ~SenderJournal();
  SenderJournal(const SenderJournal&) = delete;
  SenderJournal& operator=(const SenderJournal&) = delete;

  // Before the results are sent, whether for the first time or not.
  void Send(const std::vector<v1::OperationResult>& results);
  // What the answer for them says; fails the test if it cannot be right.
  void Acknowledge(const std::vector<v1::OperationResult>& results, const v1::StreamResultsResponse& answer);

  // Waits until so many receipts came, or a time has passed.
  bool WaitForReceipts(int64_t count, std::chrono::milliseconds at_most);
  int64_t receipt_count() const;

  // Compares a server with this journal, which is read from its file again. With `complete`, every revision that was
  // sent was acknowledged, and totals are the journal's sums; else those of what is stored.
  Figures Compare(Client& client, bool complete) const;

 private:
  using Revisions = std::map<std::string, std::vector<Revision>>;  // By result_id, revisions from 1.
  void Append(const std::string& lines);
  Revisions ReadFile() const;

  const std::string path_;
  const int file_;
  mutable std::mutex mutex_;  // Guards what follows, and the file.
  std::condition_variable changed_;
  Revisions sent_;
  int64_t receipt_count_ = 0;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_SENDER_JOURNAL_H_
