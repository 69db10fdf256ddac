// Operations as they stand, and all of them together.
#ifndef MUSTER_DOMAIN_OPERATION_H_
#define MUSTER_DOMAIN_OPERATION_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "domain/catalogue.h"
#include "domain/civil_day.h"
#include "domain/field_problem.h"
#include "muster/v1/catalogue.pb.h"

namespace muster {

// Bounds of an operation.
inline constexpr size_t kMaxOperationTitleBytes = 200;
inline constexpr int kMaxOperationDays = 366;

// Everything wrong with an operation, with proto paths below `path` ("operation" gives "operation.id"; "" gives "id").
// Does not look at `closed` and `change_position`.
FieldProblems CheckOperation(const v1::Operation& operation, const Catalogue& catalogue, absl::string_view path);

// An operation that CheckOperation found nothing wrong with, resolved against the catalogue. Immutable.
struct Operation {
  // `proto` must have been checked.
  Operation(v1::Operation proto, const Catalogue& catalogue);

  v1::Operation proto;
  Period window;
  std::optional<absl::Time> due_time;
  std::vector<ForceIndex> expected_forces;  // Ascending; the territorial forces where none is named.
};

// All operations by id. Immutable: a change makes a new directory, so a reader holds one for as long as it likes.
class OperationDirectory {
 public:
  using Map = std::map<std::string, std::shared_ptr<const Operation>>;

  OperationDirectory() = default;
  explicit OperationDirectory(Map operations);

  // nullptr if there is none.
  std::shared_ptr<const Operation> Find(absl::string_view id) const;
  // The same for as long as this directory lives.
  const Operation* Get(absl::string_view id) const;
  // The known id that `id` is most likely meant to be; empty if none is near.
  std::string Nearest(absl::string_view id) const;
  const Map& operations() const { return operations_; }
  // The same with `operation` in place of what has its id.
  OperationDirectory With(std::shared_ptr<const Operation> operation) const;

 private:
  Map operations_;                                                  // In order, for lists.
  absl::flat_hash_map<absl::string_view, const Operation*> by_id_;  // Into operations_, for look-ups.
};

}  // namespace muster

#endif  // MUSTER_DOMAIN_OPERATION_H_
