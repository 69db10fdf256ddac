// The same results as a database would take them: one row a figure, everything that is named turned into a number.
#ifndef MUSTER_BENCH_PEERS_FIGURE_ROWS_H_
#define MUSTER_BENCH_PEERS_FIGURE_ROWS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/workload.h"
#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"

namespace muster::bench {

// Key: operation, force, result_id, metric, category.
struct FigureRow {
  int operation = 0;
  int force = 0;
  int metric = 0;
  int category = 0;  // Of a set of categories; 0: the whole metric.
  int qualifier = 0;
  int64_t revision = 0;
  std::string first_day;  // ISO 8601.
  std::string last_day;
  std::optional<int64_t> value;  // In the metric's base unit.
  std::string result_id;
};

// Numbers the names of a catalogue, and makes rows. Which numbers is nothing that a peer pays for.
class FigureRows {
 public:
  explicit FigureRows(const v1::Catalogue& catalogue);

  // Rows of new results of `workload`, each with a new name, three rows a result.
  std::vector<FigureRow> Make(Workload& workload, int results);
  // Rows of a store of so many results, as load/filled_store.h fills one, in batches of about `results_per_batch`.
  void MakeStore(Workload& workload, int64_t results, int results_per_batch,
                 const std::function<void(const std::vector<FigureRow>&)>& take);

  int OperationNumber(const std::string& id) const { return operations_.at(id); }
  // What the numbers of a row stand for, as those who send results say it.
  struct Names {
    std::string operation;
    std::string force;
    std::string metric;
    std::string categories;  // Joined by "+"; empty: the whole metric.
  };
  Names NamesOf(const FigureRow& row) const;
  // Forces that are in a region now.
  std::vector<int> ForcesOf(const std::string& region) const;

 private:
  void Append(const v1::OperationResult& result, std::vector<FigureRow>* rows);

  const v1::Catalogue catalogue_;
  std::map<std::string, int> operations_;
  std::map<std::string, int> forces_;
  std::map<std::string, int> metrics_;
  std::map<std::vector<std::string>, int> category_sets_;  // Grows with what is met.
};

// One row as text: columns in the order of FigureRow between `separator`, an absent value as `absent`, a line feed.
// With `rows`, which made it, everything that is named as its name instead of its number.
void AppendText(const FigureRow& row, char separator, const std::string& absent, std::string* text,
                const FigureRows* rows = nullptr);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PEERS_FIGURE_ROWS_H_
