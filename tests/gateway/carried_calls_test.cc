#include "clients/gateway/carried_calls.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "muster/v1/catalogue_service.pb.h"
#include "muster/v1/ingest_service.pb.h"
#include "muster/v1/store_service.pb.h"
#include "muster/v1/totals_service.pb.h"

namespace muster::gateway {
namespace {

// Calls that write, or that take the server's time.
const std::set<std::string> kNotCarried = {
    "/muster.v1.IngestService/SubmitResults",      "/muster.v1.IngestService/StreamResults",
    "/muster.v1.CatalogueService/CreateOperation", "/muster.v1.CatalogueService/UpdateOperation",
    "/muster.v1.CatalogueService/CloseOperation",  "/muster.v1.CatalogueService/ReopenOperation",
    "/muster.v1.StoreService/VerifyTotals",        "/muster.v1.StoreService/Backup",
};

// A call that is new is decided about: it is carried, or stands above.
TEST(CarriedCalls, EveryCallOfTheServerIsCarriedOrNotOnPurpose) {
  for (const google::protobuf::FileDescriptor* file :
       {v1::GetCatalogueRequest::descriptor()->file(), v1::GetResultRequest::descriptor()->file(),
        v1::QueryTotalsRequest::descriptor()->file(), v1::BackupRequest::descriptor()->file()}) {
    for (int service = 0; service < file->service_count(); ++service) {
      for (int index = 0; index < file->service(service)->method_count(); ++index) {
        const google::protobuf::MethodDescriptor* method = file->service(service)->method(index);
        const std::string path = absl::StrCat("/", file->service(service)->full_name(), "/", method->name());
        const auto carried = CarriedCall(path);
        EXPECT_NE(carried.has_value(), kNotCarried.count(path) == 1) << path;
        if (!carried.has_value()) continue;
        EXPECT_FALSE(method->client_streaming()) << path;  // gRPC-Web has no such calls.
        EXPECT_EQ(*carried == CallShape::kServerStream, method->server_streaming()) << path;
      }
    }
  }
}

TEST(CarriedCalls, NothingElse) {
  for (const char* path :
       {"", "/", "/muster.v1.TotalsService", "/muster.v1.TotalsService/", "/muster.v1.TotalsService/querytotals",
        "/muster.v1.TotalsService/QueryTotals/", "/muster.v1.TotalsService/QueryTotals?x", "/muster.v1.Other/Call",
        "/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_FALSE(CarriedCall(path).has_value()) << path;
  }
}

}  // namespace
}  // namespace muster::gateway
