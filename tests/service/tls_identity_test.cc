// Who is who: the identity in a certificate that the handshake took, and everything that only looks like one.
#include <grpcpp/generic/generic_stub.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/identity.h"
#include "domain/status_reason.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/caller.h"
#include "service/tls_files.h"
#include "tests/service/tls_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr char kKent[] = "spiffe://muster.example/force/kent";

struct IdentityCase {
  std::string name;
  std::vector<std::string> uris;
  std::string want_reason;  // Empty: a good one.
};

const std::vector<IdentityCase>& IdentityCases() {
  static const auto& cases = *new std::vector<IdentityCase>({
      {"Force", {kKent}, ""},
      {"Consortium", {"spiffe://muster.example/force/southern-wales-consortium"}, ""},
      {"Unit", {"spiffe://muster.example/unit/serocu"}, ""},
      {"Analyst", {"spiffe://muster.example/analyst/a.jones"}, ""},
      {"Operator", {"spiffe://muster.example/operator/night-shift"}, ""},
      {"NoUri", {}, "CERTIFICATE_WITHOUT_IDENTITY"},
      {"TwoUris", {kKent, "spiffe://muster.example/force/surrey"}, "CERTIFICATE_WITHOUT_IDENTITY"},
      {"TwoUrisThatAreOne", {kKent, kKent}, "CERTIFICATE_WITHOUT_IDENTITY"},
      {"GoodUriAndOther", {kKent, "https://kent.example"}, "CERTIFICATE_WITHOUT_IDENTITY"},
      {"OtherUri", {"https://muster.example/force/kent"}, "IDENTITY_MALFORMED"},
      {"EmptyUri", {""}, "IDENTITY_MALFORMED"},
      {"OtherTrustDomain", {"spiffe://muster.test/force/kent"}, "UNKNOWN_TRUST_DOMAIN"},
      {"TrustDomainBegins", {"spiffe://muster.example.evil.test/force/kent"}, "UNKNOWN_TRUST_DOMAIN"},
      {"TrustDomainAlone", {"spiffe://muster.example"}, "IDENTITY_MALFORMED"},
      {"UnknownRole", {"spiffe://muster.example/admin/kent"}, "UNKNOWN_ROLE"},
      {"RoleInCapitals", {"spiffe://muster.example/FORCE/kent"}, "UNKNOWN_ROLE"},
      {"NameInCapitals", {"spiffe://muster.example/force/Kent"}, "IDENTITY_MALFORMED"},
      {"OneSegmentMore", {"spiffe://muster.example/force/kent/officer"}, "IDENTITY_MALFORMED"},
      {"ZeroByte", {std::string("spiffe://muster.example/force/kent\0.evil.test", 45)}, "IDENTITY_MALFORMED"},
      {"UnknownForce", {"spiffe://muster.example/force/kents"}, "UNKNOWN_FORCE"},
      {"RegionForUnit", {"spiffe://muster.example/unit/south-east"}, "UNKNOWN_UNIT"},
      {"ForceForUnit", {"spiffe://muster.example/unit/kent"}, "UNKNOWN_UNIT"},
  });
  return cases;
}

class TlsFilesIdentity : public testing::Test {
 protected:
  TlsFolder folder_;
  std::unique_ptr<TlsFiles> files_ = *TlsFiles::Open(folder_.options());
  std::shared_ptr<const Catalogue> catalogue_ = ShippedCatalogue();
  Callers callers_{*catalogue_, files_.get()};
};

class TlsIdentity : public TlsFilesIdentity, public testing::WithParamInterface<IdentityCase> {};

TEST_P(TlsIdentity, IsTakenOrRefusedWithItsReason) {
  const KeyAndCertificate own = IssueTo(folder_.authority(), GetParam().uris);
  for (int call = 0; call < 2; ++call) {  // The second is answered from what is remembered of the first.
    const absl::StatusOr<Caller> caller = callers_.IdentifyCertificate(own.certificate);
    if (!GetParam().want_reason.empty()) {
      EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated) << caller.status();
      EXPECT_EQ(StatusReason(caller.status()), GetParam().want_reason) << caller.status();
      continue;
    }
    ASSERT_TRUE(caller.ok()) << caller.status();
    EXPECT_EQ(SpiffeIdOf(kTrustDomain, {caller->role, caller->name}), GetParam().uris.front());
    EXPECT_EQ(caller->certificate_serial, SerialOf(own));
  }
}

INSTANTIATE_TEST_SUITE_P(Uris, TlsIdentity, testing::ValuesIn(IdentityCases()),
                         [](const auto& row) { return row.param.name; });

class TlsCallersTest : public testing::Test {
 protected:
  TlsServer server_;
};

TEST_F(TlsCallersTest, CallsOverRealConnectionsHaveTheIdentitiesOfTheirCertificates) {
  for (const IdentityCase& row : IdentityCases()) {
    SCOPED_TRACE(row.name);
    const std::unique_ptr<Client> client = server_.Connect(IssueTo(server_.authority(), row.uris));
    const grpc::Status status = CallAs(*client);
    if (row.want_reason.empty()) {
      // Who they are is known either way; what they may do is another matter.
      const std::string who =
          row.uris.front().substr(std::string("spiffe://").size() + std::string(kTrustDomain).size() + 1);
      EXPECT_TRUE(status.ok() || (status.error_code() == grpc::PERMISSION_DENIED &&
                                  status.error_message().find("\"" + who + "\"") != std::string::npos))
          << status.error_message();
    } else {
      EXPECT_THAT(status, FailsWith(grpc::UNAUTHENTICATED, row.want_reason));
    }
  }
}

TEST_F(TlsFilesIdentity, WhatTheHandshakeWouldNotLetInIsNobodyEither) {
  EXPECT_EQ(StatusReason(callers_.IdentifyCertificate("").status()), "CERTIFICATE_MISSING");
  EXPECT_EQ(StatusReason(callers_.IdentifyCertificate("nonsense").status()), "CERTIFICATE_NOT_TRUSTED");
  EXPECT_EQ(StatusReason(callers_.IdentifyCertificate(IssueToForce(NewAuthority(), "kent").certificate).status()),
            "CERTIFICATE_NOT_TRUSTED");
  EXPECT_EQ(StatusReason(callers_.IdentifyCertificate(IssueToServer(folder_.authority()).certificate).status()),
            "CERTIFICATE_NOT_TRUSTED");
  const absl::Time now = absl::Now();
  const auto reason_of = [&](const Validity& validity) {
    const KeyAndCertificate own = IssueTo(folder_.authority(), {kKent}, validity);
    return StatusReason(callers_.IdentifyCertificate(own.certificate).status());
  };
  EXPECT_EQ(reason_of({now - absl::Hours(2), now - absl::Hours(1)}), "CERTIFICATE_EXPIRED");
  EXPECT_EQ(reason_of({now + absl::Hours(1), now + absl::Hours(2)}), "CERTIFICATE_NOT_YET_VALID");
}

TEST(CallersTest, WithoutTlsEverybodyIsTheLocalOperator) {
  const std::shared_ptr<const Catalogue> catalogue = ShippedCatalogue();
  const Callers callers(*catalogue);
  const absl::StatusOr<Caller> caller = callers.IdentifyCertificate("");
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->role, CallerRole::kOperator);
  EXPECT_EQ(caller->name, "local");
  EXPECT_EQ(caller->certificate_serial, "");
}

// What a call of any method, with nothing in its message, ends with.
grpc::Status CallMethod(Client& client, const std::string& method) {
  grpc::GenericStub stub(client.channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
  };
  call->StartCall(nullptr);
  wait();
  call->WriteLast(grpc::ByteBuffer(nullptr, 0), grpc::WriteOptions(), nullptr);
  wait();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  return status;
}

TEST_F(TlsCallersTest, NobodyGetsAnythingOutOfAnyCall) {
  // Good for the handshake, and nobody: a certificate of the same authority for something else.
  const std::unique_ptr<Client> nobody = server_.Connect(IssueTo(server_.authority(), {"https://printer.example"}));
  int methods = 0;
  for (const char* const service : {v1::IngestService::service_full_name(), v1::TotalsService::service_full_name(),
                                    v1::CatalogueService::service_full_name(), v1::StoreService::service_full_name()}) {
    const google::protobuf::ServiceDescriptor* const descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    ASSERT_NE(descriptor, nullptr) << service;
    for (int index = 0; index < descriptor->method_count(); ++index) {
      const std::string path = absl::StrCat("/", service, "/", descriptor->method(index)->name());
      EXPECT_THAT(CallMethod(*nobody, path), FailsWith(grpc::UNAUTHENTICATED, "IDENTITY_MALFORMED")) << path;
      ++methods;
    }
  }
  EXPECT_GE(methods, 18);
  // Services of gRPC's own cannot say why in details; nor does a method that is not there say so.
  for (const char* const path : {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
                                 "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/nobody/Knows"}) {
    const grpc::Status status = CallMethod(*nobody, path);
    EXPECT_EQ(status.error_code(), grpc::UNAUTHENTICATED) << path;
    EXPECT_THAT(status.error_message(), HasSubstr("IDENTITY_MALFORMED")) << path;
  }
}

TEST_F(TlsCallersTest, SomebodyIsToldOfHealth) {
  const std::unique_ptr<Client> kent = server_.Connect(IssueToForce(server_.authority(), "kent"));
  const auto stub = grpc::health::v1::Health::NewStub(kent->channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_THAT(stub->Check(&context, grpc::health::v1::HealthCheckRequest(), &response), IsOkCall());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace muster
