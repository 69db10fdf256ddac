// A client of Muster. Needs no gRPC header: only messages, times and statuses.
#ifndef MUSTER_CLIENTS_CPP_CLIENT_H_
#define MUSTER_CLIENTS_CPP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "clients/cpp/client_tls.h"
#include "clients/cpp/followed_totals.h"
#include "clients/cpp/result_batches.h"
#include "clients/cpp/retry.h"
#include "google/protobuf/repeated_field.h"
#include "muster/v1/catalogue_service.pb.h"
#include "muster/v1/ingest_service.pb.h"
#include "muster/v1/store_service.pb.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

struct ClientOptions {
  std::string server_address;  // "127.0.0.1:43210", or any other name that gRPC resolves.
  ClientTls tls;               // ReadClientTls() makes it.
  std::string authorization;   // Goes with every call, "Bearer …". Empty: the connection alone says who calls.
  RetryPolicy retry;
  ClientClock clock = SystemClock();
};

struct SubmitAllOptions {
  // Ask what would become of the results; nothing is written.
  bool validate_only = false;
  // Messages that were sent and not yet answered, at least 1: what the server works on while the next ones travel.
  int max_messages_in_flight = 4;
  // Number of the first result, where the results are a part of a longer list: receipts count from it.
  size_t first_index = 0;
  BatchLimits batch;
};

// Called with the receipts of results `first_index` and following, in the order of the results.
using OnReceipts =
    std::function<void(size_t first_index, const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts)>;

struct WatchOptions {
  // When to end; infinite: when the callback says so.
  absl::Time until = absl::InfiniteFuture();
  // A connection on which nothing came for so long is taken for broken: the server says something every 15 seconds.
  absl::Duration max_silence = absl::Seconds(45);
  // Begin where an earlier watch of the same query ended, as far as the server still knows what changed since.
  std::string resume_token;
};

// What a watch has to tell.
struct WatchNews {
  // As of now: `totals` was told at this moment. Otherwise the connection is broken, `problem` says why, and `totals`
  // is what it was.
  absl::Status problem;
  // Nullptr before the first moment.
  const FollowedTotals* totals = nullptr;
};

// Called on the thread that watches; false ends the watch. Must not throw.
using OnNews = std::function<bool(const WatchNews& news)>;

// One channel to one server, which connects when it is first needed and again whenever it must.
//
// Every call but WatchTotals takes a deadline: no call waits for ever. Until then it is tried again after UNAVAILABLE,
// after RESOURCE_EXHAUSTED if the server says when, and after CANCELLED, which a stopping server says; all calls of
// Muster may be repeated safely. Errors keep the details that the server sent: see error_details.h.
//
// INVALID_ARGUMENT   the deadline is infinite (beside what the server says)
// DEADLINE_EXCEEDED  no answer in time; a submission may have been taken all the same: send it again
// UNAVAILABLE        no server, or it cannot take anything now, and no attempt fitted before the deadline
//
// All functions may be called from any thread at the same time.
class MusterClient {
 public:
  explicit MusterClient(ClientOptions options);
  ~MusterClient();

  MusterClient(const MusterClient&) = delete;
  MusterClient& operator=(const MusterClient&) = delete;

  // Whether the server was ever heard. If not, an error of a call probably means a wrong address.
  bool ReachedServer() const;

  // --- Results ---

  // At most 1,000 results and 4 MiB; more is for SubmitAll.
  absl::StatusOr<v1::SubmitResultsResponse> SubmitResults(const v1::SubmitResultsRequest& request, absl::Time deadline);

  // Sends any number of results over a stream, several messages ahead of the answers, and returns the position
  // that stands for all of them: a query at it or later sees them. Where the stream breaks, sends again what was
  // not acknowledged, so an outcome may be DUPLICATE though the caller sent the result once.
  //
  // `on_receipts` is called on this thread, for every result once, in order; must not throw. After an error, what
  // it was called for is acknowledged, and the rest may be sent again. Field paths in receipts count within
  // `results`, from `first_index`: "results[1234].figures[0]".
  absl::StatusOr<int64_t> SubmitAll(absl::Span<const v1::OperationResult> results, const SubmitAllOptions& options,
                                    absl::Time deadline, const OnReceipts& on_receipts);

  absl::StatusOr<v1::GetResultResponse> GetResult(const v1::GetResultRequest& request, absl::Time deadline);
  absl::StatusOr<v1::ListResultsResponse> ListResults(const v1::ListResultsRequest& request, absl::Time deadline);
  // All pages as one answer.
  absl::StatusOr<v1::ListResultsResponse> ListAllResults(absl::string_view operation, absl::string_view force,
                                                         absl::Time deadline);
  absl::StatusOr<v1::ListRevisionsResponse> ListRevisions(const v1::ListRevisionsRequest& request, absl::Time deadline);
  // All pages as one answer; those of `request` are ignored.
  absl::StatusOr<v1::ListRevisionsResponse> ListAllRevisions(v1::ListRevisionsRequest request, absl::Time deadline);

  // --- Totals ---

  absl::StatusOr<v1::QueryTotalsResponse> QueryTotals(const v1::QueryTotalsRequest& request, absl::Time deadline);
  // All pages as one answer, of one position: begins again where the totals move on between two pages.
  absl::StatusOr<v1::QueryTotalsResponse> QueryAllTotals(const v1::TotalsQuery& query, absl::Time deadline);
  // Watches totals, on this thread, until the callback or the options end it, which is OK. Where the connection breaks,
  // or the server ends the watch for a reason that passes, says so, tries again and goes on from where it was. Returns
  // any other error; and, where no server was ever heard, that after a few attempts as RetryPolicy has it.
  absl::Status WatchTotals(const v1::TotalsQuery& query, const WatchOptions& options, const OnNews& on_news);
  absl::StatusOr<v1::ExplainTotalResponse> ExplainTotal(const v1::ExplainTotalRequest& request, absl::Time deadline);
  // All pages as one answer; those of `request` are ignored.
  absl::StatusOr<v1::ExplainTotalResponse> ExplainWholeTotal(v1::ExplainTotalRequest request, absl::Time deadline);
  absl::StatusOr<v1::DiffTotalsResponse> DiffTotals(const v1::DiffTotalsRequest& request, absl::Time deadline);
  // All pages as one answer; those of `request` are ignored.
  absl::StatusOr<v1::DiffTotalsResponse> DiffWholeTotals(v1::DiffTotalsRequest request, absl::Time deadline);
  absl::StatusOr<v1::GetCoverageResponse> GetCoverage(const v1::GetCoverageRequest& request, absl::Time deadline);

  // --- Catalogue and operations ---

  absl::StatusOr<v1::GetCatalogueResponse> GetCatalogue(const v1::GetCatalogueRequest& request, absl::Time deadline);
  absl::StatusOr<v1::ListOperationsResponse> ListOperations(const v1::ListOperationsRequest& request,
                                                            absl::Time deadline);
  // All pages as one answer.
  absl::StatusOr<v1::ListOperationsResponse> ListAllOperations(absl::Time deadline);
  absl::StatusOr<v1::GetOperationResponse> GetOperation(const v1::GetOperationRequest& request, absl::Time deadline);
  absl::StatusOr<v1::CreateOperationResponse> CreateOperation(const v1::CreateOperationRequest& request,
                                                              absl::Time deadline);
  absl::StatusOr<v1::UpdateOperationResponse> UpdateOperation(const v1::UpdateOperationRequest& request,
                                                              absl::Time deadline);
  absl::StatusOr<v1::CloseOperationResponse> CloseOperation(const v1::CloseOperationRequest& request,
                                                            absl::Time deadline);
  absl::StatusOr<v1::ReopenOperationResponse> ReopenOperation(const v1::ReopenOperationRequest& request,
                                                              absl::Time deadline);

  // --- Server ---

  // Whether the server says that it takes results: grpc.health.v1 of the server as a whole.
  absl::StatusOr<bool> IsServing(absl::Time deadline);
  absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo(const v1::GetServerInfoRequest& request, absl::Time deadline);

  // --- Store ---

  absl::StatusOr<v1::VerifyTotalsResponse> VerifyTotals(const v1::VerifyTotalsRequest& request, absl::Time deadline);
  absl::StatusOr<v1::BackupResponse> Backup(const v1::BackupRequest& request, absl::Time deadline);

 private:
  class Connection;

  // What a call that answers in pages says in all of them, as one answer; those of `request` are ignored.
  template <typename Request, typename Response>
  absl::StatusOr<Response> AllPages(absl::StatusOr<Response> (MusterClient::*call)(const Request&, absl::Time),
                                    Request request, absl::Time deadline);

  const std::unique_ptr<Connection> connection_;
};

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_CLIENT_H_
