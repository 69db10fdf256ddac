// Which totals an address asks for.
#ifndef MUSTER_CLIENTS_GATEWAY_EXPORT_QUESTION_H_
#define MUSTER_CLIENTS_GATEWAY_EXPORT_QUESTION_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "clients/export/document.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::gateway {

struct ExportQuestion {
  exports::Format format = exports::Format::kCsv;
  v1::TotalsQuery query;
};

// Of "/export/totals.csv" and "operation=county-lines-2023-02&group_by=region,force". Names are those of TotalsQuery,
// lists in the singular; a list is several ids joined by commas, or the same name again. `as_of_time` is like
// 2023-03-05T17:00:00Z. Names that are not known, and values that cannot be read, are refused: a question that was
// misspelt is not another question.
//
// NOT_FOUND         there is no such export
// INVALID_ARGUMENT  it cannot be understood; every reason is said
absl::StatusOr<ExportQuestion> ParseExportQuestion(std::string_view path, std::string_view query);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_EXPORT_QUESTION_H_
