// Totals as sheets: one row a total, who is in them, and how they are to be read.
#ifndef MUSTER_CLIENTS_EXPORT_TOTALS_DOCUMENT_H_
#define MUSTER_CLIENTS_EXPORT_TOTALS_DOCUMENT_H_

#include "clients/export/document.h"
#include "clients/export/names.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::exports {

// What was asked, and all of the answer. All three must outlive what is made of them.
struct AnsweredTotals {
  const v1::TotalsQuery& query;
  const v1::QueryTotalsResponse& response;
  const Names& names;
};

// The sheets `totals` and `coverage`, and the notes. Numbers are whole, in base units (pence, mg, ml, minutes). The
// columns depend on the query alone: those about a baseline are there if it names one.
//
// How many forces were expected and reported is said of each row: of its operation, region and force where the rows
// are by these, and of the whole answer otherwise. It is left out where some of those forces may not be seen by name,
// so that they could not be told apart.
Document TotalsDocument(const AnsweredTotals& totals);

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_TOTALS_DOCUMENT_H_
