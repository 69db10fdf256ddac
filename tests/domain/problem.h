// What is wrong with a field as tests compare it: where, and the stable reason. The wording may change.
#ifndef MUSTER_TESTS_DOMAIN_PROBLEM_H_
#define MUSTER_TESTS_DOMAIN_PROBLEM_H_

#include <ostream>
#include <string>
#include <vector>

#include "domain/field_problem.h"
#include "gtest/gtest.h"

namespace muster {

struct Problem {
  std::string field;
  std::string reason;
  friend bool operator==(const Problem&, const Problem&) = default;
  friend void PrintTo(const Problem& problem, std::ostream* out) { *out << problem.field << ": " << problem.reason; }
};

// In order. Every problem must say something for people too.
inline std::vector<Problem> ProblemsOf(const FieldProblems& problems) {
  std::vector<Problem> compared;
  for (const FieldProblem& problem : problems) {
    EXPECT_FALSE(problem.description.empty()) << problem.field << ": " << problem.reason;
    compared.push_back({problem.field, problem.reason});
  }
  return compared;
}

}  // namespace muster

#endif  // MUSTER_TESTS_DOMAIN_PROBLEM_H_
