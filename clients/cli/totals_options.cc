#include "clients/cli/totals_options.h"

#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/options.h"
#include "clients/cli/times.h"

namespace muster::cli {
namespace {

v1::GroupBy GroupByFromName(const std::string& name) {
  if (name == "operation") return v1::GROUP_BY_OPERATION;
  if (name == "region") return v1::GROUP_BY_REGION;
  if (name == "force") return v1::GROUP_BY_FORCE;
  if (name == "date") return v1::GROUP_BY_DATE;
  return v1::GROUP_BY_CATEGORY;
}

}  // namespace

void AddTotalsOptions(CLI::App& command, TotalsOptions* options) {
  AddTotalsFilters(command, options);
  AddDayFilters(command, options);
  AddGroupings(command, options);
}

void AddTotalsFilters(CLI::App& command, TotalsOptions* options) {
  AddListOption(command, "--operation", &options->operations, "Only these operations", "ID");
  AddListOption(command, "--region", &options->regions, "Only these regions", "ID");
  AddListOption(command, "--force", &options->forces, "Only these forces", "ID");
  AddListOption(command, "--metric", &options->metrics, "Only these metrics", "ID");
  AddListOption(command, "--category", &options->categories,
                "Only what was stated under these; of one breakdown their union, of two both at once", "ID");
  AddTextOption(command, "--regions-as-of", options->query.mutable_regions_as_of(),
                "Forces are in the regions of this day, instead of those of each result's last day", "DAY");
}

void AddDayFilters(CLI::App& command, TotalsOptions* options) {
  AddTextOption(command, "--from", options->query.mutable_start_date(),
                "Only results whose whole period is on this day or later", "DAY");
  AddTextOption(command, "--to", options->query.mutable_end_date(),
                "Only results whose whole period is on this day or earlier", "DAY");
}

void AddGroupings(CLI::App& command, TotalsOptions* options) {
  AddListOption(command, "--by", &options->group_by, "A row for each: operation, region, force, date, category",
                "GROUPING")
      ->check(CLI::IsMember({"operation", "region", "force", "date", "category"}));
  AddListOption(command, "--breakdown", &options->breakdowns,
                "With --by category: only along these breakdowns; also shows what is not broken down", "ID");
}

void AddMomentOption(CLI::App& command, TotalsOptions* options) {
  command
      .add_option_function<std::string>(
          "--as-at",
          [options](const std::string& text) {
            int64_t position = 0;
            if (absl::SimpleAtoi(text, &position) && position > 0) {
              options->query.set_as_of_position(position);
            } else if (const std::optional<google::protobuf::Timestamp> time = ParseTime(text)) {
              *options->query.mutable_as_of_time() = *time;
            } else {
              throw CLI::ValidationError("--as-at",
                                         absl::StrCat("is \"", text,
                                                      "\"; must be a log position, or like 2021-10-15 (the end of it), "
                                                      "2021-10-15T17:00 or 2021-10-15T16:00:00Z"));
            }
          },
          "As it stood at that time, or at that position of the log")
      ->type_name("TIME|POSITION");
}

void AddComparisonOption(CLI::App& command, TotalsOptions* options) {
  AddTextOption(command, "--compare", options->query.mutable_baseline_operation(),
                "Set beside each total that of this operation, usually an earlier one", "OPERATION");
}

v1::TotalsQuery ToQuery(const TotalsOptions& options) {
  v1::TotalsQuery query = options.query;
  for (const std::string& id : options.operations) query.add_operations(id);
  for (const std::string& id : options.regions) query.add_regions(id);
  for (const std::string& id : options.forces) query.add_forces(id);
  for (const std::string& id : options.metrics) query.add_metrics(id);
  for (const std::string& id : options.categories) query.add_categories(id);
  for (const std::string& id : options.breakdowns) query.add_breakdowns(id);
  for (const std::string& name : options.group_by) query.add_group_by(GroupByFromName(name));
  return query;
}

bool GroupsBy(const v1::TotalsQuery& query, v1::GroupBy group_by) {
  for (const int named : query.group_by()) {
    if (named == group_by) return true;
  }
  return false;
}

}  // namespace muster::cli
