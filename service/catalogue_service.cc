#include "service/catalogue_service.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/quote.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/audit_objects.h"
#include "service/errors.h"
#include "service/limits.h"
#include "service/page_tokens.h"

namespace muster {
namespace {

absl::Status NotFound(const std::string& id, const OperationDirectory& operations) {
  const std::string hint = DidYouMean(operations.Nearest(id));
  return Error(
      absl::StatusCode::kNotFound, "OPERATION_NOT_FOUND",
      absl::StrCat(Quote(id), " is no known operation", hint.empty() ? ";" : hint, " ListOperations lists all."));
}

absl::Status InvalidOperation(const FieldProblems& problems) {
  return InvalidFields("INVALID_OPERATION", "The operation has invalid fields; see details.", problems);
}

// What of an operation its creator says.
bool SameContent(v1::Operation a, v1::Operation b) {
  for (v1::Operation* const operation : {&a, &b}) {
    operation->clear_change_position();
    operation->clear_closed();
  }
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

absl::StatusOr<std::optional<v1::Operation>> Create(const v1::Operation& operation, const Catalogue& catalogue,
                                                    const OperationDirectory& operations) {
  FieldProblems problems = CheckOperation(operation, catalogue, "operation");
  if (operation.closed()) {
    problems.push_back({"operation.closed", "OUTPUT_ONLY", "must be unset; create first, then call CloseOperation"});
  }
  if (operation.change_position() != 0) {
    problems.push_back({"operation.change_position", "OUTPUT_ONLY", "must be unset; the log says it"});
  }
  if (!problems.empty()) return InvalidOperation(problems);
  const std::shared_ptr<const Operation> stored = operations.Find(operation.id());
  if (stored == nullptr) return operation;
  if (SameContent(stored->proto, operation)) return std::nullopt;
  return Error(absl::StatusCode::kAlreadyExists, "OPERATION_EXISTS",
               absl::StrCat("Operation \"", operation.id(),
                            "\" exists with other content; choose another id, or change it by UpdateOperation."));
}

absl::StatusOr<std::optional<v1::Operation>> Update(const v1::UpdateOperationRequest& request,
                                                    const Catalogue& catalogue, const OperationDirectory& operations) {
  const v1::Operation& from = request.operation();
  const std::shared_ptr<const Operation> stored = operations.Find(from.id());
  if (stored == nullptr) return NotFound(from.id(), operations);
  v1::Operation changed = stored->proto;
  FieldProblems problems;
  if (request.update_mask().paths().empty()) {
    problems.push_back(
        {"update_mask", "UPDATE_MASK_EMPTY", "is empty; name title, due_time, expected_forces or expected_metrics"});
  }
  for (int index = 0; index < request.update_mask().paths_size(); ++index) {
    const std::string& path = request.update_mask().paths(index);
    if (path == "title") {
      changed.set_title(from.title());
    } else if (path == "due_time") {
      changed.clear_due_time();
      if (from.has_due_time()) *changed.mutable_due_time() = from.due_time();
    } else if (path == "expected_forces") {
      *changed.mutable_expected_forces() = from.expected_forces();
    } else if (path == "expected_metrics") {
      *changed.mutable_expected_metrics() = from.expected_metrics();
    } else {
      problems.push_back(
          {absl::StrCat("update_mask.paths[", index, "]"), "FIELD_NOT_CHANGEABLE",
           absl::StrCat("is ", Quote(path), "; must be title, due_time, expected_forces or expected_metrics")});
    }
  }
  for (FieldProblem& problem : CheckOperation(changed, catalogue, "operation")) problems.push_back(std::move(problem));
  if (!problems.empty()) return InvalidOperation(problems);
  if (google::protobuf::util::MessageDifferencer::Equals(changed, stored->proto)) return std::nullopt;
  return changed;
}

}  // namespace

CatalogueService::CatalogueService(const Gate& gate, const Cubes& cubes, Applier& applier)
    : gate_(gate), cubes_(cubes), applier_(applier) {
  served_ = cubes.catalogue().proto();
  served_.clear_operations();
}

grpc::ServerUnaryReactor* CatalogueService::GetCatalogue(grpc::CallbackServerContext* context,
                                                         const v1::GetCatalogueRequest* /*request*/,
                                                         v1::GetCatalogueResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kGetCatalogue);
  if (admission.ok()) *response->mutable_catalogue() = served_;
  reactor->Finish(ToGrpcStatus(admission.status()));
  return reactor;
}

grpc::ServerUnaryReactor* CatalogueService::ListOperations(grpc::CallbackServerContext* context,
                                                           const v1::ListOperationsRequest* request,
                                                           v1::ListOperationsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const auto list = [&]() -> absl::Status {
    const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kListOperations);
    if (!admission.ok()) return admission.status();
    const absl::StatusOr<int> size = PageSize(request->page_size(), kDefaultItemsPerPage, kMaxItemsPerPage);
    if (!size.ok()) return size.status();
    const absl::StatusOr<std::string> after = ReadPageToken("operations", request->page_token());
    if (!after.ok()) return after.status();
    const auto place = [](const v1::Operation& operation) {
      return absl::StrCat(operation.start_date(), "/", operation.id());  // ISO dates sort as text.
    };
    const std::shared_ptr<const OperationDirectory> directory = cubes_.operations();
    std::vector<std::pair<std::string, const v1::Operation*>> sorted;
    for (const auto& [id, operation] : directory->operations()) {
      std::string key = place(operation->proto);
      if (key > *after) sorted.emplace_back(std::move(key), &operation->proto);
    }
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [key, operation] : sorted) {
      if (response->operations_size() == *size) {
        response->set_next_page_token(
            MakePageToken("operations", place(response->operations(response->operations_size() - 1))));
        break;
      }
      *response->add_operations() = *operation;
    }
    return absl::OkStatus();
  };
  reactor->Finish(ToGrpcStatus(list()));
  return reactor;
}

grpc::ServerUnaryReactor* CatalogueService::GetOperation(grpc::CallbackServerContext* context,
                                                         const v1::GetOperationRequest* request,
                                                         v1::GetOperationResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, Call::kGetOperation);
  absl::Status status = admission.status();
  if (status.ok()) {
    const std::shared_ptr<const OperationDirectory> directory = cubes_.operations();
    if (const std::shared_ptr<const Operation> operation = directory->Find(request->operation())) {
      *response->mutable_operation() = operation->proto;
    } else {
      status = NotFound(request->operation(), *directory);
    }
  }
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerUnaryReactor* CatalogueService::Change(grpc::CallbackServerContext* context, Call call,
                                                   const std::string& id, OperationChange change,
                                                   v1::Operation* answer) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Admission> admission = gate_.Admit(*context, call);
  absl::Status status = admission.status();
  if (status.ok()) {
    status = applier_.ChangeOperation(std::move(change), [this, reactor, id, answer, admitted = *admission](
                                                             absl::StatusOr<std::optional<v1::Operation>> changed) {
      const std::shared_ptr<const OperationDirectory> operations = cubes_.operations();
      if (changed.ok()) {
        // Nothing changed: what is stored is what was asked for.
        *answer = *changed ? **changed : operations->Find(id)->proto;
      }
      gate_.Record(admitted, AuditObject(id, *operations), changed.status());
      reactor->Finish(ToGrpcStatus(changed.status()));
    });
  }
  if (!status.ok()) reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerUnaryReactor* CatalogueService::CreateOperation(grpc::CallbackServerContext* context,
                                                            const v1::CreateOperationRequest* request,
                                                            v1::CreateOperationResponse* response) {
  return Change(
      context, Call::kCreateOperation, request->operation().id(),
      [this, operation = request->operation()](const OperationDirectory& operations) {
        return Create(operation, cubes_.catalogue(), operations);
      },
      response->mutable_operation());
}

grpc::ServerUnaryReactor* CatalogueService::UpdateOperation(grpc::CallbackServerContext* context,
                                                            const v1::UpdateOperationRequest* request,
                                                            v1::UpdateOperationResponse* response) {
  return Change(
      context, Call::kUpdateOperation, request->operation().id(),
      [this, update = *request](const OperationDirectory& operations) {
        return Update(update, cubes_.catalogue(), operations);
      },
      response->mutable_operation());
}

grpc::ServerUnaryReactor* CatalogueService::SetClosed(grpc::CallbackServerContext* context, const std::string& id,
                                                      bool closed, v1::Operation* answer) {
  return Change(
      context, closed ? Call::kCloseOperation : Call::kReopenOperation, id,
      [id, closed](const OperationDirectory& operations) -> absl::StatusOr<std::optional<v1::Operation>> {
        const std::shared_ptr<const Operation> stored = operations.Find(id);
        if (stored == nullptr) return NotFound(id, operations);
        if (stored->proto.closed() == closed) return std::nullopt;
        v1::Operation changed = stored->proto;
        changed.set_closed(closed);
        return changed;
      },
      answer);
}

grpc::ServerUnaryReactor* CatalogueService::CloseOperation(grpc::CallbackServerContext* context,
                                                           const v1::CloseOperationRequest* request,
                                                           v1::CloseOperationResponse* response) {
  return SetClosed(context, request->operation(), true, response->mutable_operation());
}

grpc::ServerUnaryReactor* CatalogueService::ReopenOperation(grpc::CallbackServerContext* context,
                                                            const v1::ReopenOperationRequest* request,
                                                            v1::ReopenOperationResponse* response) {
  return SetClosed(context, request->operation(), false, response->mutable_operation());
}

}  // namespace muster
