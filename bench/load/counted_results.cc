#include "bench/load/counted_results.h"

#include <stdexcept>

#include "bench/load/connection.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster::bench {

int64_t CountedResults(const std::string& address) {
  const auto stub = v1::TotalsService::NewStub(OwnConnection(address));
  grpc::ClientContext context;
  v1::GetCoverageResponse response;
  const grpc::Status status = stub->GetCoverage(&context, v1::GetCoverageRequest(), &response);
  if (!status.ok()) throw std::runtime_error("GetCoverage: " + status.error_message());
  int64_t count = 0;
  for (const v1::ForceCoverage& force : response.coverage().forces()) count += force.result_count();
  return count;
}

}  // namespace muster::bench
