// CatalogueService: the reference data, and operations, which change through the log.
#ifndef MUSTER_SERVICE_CATALOGUE_SERVICE_H_
#define MUSTER_SERVICE_CATALOGUE_SERVICE_H_

#include "aggregator/applier.h"
#include "aggregator/cubes.h"
#include "muster/v1/catalogue_service.grpc.pb.h"
#include "service/gate.h"

namespace muster {

class CatalogueService final : public v1::CatalogueService::CallbackService {
 public:
  // Not owned; must outlive this object.
  CatalogueService(const Gate& gate, const Cubes& cubes, Applier& applier);

  grpc::ServerUnaryReactor* GetCatalogue(grpc::CallbackServerContext* context, const v1::GetCatalogueRequest* request,
                                         v1::GetCatalogueResponse* response) override;
  grpc::ServerUnaryReactor* ListOperations(grpc::CallbackServerContext* context,
                                           const v1::ListOperationsRequest* request,
                                           v1::ListOperationsResponse* response) override;
  grpc::ServerUnaryReactor* GetOperation(grpc::CallbackServerContext* context, const v1::GetOperationRequest* request,
                                         v1::GetOperationResponse* response) override;
  grpc::ServerUnaryReactor* CreateOperation(grpc::CallbackServerContext* context,
                                            const v1::CreateOperationRequest* request,
                                            v1::CreateOperationResponse* response) override;
  grpc::ServerUnaryReactor* UpdateOperation(grpc::CallbackServerContext* context,
                                            const v1::UpdateOperationRequest* request,
                                            v1::UpdateOperationResponse* response) override;
  grpc::ServerUnaryReactor* CloseOperation(grpc::CallbackServerContext* context,
                                           const v1::CloseOperationRequest* request,
                                           v1::CloseOperationResponse* response) override;
  grpc::ServerUnaryReactor* ReopenOperation(grpc::CallbackServerContext* context,
                                            const v1::ReopenOperationRequest* request,
                                            v1::ReopenOperationResponse* response) override;

 private:
  // Makes a change on the writer's thread, and answers with operation `id` as it then stands.
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, Call call, const std::string& id,
                                   OperationChange change, v1::Operation* answer);
  grpc::ServerUnaryReactor* SetClosed(grpc::CallbackServerContext* context, const std::string& id, bool closed,
                                      v1::Operation* answer);

  const Gate& gate_;
  const Cubes& cubes_;
  Applier& applier_;
  v1::Catalogue served_;  // Without operations.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_CATALOGUE_SERVICE_H_
