// Exports by GET: what a spreadsheet refreshes.
#ifndef MUSTER_CLIENTS_GATEWAY_EXPORTS_SERVICE_H_
#define MUSTER_CLIENTS_GATEWAY_EXPORTS_SERVICE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "clients/cpp/client_tls.h"
#include "clients/gateway/http.h"

namespace muster::gateway {

// Makes exports on threads of its own, because making one takes long. Thread-safe.
class ExportsService {
 public:
  // Of musterd at `server_address`.
  ExportsService(std::string server_address, ClientTls tls);
  ~ExportsService();
  ExportsService(const ExportsService&) = delete;
  ExportsService& operator=(const ExportsService&) = delete;

  // Answers GET /export/totals.FORMAT?… with the file, or with 304 where the ETag that the client has is still that of
  // the answer: it stands for what is in it, not for the moment of asking. `authorization` is empty, or "Bearer …".
  // Beyond what waits already, 503.
  void Answer(std::shared_ptr<HttpExchange> exchange, std::string authorization);

  // Answers what waits, and no more.
  void Stop();

 private:
  HttpResponse Make(const HttpRequest& request, const std::string& authorization) const;
  void Run();

  const std::string server_address_;
  const ClientTls tls_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // Guarded by mutex_.
  bool stopping_ = false;                      // Guarded by mutex_.
  std::vector<std::thread> threads_;
};

// The answer to an export that could not be made, for people who read it in a spreadsheet's error box. `is_page`: a
// script of the page asked, and the browser is not to ask for a password.
HttpResponse ExportError(const absl::Status& status, bool is_page);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_EXPORTS_SERVICE_H_
