#include "bench/load/workload.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "absl/time/civil_time.h"
#include "google/protobuf/text_format.h"

namespace muster::bench {
namespace {

constexpr size_t kCategoriesTogether = 3;

std::atomic<uint64_t> next_id{0};

// One step of splitmix64: a bijection, so different numbers stay different.
uint64_t Scatter(uint64_t number) {
  uint64_t bits = number + 0x9e3779b97f4a7c15;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

// Days of an operation, first to last.
std::vector<std::string> DaysOf(const v1::Operation& operation) {
  absl::CivilDay day;
  absl::CivilDay last;
  if (!absl::ParseCivilTime(operation.start_date(), &day) || !absl::ParseCivilTime(operation.end_date(), &last)) {
    throw std::runtime_error("an operation without dates: " + operation.id());
  }
  std::vector<std::string> days;
  for (; day <= last; ++day) days.push_back(absl::FormatCivilTime(day));
  return days;
}

bool IsLeaf(const v1::Breakdown& breakdown, const v1::Category& category) {
  return std::none_of(breakdown.categories().begin(), breakdown.categories().end(),
                      [&](const v1::Category& other) { return other.parent() == category.id(); });
}

// What a force states it in.
v1::Unit StatedUnit(v1::Dimension dimension) {
  switch (dimension) {
    case v1::DIMENSION_MASS:
      return v1::UNIT_GRAM;
    case v1::DIMENSION_MONEY:
      return v1::UNIT_POUND;
    case v1::DIMENSION_VOLUME:
      return v1::UNIT_MILLILITRE;
    case v1::DIMENSION_TIME:
      return v1::UNIT_HOUR;
    default:
      return v1::UNIT_COUNT;
  }
}

bool IsIn(const v1::Force& force, const std::string& region) {
  return std::any_of(force.memberships().begin(), force.memberships().end(),
                     [&](const v1::RegionMembership& membership) { return membership.region() == region; });
}

}  // namespace

v1::Catalogue ReadShippedCatalogue() {
  v1::Catalogue catalogue;
  for (const char* const name : {"regions", "forces", "breakdowns", "metrics", "operations"}) {
    const std::string path = std::string(MUSTER_SOURCE_DIR "/catalogue/") + name + ".textproto";
    std::ifstream in(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (text.empty() || !google::protobuf::TextFormat::MergeFromString(text, &catalogue)) {
      throw std::runtime_error("cannot read " + path);
    }
  }
  return catalogue;
}

Workload::Workload(const v1::Catalogue& catalogue, uint64_t seed)
    : operations_(catalogue.operations().begin(), catalogue.operations().end()),
      breakdowns_(catalogue.breakdowns().begin(), catalogue.breakdowns().end()),
      random_(seed) {
  std::copy_if(catalogue.forces().begin(), catalogue.forces().end(), std::back_inserter(forces_),
               [](const v1::Force& force) { return force.kind() != v1::FORCE_KIND_CONSORTIUM; });
  std::copy_if(catalogue.metrics().begin(), catalogue.metrics().end(), std::back_inserter(metrics_),
               [](const v1::Metric& metric) { return metric.additivity() == v1::ADDITIVITY_ADDITIVE; });
  std::copy_if(metrics_.begin(), metrics_.end(), std::back_inserter(breakable_metrics_),
               [](const v1::Metric& metric) { return metric.breakdowns_size() > 0; });
}

uint64_t Workload::Below(uint64_t bound) { return random_() % bound; }

const v1::Metric& Workload::AnyOf(const std::vector<v1::Metric>& metrics) { return metrics[Below(metrics.size())]; }

std::vector<std::string> Workload::LeavesOf(const std::string& id) const {
  std::vector<std::string> leaves;
  for (const v1::Breakdown& breakdown : breakdowns_) {
    if (breakdown.id() != id) continue;
    for (const v1::Category& category : breakdown.categories()) {
      if (IsLeaf(breakdown, category)) leaves.push_back(category.id());
    }
  }
  return leaves;
}

void Workload::FillPeriod(const v1::Operation& operation, bool by_week, v1::OperationResult* result) {
  const std::vector<std::string> days = DaysOf(operation);
  if (by_week) {
    result->set_start_date(days.front());
    result->set_end_date(days.back());
  } else {
    result->set_start_date(days[Below(days.size())]);
    result->set_end_date(result->start_date());
  }
}

void Workload::FillValue(const v1::Metric& metric, int64_t value, v1::Figure* figure) {
  figure->set_metric(metric.id());
  figure->set_value(value);
  figure->set_unit(StatedUnit(metric.dimension()));
}

void Workload::FillQualifier(v1::Figure* figure) {
  const uint64_t percent = Below(100);
  if (percent < 2) {  // Seized, not yet counted.
    figure->clear_value();
    figure->clear_unit();
  } else if (percent < 10) {
    figure->set_qualifier(v1::QUALIFIER_AT_LEAST);
  } else if (percent < 14) {
    figure->set_qualifier(v1::QUALIFIER_AT_MOST);
  } else if (percent < 26) {
    figure->set_qualifier(v1::QUALIFIER_ESTIMATE);
  }
}

// "289 weapons, of which 49 firearms and 120 knives".
void Workload::AddOfWhich(v1::OperationResult* result) {
  const v1::Metric& metric = AnyOf(breakable_metrics_);
  const std::vector<std::string> leaves =
      LeavesOf(metric.breakdowns(static_cast<int>(Below(metric.breakdowns_size()))));
  const int64_t total = 100 + static_cast<int64_t>(Below(400));
  FillValue(metric, total, result->add_figures());
  const size_t first = Below(leaves.size());
  const size_t second = (first + 1 + Below(leaves.size() - 1)) % leaves.size();
  for (const size_t leaf : {first, second}) {
    v1::Figure* const part = result->add_figures();
    FillValue(metric, 1 + static_cast<int64_t>(Below(static_cast<uint64_t>(total / 2))), part);
    part->add_categories(leaves[leaf]);
  }
}

// Three metrics, each under a category of all its breakdowns, if it has any, or under several together: "430 g of
// crack, heroin and cocaine".
void Workload::AddSeparate(v1::OperationResult* result) {
  while (result->figures_size() < kFiguresPerResult) {
    const v1::Metric& metric = OneIn(4) ? AnyOf(metrics_) : AnyOf(breakable_metrics_);
    const bool is_stated = std::any_of(result->figures().begin(), result->figures().end(),
                                       [&](const v1::Figure& figure) { return figure.metric() == metric.id(); });
    if (is_stated) continue;
    v1::Figure* const figure = result->add_figures();
    FillValue(metric, 100 + static_cast<int64_t>(Below(400)), figure);
    FillQualifier(figure);
    for (const std::string& breakdown : metric.breakdowns()) {
      const std::vector<std::string> leaves = LeavesOf(breakdown);
      const size_t first = Below(leaves.size());
      const size_t together = std::min(leaves.size(), OneIn(20) ? kCategoriesTogether : size_t{1});
      for (size_t leaf = 0; leaf < together; ++leaf) figure->add_categories(leaves[(first + leaf) % leaves.size()]);
    }
  }
}

Workload::Sender Workload::AnySender() { return {Below(operations_.size()), Below(forces_.size())}; }

v1::OperationResult Workload::Make(const Sender& sender) {
  v1::OperationResult result;
  const v1::Operation& operation = operations_[sender.operation];
  result.set_operation(operation.id());
  result.set_force(forces_[sender.force].id());
  result.set_revision(1);
  // A force reports its events or its weeks, not both; weeks that come again earn a warning.
  constexpr size_t kForcesByWeek = 10;
  FillPeriod(operation, sender.force % kForcesByWeek == 0, &result);
  if (OneIn(2)) {
    AddOfWhich(&result);
  } else {
    AddSeparate(&result);
  }
  result.set_final(OneIn(2));
  return result;
}

std::vector<v1::OperationResult> Workload::MakeOneOfEach(const std::string& operation, const std::string& region) {
  const auto asked = std::find_if(operations_.begin(), operations_.end(),
                                  [&](const v1::Operation& one) { return one.id() == operation; });
  if (asked == operations_.end()) throw std::invalid_argument("no operation " + operation);
  std::vector<std::pair<std::string, std::string>> periods = {{asked->start_date(), asked->end_date()}};
  for (const std::string& day : DaysOf(*asked)) periods.emplace_back(day, day);
  std::vector<v1::OperationResult> results;
  for (const v1::Force& force : forces_) {
    if (!IsIn(force, region)) continue;
    for (const auto& [first_day, last_day] : periods) {
      for (size_t metric = 0; metric < metrics_.size(); ++metric) {
        if (metric % kFiguresPerResult == 0) {
          v1::OperationResult& result = results.emplace_back();
          result.set_operation(operation);
          result.set_force(force.id());
          result.set_revision(1);
          result.set_start_date(first_day);
          result.set_end_date(last_day);
        }
        FillValue(metrics_[metric], 100 + static_cast<int64_t>(Below(400)), results.back().add_figures());
      }
    }
  }
  return results;
}

uint64_t FreshResultIds::Take(int64_t count) { return next_id.fetch_add(static_cast<uint64_t>(count)); }

void FreshResultIds::Write(uint64_t number, std::string* id) {
  id->resize(kDigits);
  Write(number, id->data());
}

void FreshResultIds::Write(uint64_t number, char* id) {
  // Of each byte its two digits.
  static const std::array<std::array<char, 2>, 256> kPairs = [] {
    constexpr char kHexadecimal[] = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (size_t byte = 0; byte < pairs.size(); ++byte) pairs[byte] = {kHexadecimal[byte & 15], kHexadecimal[byte >> 4]};
    return pairs;
  }();
  for (const uint64_t half : {Scatter(number), Scatter(~number)}) {
    for (size_t byte = 0; byte < sizeof(half); ++byte, id += 2) std::memcpy(id, &kPairs[half >> 8 * byte & 255], 2);
  }
}

}  // namespace muster::bench
