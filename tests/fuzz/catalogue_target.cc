// A catalogue file, structure-aware: it is refused with its faults, or everything in it can be found, numbered and
// used.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/catalogue.h"
#include "domain/check.h"
#include "domain/operation.h"
#include "domain/validation.h"
#include "google/protobuf/text_format.h"
#include "tests/fuzz/message_mutator.h"

namespace muster::fuzz {
namespace {

void Use(const Catalogue& catalogue) {
  const absl::CivilDay day(2021, 10, 15);
  for (ForceIndex force = 0; force < catalogue.force_count(); ++force) {
    MUSTER_CHECK(catalogue.FindForce(catalogue.force(force).id()) == force);
    const RegionIndex region = catalogue.RegionOn(force, day);
    MUSTER_CHECK(region == kNoRegion || catalogue.FindRegion(catalogue.region(region).id()) == region);
    MUSTER_CHECK(catalogue.RegionThroughout(force, {day, day}) == region);
    for (const ForceIndex covered : catalogue.CoveredBy(force)) {
      MUSTER_CHECK(covered != force && catalogue.CoveredBy(covered).empty());
    }
  }
  for (MetricIndex metric = 0; metric < catalogue.metric_count(); ++metric) {
    MUSTER_CHECK(catalogue.FindMetric(catalogue.metric(metric).id()) == metric);
    const Lattice& lattice = catalogue.lattice(metric);
    for (int node = 0; node < lattice.size(); ++node) {
      MUSTER_CHECK(lattice.NodeAt(lattice.CoordinatesOf(node)) == node);
      const std::vector<int>& holders = lattice.HoldersOf(node);
      MUSTER_CHECK(!holders.empty() && holders.front() == 0 && holders.back() == node);
      for (const CategoryIndex category : catalogue.CategoriesOf(metric, node)) {
        MUSTER_CHECK(catalogue.PlaceOf(metric, category).has_value());
        MUSTER_CHECK(catalogue.FindCategory(catalogue.category(category).id()) == category);
      }
    }
  }
  OperationDirectory::Map operations;
  for (const v1::Operation& operation : catalogue.proto().operations()) {
    operations[operation.id()] = std::make_shared<const Operation>(operation, catalogue);
  }
  // A result of the first metric passes, or is told why not.
  const OperationDirectory directory(std::move(operations));
  for (const auto& [id, operation] : directory.operations()) {
    v1::OperationResult result;
    result.set_operation(id);
    result.set_force(catalogue.force(0).id());
    result.set_result_id("r1");
    result.set_revision(1);
    result.set_start_date(operation->proto.start_date());
    result.set_end_date(operation->proto.start_date());
    v1::Figure& figure = *result.add_figures();
    figure.set_metric(catalogue.metric(0).id());
    figure.set_value(1);
    figure.set_unit(catalogue.metric(0).base_unit());
    ResultValues values;
    ValidatedResult validated;
    MUSTER_CHECK(ValidateResult(result, catalogue, directory, &values, &validated).empty());
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::Catalogue;
  std::vector<muster::CatalogueFault> faults;
  const std::shared_ptr<const Catalogue> catalogue =
      Catalogue::Read({{"fuzzed.textproto", std::string(reinterpret_cast<const char*>(data), size)}}, &faults);
  MUSTER_CHECK((catalogue == nullptr) == !faults.empty());
  for (const muster::CatalogueFault& fault : faults) MUSTER_CHECK(!fault.ToString().empty());
  if (catalogue == nullptr) return 0;
  muster::fuzz::Use(*catalogue);

  std::string text;
  google::protobuf::TextFormat::PrintToString(catalogue->proto(), &text);
  const std::shared_ptr<const Catalogue> again = Catalogue::Read({{"again.textproto", text}}, &faults);
  MUSTER_CHECK(again != nullptr && again->digest() == catalogue->digest());
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  muster::v1::Catalogue catalogue;
  return muster::fuzz::MutateText(muster::fuzz::ApiWords, data, size, max_size, seed, &catalogue);
}
