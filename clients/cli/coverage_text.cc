#include "clients/cli/coverage_text.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

// More names than this do not help anybody who reads that all is in; missing forces are always named.
constexpr size_t kMaxReportedNames = 8;
// More operations than this make one line together.
constexpr size_t kMaxOperationLines = 3;

// One operation's part of a coverage.
struct OperationCoverage {
  std::string operation;
  int expected = 0;
  int provisional = 0;
  int late = 0;
  std::vector<std::string> reported;
  std::vector<std::string> missing;
  std::vector<std::string> unasked;  // Reported, though not expected.
};

bool HasReported(v1::CoverageState state) {
  return state == v1::COVERAGE_STATE_FINAL || state == v1::COVERAGE_STATE_PROVISIONAL ||
         state == v1::COVERAGE_STATE_NIL || state == v1::COVERAGE_STATE_COVERED;
}

std::vector<OperationCoverage> ByOperation(const v1::Coverage& coverage, const Names& names) {
  std::vector<OperationCoverage> operations;
  for (const v1::ForceCoverage& force : coverage.forces()) {
    if (operations.empty() || operations.back().operation != force.operation()) {
      operations.emplace_back();
      operations.back().operation = force.operation();
    }
    OperationCoverage& operation = operations.back();
    const std::string name = Printable(names.Force(force.force()));
    const bool reported = HasReported(force.state());
    if (!force.expected()) {
      if (reported) operation.unasked.push_back(name);
      continue;
    }
    ++operation.expected;
    if (force.late()) ++operation.late;
    if (force.state() == v1::COVERAGE_STATE_PROVISIONAL) ++operation.provisional;
    (reported ? operation.reported : operation.missing).push_back(name);
  }
  return operations;
}

std::string OperationLine(const OperationCoverage& operation, bool name_it, const Terminal& terminal) {
  std::string line = name_it ? absl::StrCat(Printable(operation.operation), ": ") : "";
  if (operation.expected == 0) {
    absl::StrAppend(&line, "no force is expected to report");
  } else {
    absl::StrAppend(&line, operation.reported.size(), " of ", Counted(operation.expected, "force"));
    if (!operation.reported.empty() && operation.reported.size() <= kMaxReportedNames) {
      absl::StrAppend(&line, ": ", absl::StrJoin(operation.reported, ", "));
    }
  }
  if (operation.provisional > 0) absl::StrAppend(&line, "; ", operation.provisional, " provisional");
  if (operation.late > 0) absl::StrAppend(&line, "; ", operation.late, " late");
  if (!operation.missing.empty()) {
    absl::StrAppend(&line, "; missing: ", Coloured(absl::StrJoin(operation.missing, ", "), Colour::kRed, terminal));
  }
  if (!operation.unasked.empty()) {
    absl::StrAppend(&line, "; also reported: ", absl::StrJoin(operation.unasked, ", "));
  }
  return line;
}

// Of totals that hold the results of forces which the caller may not see by name.
std::string PartlyNamedLine(const v1::Coverage& coverage, const std::vector<OperationCoverage>& operations, int named,
                            const Terminal& terminal) {
  std::string line = absl::StrCat(WithThousands(coverage.reported_count()), " of ",
                                  WithThousands(coverage.expected_count()), " expected reports; ",
                                  WithThousands(coverage.expected_count() - named), " are of forces not shown to you");
  std::vector<std::string> missing;
  for (const OperationCoverage& operation : operations) {
    for (const std::string& force : operation.missing) {
      missing.push_back(operations.size() > 1 ? absl::StrCat(Printable(operation.operation), ": ", force) : force);
    }
  }
  if (!missing.empty()) {
    absl::StrAppend(&line, "; missing of the others: ", Coloured(absl::StrJoin(missing, ", "), Colour::kRed, terminal));
  }
  return line;
}

}  // namespace

std::vector<std::string> CoverageLines(const v1::Coverage& coverage, const Names& names, const Terminal& terminal) {
  const std::vector<OperationCoverage> operations = ByOperation(coverage, names);
  if (operations.size() > kMaxOperationLines) {
    return {absl::StrCat(WithThousands(coverage.reported_count()), " of ", WithThousands(coverage.expected_count()),
                         " expected reports over ", operations.size(),
                         " operations; `muster coverage` says whose are missing")};
  }
  int named = 0;
  for (const OperationCoverage& operation : operations) named += operation.expected;
  if (coverage.expected_count() > named) return {PartlyNamedLine(coverage, operations, named, terminal)};
  if (operations.empty()) return {"no force is expected to report"};
  std::vector<std::string> lines;
  lines.reserve(operations.size());
  for (const OperationCoverage& operation : operations) {
    lines.push_back(OperationLine(operation, operations.size() > 1, terminal));
  }
  return lines;
}

std::string StateText(const v1::ForceCoverage& force, const Names& names) {
  switch (force.state()) {
    case v1::COVERAGE_STATE_FINAL:
      return "final";
    case v1::COVERAGE_STATE_PROVISIONAL:
      return "provisional";
    case v1::COVERAGE_STATE_NIL:
      return "nil";
    case v1::COVERAGE_STATE_COVERED:
      return absl::StrCat("covered by ", names.Force(force.covered_by()));
    case v1::COVERAGE_STATE_RETRACTED:
      return "retracted";
    case v1::COVERAGE_STATE_MISSING:
      return "missing";
    default:
      return "unknown";
  }
}

Colour StateColour(v1::CoverageState state) {
  switch (state) {
    case v1::COVERAGE_STATE_FINAL:
    case v1::COVERAGE_STATE_NIL:
    case v1::COVERAGE_STATE_COVERED:
      return Colour::kGreen;
    case v1::COVERAGE_STATE_PROVISIONAL:
      return Colour::kYellow;
    default:
      return Colour::kRed;
  }
}

}  // namespace muster::cli
