// What single results add to one row of a query.
#ifndef MUSTER_AGGREGATOR_EXPLANATION_H_
#define MUSTER_AGGREGATOR_EXPLANATION_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/cubes.h"
#include "aggregator/totals_query.h"
#include "domain/catalogue.h"
#include "domain/field_problem.h"
#include "domain/operation.h"
#include "domain/result_values.h"
#include "muster/store/v1/log.pb.h"
#include "muster/v1/totals_service.pb.h"
#include "storage/store.h"

namespace muster {

// One row of a query, by its labels.
//
// Law: what all standing results add to a row, each alone, comes to the row's total, in every component that is a sum.
//
// Not safe for use from several threads.
class ExplainedRow {
 public:
  // Resolves the labels of a row of `query`, or names everything that is wrong with them, with paths below `path`
  // ("row"); nullopt then. There need not be such a row as things stand. `catalogue` must outlive the result.
  static std::optional<ExplainedRow> Resolve(const TotalsQuery& query, const v1::TotalsRow& row, absl::string_view path,
                                             const Catalogue& catalogue, const OperationDirectory& operations,
                                             FieldProblems* problems);

  // All forces, in operations, whose results may add to the row. Views of what this object and the catalogue hold.
  std::vector<ForceKey> Forces() const;

  // What a revision adds to the row, as if it were the only result; nullopt if nothing, as of a retraction.
  //
  // FAILED_PRECONDITION  it names what the catalogue does not have
  // OUT_OF_RANGE         it does not fit 64 bits
  absl::StatusOr<std::optional<v1::Total>> ContributionOf(const store::v1::LoggedResult& logged);

 private:
  ExplainedRow(TotalsQuery query, const Catalogue& catalogue) : query_(std::move(query)), catalogue_(&catalogue) {}

  TotalsQuery query_;  // Narrowed to the row, but for its region and date.
  const Catalogue* catalogue_;
  std::string region_;  // Of the row; empty also if it is not grouped by region.
  std::string date_;    // The same.
  std::vector<std::shared_ptr<const Operation>> operations_;
  ResultValues values_;
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_EXPLANATION_H_
