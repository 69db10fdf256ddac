// The rules for the values of a result's breakdowns once more, as plainly as they can be said: by name, by recursion,
// with nothing remembered. What the program works out is compared with it.
#ifndef MUSTER_TESTS_DOMAIN_PLAIN_VALUES_H_
#define MUSTER_TESTS_DOMAIN_PLAIN_VALUES_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"

namespace muster {

// In base units, by qualifier; [0] is for values still to be counted.
struct PlainValue {
  std::array<int64_t, 5> sum{}, count{};
  std::array<int64_t, 2> left{};  // Not broken down, by breakdown.

  void Add(const PlainValue& other);
  int64_t Sum() const { return sum[1] + sum[2] + sum[3] + sum[4]; }
  int64_t Certain() const { return sum[1] + sum[2]; }
};

class PlainValues {
 public:
  using Node = std::vector<std::string>;  // For each breakdown of a metric a category, or "" for all.

  explicit PlainValues(const v1::Catalogue& catalogue);

  // The values of every node of the metric that has one, by what the figures of a valid result state.
  std::map<Node, PlainValue> Of(const v1::Metric& metric, const v1::OperationResult& result) const;

  // All nodes of a metric.
  std::vector<Node> Nodes(const v1::Metric& metric) const;
  bool IsWithin(std::string category, const std::string& ancestor) const;
  const std::string& BreakdownOf(const std::string& category) const { return breakdown_of_.at(category); }

 private:
  struct Stated {
    std::vector<std::vector<std::string>> members;  // For each breakdown; {""} for all.
    PlainValue value;
  };

  std::vector<std::string> Children(const v1::Metric& metric, size_t axis, const std::string& category) const;
  Node NodeOf(const Stated& stated) const;
  std::optional<PlainValue> ValueAt(const v1::Metric& metric, const std::vector<Stated>& stated, const Node& node,
                                    std::vector<const Stated*> groups) const;

  std::map<std::string, std::string> parent_, breakdown_of_;    // By category.
  std::map<std::string, std::vector<std::string>> categories_;  // By breakdown.
};

}  // namespace muster

#endif  // MUSTER_TESTS_DOMAIN_PLAIN_VALUES_H_
