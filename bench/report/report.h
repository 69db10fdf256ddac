// What the benchmarks found: each figure beside its ceiling or peer, for people and for machines.
#ifndef MUSTER_BENCH_REPORT_REPORT_H_
#define MUSTER_BENCH_REPORT_REPORT_H_

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::bench {

// One thing that was measured, once in each round.
struct Series {
  std::string name;  // What was measured: "Muster", "RocksDB, 1 thread".
  std::vector<double> samples = {};
};

// Of an even count, the mean of the middle two. There must be at least one.
double Median(std::vector<double> samples);

// A bound on the ratio of what was measured to what it stands beside.
struct Goal {
  enum class Bound { kAtLeast, kAtMost };
  Bound bound = Bound::kAtLeast;
  double ratio = 1;
};

enum class Verdict { kNoGoal, kMet, kMissed, kVoid };

// One line of the report.
struct Line {
  std::string suite;
  std::string title;
  std::string unit;  // Of both series: "results/s", "ms".
  Series measured;
  std::optional<Series> reference = std::nullopt;  // The ceiling, the peer or the limit.
  std::optional<Goal> goal = std::nullopt;         // Of the ratio; needs a reference.
  std::vector<std::string> notes = {};             // For people.
  std::map<std::string, double> details = {};      // For machines: name with unit -> value.
};

// Median to median. Absent without a reference, or where either has no sample.
std::optional<double> Ratio(const Line& line);
// The ratio of each round, where both have one: drift of the machine that hits both sides does not show in it.
std::vector<double> RatiosByRound(const Line& line);
// Void where something that the goal needs was not measured.
Verdict Judge(const Line& line);

// Why a suite, or a part of it, has no figures.
struct Failure {
  std::string suite;
  std::string reason;
};

class Report {
 public:
  void Add(Line line) { lines_.push_back(std::move(line)); }
  void AddFailure(Failure failure) { failures_.push_back(std::move(failure)); }
  // For what cannot be had here: said as a failure is, but none.
  void AddAbsence(Failure absence) { absences_.push_back(std::move(absence)); }
  // What the figures depend on: name -> value, "processor" -> "…".
  void AddCondition(const std::string& name, const std::string& value) { conditions_.emplace_back(name, value); }

  const std::vector<Line>& lines() const { return lines_; }
  bool has_failures() const { return !failures_.empty(); }

  void WriteTable(std::ostream& out) const;
  void WriteJson(std::ostream& out) const;

 private:
  std::vector<Line> lines_;
  std::vector<Failure> failures_;
  std::vector<Failure> absences_;
  std::vector<std::pair<std::string, std::string>> conditions_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_REPORT_REPORT_H_
