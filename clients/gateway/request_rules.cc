#include "clients/gateway/request_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::gateway {

std::optional<HttpResponse> RequestRules::Refuse(const HttpRequest& request, bool is_page) const {
  const std::string host = absl::AsciiStrToLower(request.Header("host"));
  if (std::find(hosts_.begin(), hosts_.end(), host) == hosts_.end()) {
    return TextResponse(421, "This gateway is not called by that name. Start it with --host NAME if it should be.");
  }
  const auto origin = request.headers.find("origin");
  if (origin != request.headers.end()) {
    absl::string_view place = origin->second;
    const bool has_scheme = absl::ConsumePrefix(&place, "http://") || absl::ConsumePrefix(&place, "https://");
    if (!has_scheme || absl::AsciiStrToLower(place) != host) {
      return TextResponse(403, "Pages of others may not use this gateway (Origin).");
    }
  }
  const std::string& site = request.Header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    const bool follows_link = is_page && request.method == "GET" && request.Header("sec-fetch-mode") == "navigate" &&
                              request.Header("sec-fetch-dest") == "document";
    if (!follows_link) return TextResponse(403, "Pages of others may not use this gateway (Sec-Fetch-Site).");
  }
  return std::nullopt;
}

std::vector<std::string> AllowedHosts(const std::string& host, int port, const std::vector<std::string>& names,
                                      bool is_https) {
  std::vector<std::string> hosts;
  const int port_of_scheme = is_https ? 443 : 80;
  const auto add = [&](const std::string& name) {
    hosts.push_back(absl::StrCat(name, ":", port));
    if (port == port_of_scheme) hosts.push_back(name);
  };
  if (host == "127.0.0.1" || host == "::1") {
    add("127.0.0.1");
    add("localhost");
    add("[::1]");
  } else if (host != "0.0.0.0" && host != "::") {
    add(host.find(':') == std::string::npos ? host : absl::StrCat("[", host, "]"));
  }
  for (const std::string& name : names) {
    const std::string lower = absl::AsciiStrToLower(name);
    hosts.push_back(lower);  // As a proxy before this has it, on the port of its scheme.
    if (lower.find(':') == std::string::npos) hosts.push_back(absl::StrCat(lower, ":", port));
  }
  return hosts;
}

}  // namespace muster::gateway
