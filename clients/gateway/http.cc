#include "clients/gateway/http.h"

namespace muster::gateway {

const std::string& HttpRequest::Header(const std::string& lower_case_name) const {
  static const std::string* const none = new std::string();
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? *none : found->second;
}

HttpResponse TextResponse(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  response.headers.push_back({"Cache-Control", "no-store"});
  text.push_back('\n');
  response.body = std::make_shared<const std::string>(std::move(text));
  return response;
}

}  // namespace muster::gateway
