#include "clients/gateway/carried_calls.h"

#include <array>

namespace muster::gateway {
namespace {

struct Carried {
  std::string_view path;
  CallShape shape;
};

constexpr std::array<Carried, 12> kCarried = {{
    {"/muster.v1.TotalsService/QueryTotals", CallShape::kUnary},
    {"/muster.v1.TotalsService/WatchTotals", CallShape::kServerStream},
    {"/muster.v1.TotalsService/GetCoverage", CallShape::kUnary},
    {"/muster.v1.TotalsService/ExplainTotal", CallShape::kUnary},
    {"/muster.v1.TotalsService/DiffTotals", CallShape::kUnary},
    {"/muster.v1.IngestService/GetResult", CallShape::kUnary},
    {"/muster.v1.IngestService/ListResults", CallShape::kUnary},
    {"/muster.v1.IngestService/ListRevisions", CallShape::kUnary},
    {"/muster.v1.CatalogueService/GetCatalogue", CallShape::kUnary},
    {"/muster.v1.CatalogueService/ListOperations", CallShape::kUnary},
    {"/muster.v1.CatalogueService/GetOperation", CallShape::kUnary},
    {"/muster.v1.StoreService/GetServerInfo", CallShape::kUnary},
}};

}  // namespace

std::optional<CallShape> CarriedCall(std::string_view path) {
  for (const Carried& call : kCarried) {
    if (call.path == path) return call.shape;
  }
  return std::nullopt;
}

}  // namespace muster::gateway
