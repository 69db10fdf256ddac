// A database that somebody might take instead, set up for the same promises: on disk before it answers, a correction
// replaces what it corrects, and totals are right at once.
#ifndef MUSTER_BENCH_PEERS_PEER_H_
#define MUSTER_BENCH_PEERS_PEER_H_

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace muster::bench {

// It is not installed, or cannot be run here. Not a failure: the report says so.
class PeerMissing : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How long answers took.
struct AnswerTimes {
  double p50_ms = 0;
  double p99_ms = 0;
};

// Sums are plain: none of them does the rules for of-which figures, qualifiers or values still to be counted. All calls
// throw std::runtime_error if anything fails.
class Peer {
 public:
  Peer() = default;
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // With version and number of clients.
  virtual std::string name() const = 0;
  // What it promises, and how it is set up.
  virtual std::string terms() const = 0;

  // Upserts into empty tables, 1,000 results (3,000 rows) a transaction; figures a second. Throws if a correction sent
  // afterwards does not replace what it corrects.
  virtual double FiguresPerSecond(double warm_up_seconds, double seconds) = 0;

  // Empties its tables and fills them with so many results, as quickly as it can.
  virtual void Fill(int64_t results) = 0;
  // Both questions of load/queries.h over what Fill left.
  virtual AnswerTimes AskNational(double seconds) = 0;
  virtual AnswerTimes AskRegion(double seconds) = 0;
};

// Each keeps its files below `folder` and throws PeerMissing if it cannot be had. The same seed makes the same results.
// PostgreSQL either takes everything that is named as a number that somebody else looked up, or, as Muster does, as
// text.
std::unique_ptr<Peer> StartPostgreSqlOfNumbers(const std::string& folder, uint64_t seed);
std::unique_ptr<Peer> StartPostgreSqlOfNames(const std::string& folder, uint64_t seed);
std::unique_ptr<Peer> OpenSqlite(const std::string& folder, uint64_t seed);
std::unique_ptr<Peer> OpenDuckDb(const std::string& folder, uint64_t seed);
std::unique_ptr<Peer> OpenClickHouse(const std::string& folder, uint64_t seed);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PEERS_PEER_H_
