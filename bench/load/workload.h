// The results that the benchmarks send: realistic, made before anything is measured, and each with a new name.
#ifndef MUSTER_BENCH_LOAD_WORKLOAD_H_
#define MUSTER_BENCH_LOAD_WORKLOAD_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"

namespace muster::bench {

// The catalogue that ships.
v1::Catalogue ReadShippedCatalogue();

// Makes results of three figures and about 200 bytes, over all operations, forces (no consortia: what they cover
// reports itself) and additive metrics of a catalogue; most of one day, with of-which figures, qualifiers and values
// that are still to be counted, as forces state them. The same seed makes the same results. Not for two threads at
// once.
class Workload {
 public:
  Workload(const v1::Catalogue& catalogue, uint64_t seed);

  static constexpr int kFiguresPerResult = 3;

  // Whose results: a force hands in its own, for one operation at a time.
  struct Sender {
    size_t operation = 0;
    size_t force = 0;
  };
  Sender AnySender();

  // A result without a name: give it one with FreshResultIds.
  v1::OperationResult Make(const Sender& sender);

  // Results that together state every additive metric for every force of a region, for the whole of an operation and
  // for each of its days, so that answers over them have all their rows from then on. Without names.
  std::vector<v1::OperationResult> MakeOneOfEach(const std::string& operation, const std::string& region);

 private:
  uint64_t Below(uint64_t bound);
  bool OneIn(uint64_t count) { return Below(count) == 0; }
  const v1::Metric& AnyOf(const std::vector<v1::Metric>& metrics);
  // Leaves of a breakdown.
  std::vector<std::string> LeavesOf(const std::string& id) const;
  void FillPeriod(const v1::Operation& operation, bool by_week, v1::OperationResult* result);
  void FillValue(const v1::Metric& metric, int64_t value, v1::Figure* figure);
  void FillQualifier(v1::Figure* figure);
  void AddOfWhich(v1::OperationResult* result);
  void AddSeparate(v1::OperationResult* result);

  std::vector<v1::Operation> operations_;
  std::vector<v1::Force> forces_;
  std::vector<v1::Metric> metrics_;            // Additive ones.
  std::vector<v1::Metric> breakable_metrics_;  // Of those, the ones with a breakdown.
  std::vector<v1::Breakdown> breakdowns_;
  std::mt19937_64 random_;
};

// Names of results: 32 hexadecimal digits, scattered as if random, never twice in one run of the program. Any thread.
class FreshResultIds {
 public:
  // The number of the first of `count` new names.
  static uint64_t Take(int64_t count);
  static constexpr size_t kDigits = 32;  // As long as those of most records systems.
  // Overwrites `id` with the name of that number; as characters, it has room for kDigits.
  static void Write(uint64_t number, std::string* id);
  static void Write(uint64_t number, char* id);
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_WORKLOAD_H_
