#include "clients/gateway/exports_service.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/error_details.h"
#include "clients/export/document.h"
#include "clients/export/names.h"
#include "clients/export/totals_document.h"
#include "clients/gateway/export_question.h"
#include "clients/gateway/gateway_log.h"
#include "clients/gateway/limits.h"
#include "clients/gateway/static_files.h"
#include "domain/digest.h"

namespace muster::gateway {
namespace {

// Changes whenever equal totals become another file.
constexpr char kFileVersion[] = "1";
constexpr size_t kEtagDigits = 32;

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

// Weak: two answers of the same totals differ by the moment at which they were asked for.
std::string EtagOf(exports::Format format, const v1::TotalsQuery& query, const v1::QueryTotalsResponse& response,
                   const v1::Catalogue& catalogue) {
  v1::QueryTotalsResponse timeless = response;
  timeless.clear_as_of_time();
  std::string all = absl::StrCat(kFileVersion, " ", exports::FormatName(format));
  for (const google::protobuf::Message* message :
       {static_cast<const google::protobuf::Message*>(&query), static_cast<const google::protobuf::Message*>(&timeless),
        static_cast<const google::protobuf::Message*>(&catalogue)}) {
    const std::string bytes = message->SerializeAsString();
    absl::StrAppend(&all, " ", bytes.size(), " ", bytes);
  }
  return absl::StrCat("W/\"", Sha256Hex(all).substr(0, kEtagDigits), "\"");
}

// "totals-county-lines-2023-02.csv", where the totals are of one operation.
std::string FileNameOf(const ExportQuestion& question) {
  std::string name = "totals";
  // An id that the server knows has nothing in it that a header would not take.
  if (question.query.operations_size() == 1) absl::StrAppend(&name, "-", question.query.operations(0));
  return absl::StrCat(name, ".", exports::FormatName(question.format));
}

}  // namespace

HttpResponse ExportError(const absl::Status& status, bool is_page) {
  std::string text(status.message());
  for (const google::rpc::BadRequest::FieldViolation& violation : FieldViolationsOf(status)) {
    absl::StrAppend(&text, "\n  ", violation.field(), ": ", violation.description());
  }
  HttpResponse response = TextResponse(HttpStatusOf(status.code()), std::move(text));
  if (response.status == 401) {
    response.headers.push_back(
        {"WWW-Authenticate", is_page ? "Bearer realm=\"Muster\"" : "Basic realm=\"Muster\", charset=\"UTF-8\""});
  } else if (response.status == 503 || response.status == 429) {
    response.headers.push_back({"Retry-After", "5"});
  }
  return response;
}

ExportsService::ExportsService(std::string server_address, ClientTls tls)
    : server_address_(std::move(server_address)), tls_(std::move(tls)) {
  for (int thread = 0; thread < kExportThreads; ++thread) {
    threads_.emplace_back([this] { Run(); });
  }
}

ExportsService::~ExportsService() { Stop(); }

void ExportsService::Answer(std::shared_ptr<HttpExchange> exchange, std::string authorization) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!stopping_ && waiting_.size() < kMaxWaitingExports) {
      waiting_.emplace_back([this, exchange, authorization = std::move(authorization)] {
        HttpResponse response = Make(exchange->request(), authorization);
        LogAnswer(exchange->request().method, exchange->request().path, response.status);
        exchange->Respond(std::move(response));
      });
      changed_.notify_one();
      return;
    }
  }
  exchange->Respond(ExportError(absl::UnavailableError("The gateway makes as many exports as it can; try again later."),
                                /*is_page=*/false));
}

void ExportsService::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ExportsService::Run() {
  while (true) {
    std::function<void()> next;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }
}

HttpResponse ExportsService::Make(const HttpRequest& request, const std::string& authorization) const {
  const std::string& mode = request.Header("sec-fetch-mode");
  const bool is_page = !mode.empty() && mode != "navigate";
  const absl::StatusOr<ExportQuestion> question = ParseExportQuestion(request.path, request.query);
  if (!question.ok()) return ExportError(question.status(), is_page);

  ClientOptions options;
  options.server_address = server_address_;
  options.tls = tls_;
  options.authorization = authorization;
  options.retry.max_attempts_before_contact = 2;
  MusterClient client(std::move(options));
  const absl::Time deadline = absl::Now() + absl::FromChrono(kCallDeadline);
  const absl::StatusOr<v1::QueryTotalsResponse> response = client.QueryAllTotals(question->query, deadline);
  if (!response.ok()) return ExportError(response.status(), is_page);
  if (static_cast<size_t>(response->rows_size()) > kMaxExportRows) {
    return ExportError(absl::OutOfRangeError(absl::StrCat("There are ", response->rows_size(), " rows; an export has ",
                                                          kMaxExportRows, " at most. Ask for a narrower one.")),
                       is_page);
  }
  const absl::StatusOr<v1::GetCatalogueResponse> catalogue = client.GetCatalogue({}, deadline);
  if (!catalogue.ok()) return ExportError(catalogue.status(), is_page);

  HttpResponse file;
  const std::string etag = EtagOf(question->format, question->query, *response, catalogue->catalogue());
  file.headers.push_back({"ETag", etag});
  file.headers.push_back({"Cache-Control", "private, no-cache"});
  file.headers.push_back({"Vary", "Authorization"});
  if (NamesEtag(request.Header("if-none-match"), etag)) {
    file.status = 304;
    return file;
  }
  const exports::Names names(catalogue->catalogue());
  absl::StatusOr<std::string> bytes =
      exports::Write(exports::TotalsDocument({question->query, *response, names}), question->format);
  if (!bytes.ok()) return ExportError(bytes.status(), is_page);
  file.headers.push_back({"Content-Type", std::string(exports::MediaTypeOf(question->format))});
  file.headers.push_back({"Content-Disposition", absl::StrCat("attachment; filename=\"", FileNameOf(*question), "\"")});
  file.body = std::make_shared<const std::string>(*std::move(bytes));
  return file;
}

}  // namespace muster::gateway
