// Muster's rules once more, as plainly as they can be said: maps of strings, every question answered by walking through
// every result. What the aggregator answers is compared with it.
#ifndef MUSTER_TESTS_AGGREGATOR_PLAIN_MODEL_H_
#define MUSTER_TESTS_AGGREGATOR_PLAIN_MODEL_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "muster/v1/totals_service.pb.h"
#include "tests/domain/plain_values.h"

namespace muster {

class PlainModel {
 public:
  explicit PlainModel(const v1::Catalogue& catalogue) : catalogue_(catalogue), values_(catalogue) {}

  void AddOperation(const v1::Operation& operation) { operations_[operation.id()] = operation; }
  // What becomes of a valid result.
  v1::Outcome Submit(v1::OperationResult result);
  // Rows in no order. Understands every query that asks for no percentages and no union of overlapping parts.
  std::vector<v1::TotalsRow> Totals(const v1::TotalsQuery& query) const;
  int64_t CutByPeriod(const v1::TotalsQuery& query) const;

 private:
  struct Stored {
    v1::OperationResult result;
    std::map<std::string, std::map<PlainValues::Node, PlainValue>> values;  // By metric.
  };

  std::string RegionOf(const v1::OperationResult& result, const v1::TotalsQuery& query) const;
  // Whether it counts, and any of its days lies in the query's.
  bool InScope(const v1::OperationResult& result, const v1::TotalsQuery& query) const;
  // Whether, of a result in scope, other days do not.
  static bool IsCut(const v1::OperationResult& result, const v1::TotalsQuery& query);

  const v1::Catalogue& catalogue_;
  const PlainValues values_;
  std::map<std::string, v1::Operation> operations_;
  std::map<std::tuple<std::string, std::string, std::string>, Stored> newest_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_AGGREGATOR_PLAIN_MODEL_H_
