// What is wrong with one field of what somebody sent.
#ifndef MUSTER_DOMAIN_FIELD_PROBLEM_H_
#define MUSTER_DOMAIN_FIELD_PROBLEM_H_

#include <string>
#include <vector>

namespace muster {

struct FieldProblem {
  std::string field;        // Proto path: "results[3].figures[0].unit".
  std::string reason;       // Stable, UPPER_SNAKE_CASE.
  std::string description;  // For people: what is there, what was expected, how to mend it.
};

using FieldProblems = std::vector<FieldProblem>;

}  // namespace muster

#endif  // MUSTER_DOMAIN_FIELD_PROBLEM_H_
