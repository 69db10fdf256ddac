#include "clients/export/totals_document.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "clients/export/times.h"
#include "domain/careful_writer.h"
#include "domain/civil_day.h"
#include "domain/quantity.h"

namespace muster::exports {
namespace {

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

Cell TextCell(std::string text) {
  if (text.empty()) return std::monostate();
  return text;
}

template <typename Ids>
std::string Joined(const Ids& ids) {
  return absl::StrJoin(ids, "+");
}

std::string StateName(v1::CoverageState state) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::CoverageState_Name(state), "COVERAGE_STATE_"));
}

bool HasReported(v1::CoverageState state) {
  return state == v1::COVERAGE_STATE_FINAL || state == v1::COVERAGE_STATE_PROVISIONAL ||
         state == v1::COVERAGE_STATE_NIL || state == v1::COVERAGE_STATE_COVERED;
}

// How many of some forces reported.
struct Reported {
  int64_t expected = 0;
  int64_t reported = 0;
  int64_t final = 0;
  std::vector<std::string> missing;
};

// Of each operation, region and force that rows tell apart.
class CoverageOfRows {
 public:
  CoverageOfRows(const v1::TotalsQuery& query, const v1::Coverage& coverage) {
    for (const int group_by : query.group_by()) {
      by_operation_ = by_operation_ || group_by == v1::GROUP_BY_OPERATION;
      by_region_ = by_region_ || group_by == v1::GROUP_BY_REGION;
      by_force_ = by_force_ || group_by == v1::GROUP_BY_FORCE;
    }
    for (const v1::ForceCoverage& force : coverage.forces()) {
      if (force.expected()) Add(force);
    }
    all_.expected = coverage.expected_count();
    all_.reported = coverage.reported_count();
    all_.final = coverage.final_count();
    all_.missing.assign(coverage.missing_forces().begin(), coverage.missing_forces().end());
    all_are_named_ = named_ == coverage.expected_count();
  }

  // nullptr if it is not known.
  const Reported* Of(const v1::TotalsRow& row) const {
    if (!by_operation_ && !by_region_ && !by_force_) return &all_;
    if (!all_are_named_) return nullptr;
    static const Reported* const none = new Reported();
    const auto found = of_.find(KeyOf(row.operation(), row.region(), row.force()));
    return found == of_.end() ? none : &found->second;
  }

 private:
  using Key = std::vector<std::string>;

  Key KeyOf(const std::string& operation, const std::string& region, const std::string& force) const {
    return {by_operation_ ? operation : "", by_region_ ? region : "", by_force_ ? force : ""};
  }

  void Add(const v1::ForceCoverage& force) {
    ++named_;
    Reported& reported = of_[KeyOf(force.operation(), force.region(), force.force())];
    ++reported.expected;
    if (!HasReported(force.state())) {
      reported.missing.push_back(force.force());
      return;
    }
    ++reported.reported;
    if (force.state() != v1::COVERAGE_STATE_PROVISIONAL) ++reported.final;
  }

  bool by_operation_ = false;
  bool by_region_ = false;
  bool by_force_ = false;
  bool all_are_named_ = false;
  int named_ = 0;
  Reported all_;
  std::map<Key, Reported> of_;
};

// What of a row, and of the whole, a column shows.
struct RowOfTotals {
  const v1::TotalsRow& row;
  const AnsweredTotals& totals;
  const Reported* reported;
};

struct TotalsColumn {
  const char* name;
  int width;
  Cell (*cell)(const RowOfTotals&);
};

Cell SumOf(const v1::Total& total) {
  if (total.has_sum()) return total.sum();
  return std::monostate();
}

Cell MostOf(const v1::Total& total) {
  if (total.has_at_most()) return total.at_most();
  return std::monostate();
}

Cell DescriptionOf(const RowOfTotals& of, const v1::Total& total) {
  return WriteCarefully(total, of.totals.names.DimensionOf(of.row.metric())).Text();
}

const TotalsColumn kColumns[] = {
    {"operation", 24, [](const RowOfTotals& of) { return TextCell(of.row.operation()); }},
    {"region", 16, [](const RowOfTotals& of) { return TextCell(of.row.region()); }},
    {"region_name", 20,
     [](const RowOfTotals& of) {
       return of.row.region().empty() ? Cell() : TextCell(of.totals.names.Region(of.row.region()));
     }},
    {"force", 20, [](const RowOfTotals& of) { return TextCell(of.row.force()); }},
    {"force_name", 24,
     [](const RowOfTotals& of) {
       return of.row.force().empty() ? Cell() : TextCell(of.totals.names.Force(of.row.force()));
     }},
    {"date", 12,
     [](const RowOfTotals& of) {
       const std::optional<absl::CivilDay> day = ParseCivilDay(of.row.date());
       return day.has_value() ? Cell(*day) : TextCell(of.row.date());
     }},
    {"metric", 24, [](const RowOfTotals& of) { return TextCell(of.row.metric()); }},
    {"metric_name", 32, [](const RowOfTotals& of) { return TextCell(of.totals.names.Metric(of.row.metric())); }},
    {"categories", 20, [](const RowOfTotals& of) { return TextCell(Joined(of.row.categories())); }},
    {"category_names", 24,
     [](const RowOfTotals& of) { return TextCell(of.totals.names.Categories(of.row.categories())); }},
    {"described", 40, [](const RowOfTotals& of) { return DescriptionOf(of, of.row.total()); }},
    {"sum", 14, [](const RowOfTotals& of) { return SumOf(of.row.total()); }},
    {"unit", 8, [](const RowOfTotals& of) { return TextCell(std::string(UnitName(of.row.total().unit()))); }},
    {"qualifier", 10,
     [](const RowOfTotals& of) { return TextCell(std::string(QualifierName(of.row.total().qualifier()))); }},
    {"at_least", 14, [](const RowOfTotals& of) { return Cell(of.row.total().at_least()); }},
    {"at_most", 14, [](const RowOfTotals& of) { return MostOf(of.row.total()); }},
    {"estimate", 14, [](const RowOfTotals& of) { return Cell(of.row.total().estimate()); }},
    {"uncounted_count", 16, [](const RowOfTotals& of) { return Cell(of.row.total().uncounted_count()); }},
    {"not_broken_down", 16, [](const RowOfTotals& of) { return Cell(of.row.total().not_broken_down()); }},
    {"result_count", 12, [](const RowOfTotals& of) { return Cell(of.row.total().result_count()); }},
    {"force_count", 12, [](const RowOfTotals& of) { return Cell(int64_t{of.row.total().force_count()}); }},
    {"expected_forces", 16,
     [](const RowOfTotals& of) { return of.reported == nullptr ? Cell() : Cell(of.reported->expected); }},
    {"reported_forces", 16,
     [](const RowOfTotals& of) { return of.reported == nullptr ? Cell() : Cell(of.reported->reported); }},
    {"final_forces", 12,
     [](const RowOfTotals& of) { return of.reported == nullptr ? Cell() : Cell(of.reported->final); }},
    {"missing_forces", 24,
     [](const RowOfTotals& of) { return of.reported == nullptr ? Cell() : TextCell(Joined(of.reported->missing)); }},
    {"position", 12, [](const RowOfTotals& of) { return Cell(of.totals.response.position()); }},
    {"as_of_time", 20, [](const RowOfTotals& of) { return Cell(ToTime(of.totals.response.as_of_time())); }},
};

// With a query that names a baseline. What the baseline does not have is empty.
template <Cell (*kCell)(const v1::Total&)>
Cell OfBaseline(const RowOfTotals& of) {
  return of.row.has_baseline() ? kCell(of.row.baseline()) : Cell();
}

const TotalsColumn kBaselineColumns[] = {
    {"baseline_operation", 24, [](const RowOfTotals& of) { return TextCell(of.totals.query.baseline_operation()); }},
    {"baseline_described", 40,
     [](const RowOfTotals& of) { return of.row.has_baseline() ? DescriptionOf(of, of.row.baseline()) : Cell(); }},
    {"baseline_sum", 14, OfBaseline<SumOf>},
    {"baseline_qualifier", 10,
     OfBaseline<[](const v1::Total& total) { return TextCell(std::string(QualifierName(total.qualifier()))); }>},
    {"baseline_at_least", 14, OfBaseline<[](const v1::Total& total) { return Cell(total.at_least()); }>},
    {"baseline_at_most", 14, OfBaseline<MostOf>},
    {"baseline_result_count", 12, OfBaseline<[](const v1::Total& total) { return Cell(total.result_count()); }>},
    {"baseline_force_count", 12, OfBaseline<[](const v1::Total& total) { return Cell(int64_t{total.force_count()}); }>},
};

Sheet TotalsSheet(const AnsweredTotals& totals) {
  std::vector<const TotalsColumn*> columns;
  for (const TotalsColumn& column : kColumns) columns.push_back(&column);
  if (!totals.query.baseline_operation().empty()) {
    for (const TotalsColumn& column : kBaselineColumns) columns.push_back(&column);
  }
  Sheet sheet;
  sheet.name = "totals";
  for (const TotalsColumn* column : columns) sheet.columns.push_back({column->name, column->width});
  sheet.row_count = static_cast<size_t>(totals.response.rows_size());
  const auto coverage = std::make_shared<const CoverageOfRows>(totals.query, totals.response.coverage());
  sheet.fill = [totals, coverage, columns = std::move(columns)](size_t index, std::vector<Cell>* cells) {
    const v1::TotalsRow& row = totals.response.rows(static_cast<int>(index));
    const RowOfTotals of = {row, totals, coverage->Of(row)};
    for (const TotalsColumn* column : columns) cells->push_back(column->cell(of));
  };
  return sheet;
}

Sheet CoverageSheet(const AnsweredTotals& totals) {
  Sheet sheet;
  sheet.name = "coverage";
  sheet.columns = {{"operation", 24},    {"region", 16},    {"force", 20}, {"force_name", 24},
                   {"state", 12},        {"expected", 10},  {"late", 8},   {"last_heard_time", 20},
                   {"result_count", 12}, {"covered_by", 20}};
  sheet.row_count = static_cast<size_t>(totals.response.coverage().forces_size());
  sheet.fill = [totals](size_t index, std::vector<Cell>* cells) {
    const v1::ForceCoverage& force = totals.response.coverage().forces(static_cast<int>(index));
    const auto truth = [](bool value) { return std::string(value ? "true" : "false"); };
    *cells = {TextCell(force.operation()), TextCell(force.region()),
              TextCell(force.force()),     TextCell(totals.names.Force(force.force())),
              StateName(force.state()),    truth(force.expected()),
              truth(force.late()),         force.has_last_heard_time() ? Cell(ToTime(force.last_heard_time())) : Cell(),
              force.result_count(),        TextCell(force.covered_by())};
  };
  return sheet;
}

template <typename Ids>
std::string IdsOrAll(const Ids& ids) {
  return ids.empty() ? "all" : absl::StrJoin(ids, ", ");
}

std::string GroupingText(const v1::TotalsQuery& query) {
  std::vector<std::string> names;
  for (const int group_by : query.group_by()) {
    names.push_back(
        absl::AsciiStrToLower(absl::StripPrefix(v1::GroupBy_Name(static_cast<v1::GroupBy>(group_by)), "GROUP_BY_")));
  }
  return names.empty() ? "nothing: one row for each metric" : absl::StrJoin(names, ", ");
}

std::string DaysText(const v1::TotalsQuery& query) {
  if (query.start_date().empty() && query.end_date().empty()) return "all";
  return absl::StrCat(query.start_date().empty() ? "the first" : query.start_date(), " to ",
                      query.end_date().empty() ? "the last" : query.end_date(),
                      ", of results whose whole period is in them");
}

std::string MissingText(const AnsweredTotals& totals) {
  std::vector<std::string> missing;
  const bool several = totals.query.operations_size() != 1;
  for (const v1::ForceCoverage& force : totals.response.coverage().forces()) {
    if (!force.expected() || HasReported(force.state())) continue;
    const std::string name = totals.names.Force(force.force());
    missing.push_back(several ? absl::StrCat(name, " (", force.operation(), ")") : name);
  }
  return missing.empty() ? "nobody" : absl::StrJoin(missing, ", ");
}

std::vector<Note> Notes(const AnsweredTotals& totals) {
  const v1::TotalsQuery& query = totals.query;
  const v1::QueryTotalsResponse& response = totals.response;
  const v1::Coverage& coverage = response.coverage();
  const auto named = std::count_if(coverage.forces().begin(), coverage.forces().end(),
                                   [](const v1::ForceCoverage& force) { return force.expected(); });
  std::vector<Note> notes = {
      {"Operations", IdsOrAll(query.operations())},
      {"Regions", IdsOrAll(query.regions())},
      {"Forces", IdsOrAll(query.forces())},
      {"Metrics", IdsOrAll(query.metrics())},
      {"Categories", IdsOrAll(query.categories())},
      {"Days", DaysText(query)},
      {"Rows by", GroupingText(query)},
      {"As at", absl::StrCat(TimeForPeople(response.as_of_time()), " (", TimeForPrograms(response.as_of_time()), ")")},
      {"Log position", absl::StrCat(response.position())},
      {"Coverage", absl::StrCat(coverage.reported_count(), " of ", coverage.expected_count(),
                                " expected reports are in, of which ", coverage.final_count(), " are final")},
      {"Missing", MissingText(totals)},
  };
  if (named < coverage.expected_count()) {
    notes.push_back(
        {"Not shown", absl::StrCat(coverage.expected_count() - named,
                                   " of the expected reports are of forces that are not shown to you; whether "
                                   "they are missing is in Coverage alone")});
  }
  if (!query.regions_as_of().empty()) {
    notes.push_back({"Regions as of", absl::StrCat(query.regions_as_of(), ", for every result")});
  }
  if (!query.baseline_operation().empty()) {
    notes.push_back(
        {"Baseline", absl::StrCat(query.baseline_operation(), ", in the columns that begin with baseline_")});
  }
  if (response.cut_by_period_count() > 0) {
    notes.push_back({"Left out", absl::StrCat(response.cut_by_period_count(),
                                              " results whose days lie only partly in those asked for")});
  }
  const Note explanations[] = {
      {"Numbers",
       "Whole, in base units: pence, mg, ml, min, count. A row is a total of its own: do not add rows by "
       "category up, a parent holds its children"},
      {"described", "The total as a careful writer says it. Quote this"},
      {"sum", "Of all stated values, whatever is uncertain in it. Empty: the metric does not add up"},
      {"qualifier exact", "Every part of it is exact"},
      {"qualifier at_least",
       "Certain, and there may be more: some part is \"over\" or \"more than\", or not yet counted"},
      {"qualifier at_most", "Not more than that: some part is \"under\" or \"up to\""},
      {"qualifier estimate", "Some part of it is \"about\", or parts are uncertain in different ways"},
      {"at_least", "What of the sum is certain"},
      {"at_most", "The most that it can be. Empty: there is no bound"},
      {"estimate", "What of the sum is estimated"},
      {"uncounted_count", "Values seized or seen and not yet counted, which the sum does not hold"},
      {"not_broken_down", "What of the sum is stated for no smaller category"},
      {"missing", "Nothing was heard. That is not zero"},
      {"Times", "In UTC in the sheets"},
  };
  notes.insert(notes.end(), std::begin(explanations), std::end(explanations));
  notes.push_back(
      {"Large numbers", absl::StrCat("Numbers above ", kMaxExactNumber, " are text: a spreadsheet would round them")});
  return notes;
}

}  // namespace

Document TotalsDocument(const AnsweredTotals& totals) {
  Document document;
  document.sheets = {TotalsSheet(totals), CoverageSheet(totals)};
  document.notes = Notes(totals);
  document.as_of_time = ToTime(totals.response.as_of_time());
  return document;
}

}  // namespace muster::exports
