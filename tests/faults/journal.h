// What a careful client writes down, and what it holds the store to afterwards.
#ifndef MUSTER_TESTS_FAULTS_JOURNAL_H_
#define MUSTER_TESTS_FAULTS_JOURNAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aggregator/cubes.h"
#include "domain/catalogue.h"
#include "domain/digest.h"
#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"
#include "storage/store.h"

namespace muster {

// Every result that was sent, and whether it was acknowledged. It outlives the server, and knows nothing of how it
// works. All functions may be called from any thread.
class Journal {
 public:
  explicit Journal(std::shared_ptr<const Catalogue> catalogue) : catalogue_(std::move(catalogue)) {}

  // Before a result is sent, whether for the first time or not.
  void Send(const v1::OperationResult& result);
  // What its receipt says. A receipt that cannot be right is a broken law.
  void Acknowledge(const v1::OperationResult& result, v1::Outcome outcome);

  // The same for an operation that is created.
  void SendOperation(const v1::Operation& operation);
  void AcknowledgeOperation(const v1::Operation& operation);

  // Of results and operations.
  int64_t acknowledged_count() const;

  // Where this store, and cubes that were made from it, break a law; each in one sentence, the first of them:
  //
  // - What was acknowledged is in the log, with its revision and content, and so is what it was said to follow.
  // - Everything in the log was sent, and is there once; each revision follows a lower one.
  // - The newest revision of everything that was sent is the last of it in the log.
  // - Every cube equals the fold of the log, and the totals equal those of a plain model of it.
  std::vector<std::string> BrokenLaws(const Store& store, const Cubes& cubes) const;

 private:
  struct Sent {
    v1::OperationResult result;
    Sha256Digest digest{};
    bool is_acknowledged = false;
  };
  struct SentOperation {
    v1::Operation operation;
    bool is_acknowledged = false;
  };

  Sent* Find(const v1::OperationResult& result);  // With mutex_ held.

  const std::shared_ptr<const Catalogue> catalogue_;

  mutable std::mutex mutex_;                         // Guards what follows.
  std::map<std::string, std::vector<Sent>> sent_;    // By name of the key: "operation/force/result_id".
  std::map<std::string, SentOperation> operations_;  // By id.
  int64_t acknowledged_count_ = 0;
  std::vector<std::string> wrong_receipts_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_JOURNAL_H_
