#include "clients/gateway/export_question.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "clients/export/times.h"
#include "clients/gateway/static_files.h"
#include "domain/catalogue.h"
#include "domain/quote.h"

namespace muster::gateway {
namespace {

constexpr absl::string_view kTotals = "/export/totals.";

// Takes one value into the query. An empty string, or what is wrong with it.
using Take = std::string (*)(const std::string& value, v1::TotalsQuery* query);

struct Parameter {
  absl::string_view name;
  Take take;
  bool is_list;
};

std::string TakeGrouping(const std::string& value, v1::TotalsQuery* query) {
  constexpr std::array<absl::string_view, 5> kNames = {"operation", "region", "force", "date", "category"};
  for (size_t index = 0; index < kNames.size(); ++index) {
    if (value != kNames[index]) continue;
    query->add_group_by(static_cast<v1::GroupBy>(index + 1));  // Numbered in that order.
    return "";
  }
  return absl::StrCat("is ", Quote(value), "; must be ", absl::StrJoin(kNames, ", "));
}

std::string TakePosition(const std::string& value, v1::TotalsQuery* query) {
  int64_t position = 0;
  if (!absl::SimpleAtoi(value, &position) || position < 1) {
    return absl::StrCat("is ", Quote(value), "; must be a position of the log, 1 or more");
  }
  query->set_as_of_position(position);
  return "";
}

std::string TakeTime(const std::string& value, v1::TotalsQuery* query) {
  const std::optional<google::protobuf::Timestamp> time = exports::ParseTime(value);
  if (!time.has_value()) return absl::StrCat("is ", Quote(value), "; must be a time such as 2023-03-05T17:00:00Z");
  *query->mutable_as_of_time() = *time;
  return "";
}

const std::array<Parameter, 13> kParameters = {{
    {"operation",
     [](const std::string& id, v1::TotalsQuery* query) { return query->add_operations(id), std::string(); }, true},
    {"region", [](const std::string& id, v1::TotalsQuery* query) { return query->add_regions(id), std::string(); },
     true},
    {"force", [](const std::string& id, v1::TotalsQuery* query) { return query->add_forces(id), std::string(); }, true},
    {"metric", [](const std::string& id, v1::TotalsQuery* query) { return query->add_metrics(id), std::string(); },
     true},
    {"category", [](const std::string& id, v1::TotalsQuery* query) { return query->add_categories(id), std::string(); },
     true},
    {"breakdown",
     [](const std::string& id, v1::TotalsQuery* query) { return query->add_breakdowns(id), std::string(); }, true},
    {"group_by", TakeGrouping, true},
    {"start_date",
     [](const std::string& day, v1::TotalsQuery* query) { return query->set_start_date(day), std::string(); }, false},
    {"end_date", [](const std::string& day, v1::TotalsQuery* query) { return query->set_end_date(day), std::string(); },
     false},
    {"baseline_operation",
     [](const std::string& id, v1::TotalsQuery* query) { return query->set_baseline_operation(id), std::string(); },
     false},
    {"regions_as_of",
     [](const std::string& day, v1::TotalsQuery* query) { return query->set_regions_as_of(day), std::string(); },
     false},
    {"as_of_position", TakePosition, false},
    {"as_of_time", TakeTime, false},
}};

// A name or value as forms and spreadsheets write it: "+" is a space.
bool Decode(absl::string_view text, std::string* decoded) {
  return PercentDecode(absl::StrReplaceAll(text, {{"+", " "}}), decoded);
}

const Parameter* FindParameter(absl::string_view name) {
  for (const Parameter& parameter : kParameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

std::string UnknownParameter(const std::string& name) {
  std::vector<absl::string_view> names;
  names.reserve(kParameters.size());
  for (const Parameter& parameter : kParameters) names.push_back(parameter.name);
  return absl::StrCat(Quote(name), " is not known", DidYouMean(NearestName(name, names)), "; there are ",
                      absl::StrJoin(names, ", "));
}

// What is wrong with one "name=value"; empty if nothing is.
std::string TakePair(absl::string_view pair, std::vector<const Parameter*>* seen, v1::TotalsQuery* query) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
  std::string name;
  std::string value;
  if (!Decode(parts.first, &name) || !Decode(parts.second, &value)) {
    return absl::StrCat(Quote(pair), " has an escape that is none");
  }
  const Parameter* const parameter = FindParameter(name);
  if (parameter == nullptr) return UnknownParameter(name);
  for (const Parameter* const other : *seen) {
    if (other == parameter && !parameter->is_list) return absl::StrCat(name, ": is there twice");
  }
  seen->push_back(parameter);
  const std::vector<std::string> values =
      parameter->is_list ? std::vector<std::string>(absl::StrSplit(value, ',')) : std::vector<std::string>{value};
  for (const std::string& one : values) {
    const std::string problem = one.empty() ? "is empty" : parameter->take(one, query);
    if (!problem.empty()) return absl::StrCat(name, ": ", problem);
  }
  return "";
}

}  // namespace

absl::StatusOr<ExportQuestion> ParseExportQuestion(std::string_view path, std::string_view query) {
  ExportQuestion question;
  absl::string_view format_name(path.data(), path.size());
  const bool is_totals = absl::ConsumePrefix(&format_name, kTotals);
  const std::optional<exports::Format> format = exports::FormatFromName(format_name);
  if (!is_totals || !format.has_value()) {
    return absl::NotFoundError("There is no such export. There are /export/totals.csv, .json and .xlsx.");
  }
  question.format = *format;
  std::vector<std::string> problems;
  std::vector<const Parameter*> seen;
  for (const absl::string_view pair :
       absl::StrSplit(absl::string_view(query.data(), query.size()), '&', absl::SkipEmpty())) {
    std::string problem = TakePair(pair, &seen, &question.query);
    if (!problem.empty()) problems.push_back(std::move(problem));
  }
  if (!problems.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("This cannot be asked:\n  ", absl::StrJoin(problems, "\n  ")));
  }
  return question;
}

}  // namespace muster::gateway
