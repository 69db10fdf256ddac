#include "bench/peers/figure_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "bench/load/asked.h"

namespace muster::bench {
namespace {

template <typename Items>
std::map<std::string, int> Number(const Items& items) {
  std::map<std::string, int> numbers;
  for (const auto& item : items) numbers.emplace(item.id(), static_cast<int>(numbers.size()) + 1);
  return numbers;
}

// Base units in one of these.
int64_t BaseUnits(v1::Unit unit) {
  switch (unit) {
    case v1::UNIT_GRAM:
    case v1::UNIT_LITRE:
      return 1'000;
    case v1::UNIT_KILOGRAM:
      return 1'000'000;
    case v1::UNIT_POUND:
      return 100;
    case v1::UNIT_HOUR:
      return 60;
    default:
      return 1;
  }
}

}  // namespace

FigureRows::FigureRows(const v1::Catalogue& catalogue)
    : catalogue_(catalogue),
      operations_(Number(catalogue.operations())),
      forces_(Number(catalogue.forces())),
      metrics_(Number(catalogue.metrics())),
      category_sets_({{{}, 0}}) {}

void FigureRows::Append(const v1::OperationResult& result, std::vector<FigureRow>* rows) {
  std::string name;
  FreshResultIds::Write(FreshResultIds::Take(1), &name);
  for (const v1::Figure& figure : result.figures()) {
    std::vector<std::string> categories(figure.categories().begin(), figure.categories().end());
    std::sort(categories.begin(), categories.end());
    FigureRow& row = rows->emplace_back();
    row.operation = operations_.at(result.operation());
    row.force = forces_.at(result.force());
    row.metric = metrics_.at(figure.metric());
    row.category = category_sets_.emplace(categories, static_cast<int>(category_sets_.size())).first->second;
    row.qualifier = figure.qualifier();
    row.revision = result.revision();
    row.first_day = result.start_date();
    row.last_day = result.end_date();
    if (figure.has_value()) row.value = figure.value() * BaseUnits(figure.unit());
    row.result_id = name;
  }
}

std::vector<FigureRow> FigureRows::Make(Workload& workload, int results) {
  std::vector<FigureRow> rows;
  for (int count = 0; count < results; ++count) Append(workload.Make(workload.AnySender()), &rows);
  return rows;
}

void FigureRows::MakeStore(Workload& workload, int64_t results, int results_per_batch,
                           const std::function<void(const std::vector<FigureRow>&)>& take) {
  std::vector<FigureRow> rows;
  int64_t made = 0;
  for (const v1::OperationResult& result : workload.MakeOneOfEach(kAskedOperation, kAskedRegion)) {
    Append(result, &rows);
    ++made;
  }
  take(rows);
  while (made < results) {
    const int count = static_cast<int>(std::min<int64_t>(results_per_batch, results - made));
    take(Make(workload, count));
    made += count;
  }
}

std::vector<int> FigureRows::ForcesOf(const std::string& region) const {
  std::vector<int> forces;
  for (const v1::Force& force : catalogue_.forces()) {
    for (const v1::RegionMembership& membership : force.memberships()) {
      if (membership.region() == region && membership.end_date().empty()) forces.push_back(forces_.at(force.id()));
    }
  }
  return forces;
}

FigureRows::Names FigureRows::NamesOf(const FigureRow& row) const {
  const auto name_of = [](const auto& numbers, int number) {
    return std::find_if(numbers.begin(), numbers.end(), [&](const auto& one) { return one.second == number; })->first;
  };
  return {.operation = name_of(operations_, row.operation),
          .force = name_of(forces_, row.force),
          .metric = name_of(metrics_, row.metric),
          .categories = absl::StrJoin(name_of(category_sets_, row.category), "+")};
}

void AppendText(const FigureRow& row, char separator, const std::string& absent, std::string* text,
                const FigureRows* rows) {
  const absl::string_view between(&separator, 1);
  if (rows != nullptr) {
    const FigureRows::Names names = rows->NamesOf(row);
    absl::StrAppend(text, names.operation, between, names.force, between);
    absl::StrAppend(text, names.metric, between, names.categories, between);
  } else {
    absl::StrAppend(text, row.operation, between, row.force, between, row.metric, between, row.category, between);
  }
  absl::StrAppend(text, row.qualifier, between, row.revision, between, row.first_day, between, row.last_day, between);
  absl::StrAppend(text, row.value ? absl::StrCat(*row.value) : absent, between, row.result_id, "\n");
}

}  // namespace muster::bench
