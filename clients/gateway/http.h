// HTTP as the gateway's own code sees it: requests, answers, and answers that come piece by piece.
#ifndef MUSTER_CLIENTS_GATEWAY_HTTP_H_
#define MUSTER_CLIENTS_GATEWAY_HTTP_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::gateway {

struct HttpRequest {
  std::string method;       // "GET"
  std::string path;         // As it came, percent-encoded: "/export/totals.csv".
  std::string query;        // What stands after "?", as it came.
  bool is_http_1_1 = true;  // Or older, which has no answers in pieces.
  // By name in lower case. Values of a name that came several times are joined by ", ".
  std::map<std::string, std::string> headers;
  std::string body;

  // Empty if it did not come.
  const std::string& Header(const std::string& lower_case_name) const;
};

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpHeader> headers;
  // May be shared by many answers; nullptr: none.
  std::shared_ptr<const std::string> body;
};

// An answer of plain text.
HttpResponse TextResponse(int status, std::string text);

// One request and its answer. Either Respond() is called once; or StartStream() once, then Write() any number of times,
// each after the one before was written, and then Finish() or Abort(). From any thread.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;

  virtual void Respond(HttpResponse response) = 0;

  // Sends the headers; `head` has no body.
  virtual void StartStream(HttpResponse head) = 0;
  // Calls `written` when the client has taken the piece, or with false when it will take no more. On a thread of the
  // server: it must not wait.
  virtual void Write(std::string piece, std::function<void(bool)> written) = 0;
  virtual void Finish() = 0;
  // Ends the connection, so that the client sees an answer that was cut off.
  virtual void Abort() = 0;

  // Calls `gone` once, as soon as it is known that nobody waits for the answer: the client hung up, or the server is
  // stopping and streams are to end. To be called before anything is sent.
  virtual void WhenGone(std::function<void()> gone) = 0;
};

// What a server does with requests. Thread-safe; no function may wait.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // Looks at a request whose body was not yet read. An answer refuses it; without one, `max_body_bytes` says how much
  // of a body is taken.
  struct Admission {
    std::optional<HttpResponse> refusal;
    size_t max_body_bytes = 0;
  };
  virtual Admission Admit(const HttpRequest& head) = 0;

  virtual void Handle(std::shared_ptr<HttpExchange> exchange) = 0;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_HTTP_H_
