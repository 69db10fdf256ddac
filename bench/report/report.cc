#include "bench/report/report.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal.h"
#include "nlohmann/json.hpp"

namespace muster::bench {
namespace {

// Three digits, or all before the point, with commas: 143,202; 12.3; 0.0451.
std::string NumberText(double value) {
  const double magnitude = std::abs(value);
  if (magnitude < 1000) {
    const int decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
    return absl::StrFormat("%.*f", decimals, value);
  }
  const std::string digits = absl::StrFormat("%.0f", magnitude);
  std::string text = value < 0 ? "-" : "";
  for (size_t place = 0; place < digits.size(); ++place) {
    if (place > 0 && (digits.size() - place) % 3 == 0) text.push_back(',');
    text.push_back(digits[place]);
  }
  return text;
}

std::string RangeText(const std::vector<double>& samples) {
  if (samples.size() < 2) return "";
  const auto [low, high] = std::minmax_element(samples.begin(), samples.end());
  return absl::StrCat("(", NumberText(*low), "-", NumberText(*high), ")");
}

std::string MedianText(const Series& series) {
  return series.samples.empty() ? "-" : NumberText(Median(series.samples));
}

std::string GoalText(const std::optional<Goal>& goal) {
  if (!goal) return "";
  return absl::StrCat(goal->bound == Goal::Bound::kAtLeast ? ">= " : "<= ", NumberText(goal->ratio));
}

std::string VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNoGoal:
      return "";
    case Verdict::kMet:
      return "met";
    case Verdict::kMissed:
      return "missed";
    case Verdict::kVoid:
      return "void";
  }
  return "";
}

nlohmann::ordered_json SeriesJson(const Series& series) {
  nlohmann::ordered_json json = {{"name", series.name}, {"samples", series.samples}};
  if (!series.samples.empty()) json["median"] = Median(series.samples);
  return json;
}

nlohmann::ordered_json LineJson(const Line& line) {
  nlohmann::ordered_json json = {{"suite", line.suite}, {"title", line.title}, {"unit", line.unit}};
  json["measured"] = SeriesJson(line.measured);
  if (line.reference) json["reference"] = SeriesJson(*line.reference);
  if (const std::optional<double> ratio = Ratio(line)) {
    json["ratio"] = *ratio;
    json["ratios_by_round"] = RatiosByRound(line);
  }
  if (line.goal) {
    json["goal"] = {{"bound", line.goal->bound == Goal::Bound::kAtLeast ? "at_least" : "at_most"},
                    {"ratio", line.goal->ratio}};
    json["verdict"] = VerdictText(Judge(line));
  }
  json["notes"] = line.notes;
  json["details"] = line.details;
  return json;
}

nlohmann::ordered_json FailuresJson(const std::vector<Failure>& failures) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Failure& failure : failures) json.push_back({{"suite", failure.suite}, {"reason", failure.reason}});
  return json;
}

}  // namespace

double Median(std::vector<double> samples) {
  if (samples.empty()) throw std::invalid_argument("the median of nothing");
  std::sort(samples.begin(), samples.end());
  const size_t middle = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

std::optional<double> Ratio(const Line& line) {
  if (!line.reference || line.reference->samples.empty() || line.measured.samples.empty()) return std::nullopt;
  return Median(line.measured.samples) / Median(line.reference->samples);
}

std::vector<double> RatiosByRound(const Line& line) {
  std::vector<double> ratios;
  if (!line.reference) return ratios;
  const size_t rounds = std::min(line.measured.samples.size(), line.reference->samples.size());
  for (size_t round = 0; round < rounds; ++round) {
    ratios.push_back(line.measured.samples[round] / line.reference->samples[round]);
  }
  return ratios;
}

Verdict Judge(const Line& line) {
  if (!line.goal) return Verdict::kNoGoal;
  const std::optional<double> ratio = Ratio(line);
  if (!ratio || std::isnan(*ratio)) return Verdict::kVoid;
  const bool met = line.goal->bound == Goal::Bound::kAtLeast ? *ratio >= line.goal->ratio : *ratio <= line.goal->ratio;
  return met ? Verdict::kMet : Verdict::kMissed;
}

void Report::WriteTable(std::ostream& out) const {
  for (const auto& [name, value] : conditions_) out << name << ": " << value << "\n";
  cli::Table table({{.title = "Suite"},
                    {.title = "What"},
                    {.title = "Measured", .right_aligned = true},
                    {.title = "", .gap = 1},
                    {.title = "Unit", .gap = 1},
                    {.title = "Beside"},
                    {.title = "Its value", .right_aligned = true},
                    {.title = "", .gap = 1},
                    {.title = "Ratio", .right_aligned = true},
                    {.title = "", .gap = 1},
                    {.title = "Goal", .right_aligned = true},
                    {.title = "", .gap = 1}});
  for (const Line& line : lines_) {
    const std::optional<double> ratio = Ratio(line);
    table.AddRow({line.suite, line.title, MedianText(line.measured), RangeText(line.measured.samples), line.unit,
                  line.reference ? line.reference->name : "", line.reference ? MedianText(*line.reference) : "",
                  line.reference ? RangeText(line.reference->samples) : "", ratio ? NumberText(*ratio) : "",
                  RangeText(RatiosByRound(line)), GoalText(line.goal), VerdictText(Judge(line))});
  }
  if (!table.empty()) out << "\n" << table.Render(cli::Terminal{}) << "\n";
  for (const Line& line : lines_) {
    if (!line.notes.empty()) out << line.suite << ", " << line.title << ": " << absl::StrJoin(line.notes, "; ") << "\n";
  }
  for (const Failure& absence : absences_) out << absence.suite << ": " << absence.reason << "\n";
  for (const Failure& failure : failures_) out << failure.suite << ": VOID: " << failure.reason << "\n";
}

void Report::WriteJson(std::ostream& out) const {
  nlohmann::ordered_json json = {{"conditions", nlohmann::ordered_json::object()},
                                 {"lines", nlohmann::ordered_json::array()}};
  for (const auto& [name, value] : conditions_) json["conditions"][name] = value;
  for (const Line& line : lines_) json["lines"].push_back(LineJson(line));
  json["absences"] = FailuresJson(absences_);
  json["failures"] = FailuresJson(failures_);
  out << json.dump(2) << "\n";
}

}  // namespace muster::bench
