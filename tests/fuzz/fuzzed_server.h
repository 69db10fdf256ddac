// Everything of the server between a request's bytes and its receipts but gRPC, threads and the disk, with whoever
// holds it to its promises.
#ifndef MUSTER_TESTS_FUZZ_FUZZED_SERVER_H_
#define MUSTER_TESTS_FUZZ_FUZZED_SERVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "aggregator/cubes.h"
#include "aggregator/group_builder.h"
#include "aggregator/totals_query.h"
#include "domain/catalogue.h"
#include "muster/fuzz/history.pb.h"
#include "service/receipts.h"
#include "tests/aggregator/plain_model.h"
#include "tests/fuzz/memory_store.h"

namespace muster::fuzz {

// The catalogue that ships. Read once.
const std::shared_ptr<const Catalogue>& SharedCatalogue();

// Lives through histories. A promise that is broken ends the process, with the place. For one thread.
class FuzzedServer {
 public:
  FuzzedServer();

  void Take(const Step& step);
  // As the request of one call of SubmitResults. Whether it could be read as such a request.
  bool TakeBytes(const std::string& bytes);

  // The laws: every cube equals the fold of the log, from its first entry and from the checkpoint; the totals are those
  // of the plain model; and what was accepted, sent again, changes nothing.
  void CheckLaws();

 private:
  // What is known of the newest revision of one result.
  struct Known {
    v1::OperationResult result;
    LogPosition position = 0;
  };
  using Key = std::tuple<std::string, std::string, std::string>;

  struct Submitted {
    v1::SubmitResultsRequest request;
    v1::SubmitResultsResponse response;
    CheckedRequest checked;
    std::vector<Decision> decisions;
  };

  void TakeGroup(const Group& group);
  // Whether the request is taken at all.
  bool Check(const std::string& bytes, Submitted* submitted) const;
  void Decide(Submitted* submitted);
  void Decide(const OperationChange& change);
  void ExpectDecisions(const Submitted& submitted);
  void ExpectReceipts(const Submitted& submitted) const;
  OperationChange ChangeOf(const Call& call) const;
  void Ask(const v1::TotalsQuery& query) const;
  void Ask(const v1::GetCoverageRequest& request) const;
  void WriteCheckpoint(bool replace);
  void Restart(bool use_checkpoint);
  void ExpectTotalsOfTheModel();

  MemoryStore store_;
  int64_t now_us_ = 1'634'500'000'000'000;  // 17 October 2021.
  std::unique_ptr<Cubes> cubes_;
  std::unique_ptr<GroupBuilder> builder_;
  bool has_checkpoint_ = false;

  std::map<Key, Known> known_;
  std::map<std::string, bool> closed_;  // By operation that was closed or reopened.
  PlainModel model_;                    // Has what was accepted.
  int64_t figures_ = 0;                 // That were accepted.
};

}  // namespace muster::fuzz

#endif  // MUSTER_TESTS_FUZZ_FUZZED_SERVER_H_
