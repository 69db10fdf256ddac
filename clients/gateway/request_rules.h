// Which requests are a browser's on this gateway's own pages, or a program's that was given its address: the rest is
// refused, so that pages of others cannot use it, whatever they know of its address.
#ifndef MUSTER_CLIENTS_GATEWAY_REQUEST_RULES_H_
#define MUSTER_CLIENTS_GATEWAY_REQUEST_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "clients/gateway/http.h"

namespace muster::gateway {

class RequestRules {
 public:
  explicit RequestRules(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}

  // Refuses
  // - any other Host: whoever makes a name of theirs point to this machine ("DNS rebinding") sends that name;
  // - an Origin that is not of that Host;
  // - what the browser says comes from pages of others (Sec-Fetch-Site), except when somebody follows a link to a page:
  //   `is_page` says whether the address is one.
  std::optional<HttpResponse> Refuse(const HttpRequest& request, bool is_page) const;

 private:
  const std::vector<std::string> hosts_;
};

// What Host may say where a server listens at `host` (numeric) and `port`. Loopback has three names; all addresses at
// once, "0.0.0.0" or "::", have none. And each of `names`, which are those of --host: on the port of the scheme, as a
// proxy has it, and on this one.
std::vector<std::string> AllowedHosts(const std::string& host, int port, const std::vector<std::string>& names,
                                      bool is_https);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_REQUEST_RULES_H_
