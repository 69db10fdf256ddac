// What a running server describes to reflection, with everything linked that describes anything.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "muster/v1/catalogue_service.grpc.pb.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "muster/v1/result.pb.h"
#include "muster/v1/store_service.grpc.pb.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using testing::NotNull;

class DescriptorPoolTest : public testing::Test {
 protected:
  // Linked, not only named: otherwise the linker would drop the libraries that could bring a second copy.
  void SetUp() override {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    google::rpc::ErrorInfo::descriptor();
    v1::GetCatalogueRequest::descriptor();
    v1::QueryTotalsRequest::descriptor();
    v1::SubmitResultsRequest::descriptor();
    v1::VerifyTotalsRequest::descriptor();
  }

  const DescriptorPool& pool_ = *DescriptorPool::generated_pool();
};

// A second copy would stop the program before main(). That this one is ours shows in its options: the copy
// that other packages ship names a Go package.
TEST_F(DescriptorPoolTest, TheOnlyGoogleRpcIsOurs) {
  for (const char* symbol : {"google.rpc.Status", "google.rpc.ErrorInfo", "google.rpc.BadRequest",
                             "google.rpc.RetryInfo", "google.rpc.QuotaFailure"}) {
    const FileDescriptor* file = pool_.FindFileContainingSymbol(symbol);
    ASSERT_THAT(file, NotNull()) << symbol;
    EXPECT_THAT(file->name(), testing::AnyOf("google/rpc/status.proto", "google/rpc/error_details.proto"));
    EXPECT_FALSE(file->options().has_go_package()) << symbol;
  }
  EXPECT_EQ(v1::Receipt::descriptor()->FindFieldByName("problem")->message_type(),
            pool_.FindMessageTypeByName("google.rpc.Status"));
}

TEST_F(DescriptorPoolTest, DescribesTheHealthServiceThatGrpcAnswers) {
  const ServiceDescriptor* health = pool_.FindServiceByName("grpc.health.v1.Health");
  ASSERT_THAT(health, NotNull());
  EXPECT_THAT(health->FindMethodByName("Check"), NotNull());
  EXPECT_THAT(health->FindMethodByName("Watch"), NotNull());
}

TEST_F(DescriptorPoolTest, DescribesEveryServiceOfTheApi) {
  for (const char* service :
       {"muster.v1.IngestService", "muster.v1.TotalsService", "muster.v1.CatalogueService", "muster.v1.StoreService"}) {
    EXPECT_THAT(pool_.FindServiceByName(service), NotNull()) << service;
  }
}

}  // namespace
}  // namespace muster
