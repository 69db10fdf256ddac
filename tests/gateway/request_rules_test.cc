#include "clients/gateway/request_rules.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// 0 for a request that is let through.
int Refusal(const std::string& method, std::map<std::string, std::string> headers, bool is_page = true) {
  const RequestRules rules({"127.0.0.1:7480", "localhost:7480", "muster.example.org"});
  HttpRequest request;
  request.method = method;
  request.path = "/";
  request.headers = std::move(headers);
  const auto refusal = rules.Refuse(request, is_page);
  return refusal.has_value() ? refusal->status : 0;
}

TEST(RequestRules, Table) {
  struct Row {
    const char* name;
    const char* method;
    std::map<std::string, std::string> headers;
    int refusal;
  };
  const Row rows[] = {
      {"a program", "GET", {{"host", "127.0.0.1:7480"}}, 0},
      {"by its other name", "GET", {{"host", "localhost:7480"}}, 0},
      {"capitals", "GET", {{"host", "LocalHost:7480"}}, 0},
      {"a proxy's name", "GET", {{"host", "muster.example.org"}}, 0},
      {"a name of somebody's that points here", "GET", {{"host", "evil.example:7480"}}, 421},
      {"a name that only begins like ours", "GET", {{"host", "localhost:7480.evil.example"}}, 421},
      {"no name", "GET", {}, 421},
      {"another port", "GET", {{"host", "127.0.0.1:7481"}}, 421},
      {"no port", "GET", {{"host", "127.0.0.1"}}, 421},
      {"the page's own call",
       "POST",
       {{"host", "localhost:7480"}, {"origin", "http://localhost:7480"}, {"sec-fetch-site", "same-origin"}},
       0},
      {"a page's behind a proxy with HTTPS",
       "POST",
       {{"host", "muster.example.org"}, {"origin", "https://muster.example.org"}},
       0},
      {"a page of others", "POST", {{"host", "localhost:7480"}, {"origin", "https://evil.example"}}, 403},
      {"a page of another program here",
       "POST",
       {{"host", "localhost:7480"}, {"origin", "http://localhost:8080"}},
       403},
      {"one of our names on a page of another",
       "POST",
       {{"host", "localhost:7480"}, {"origin", "http://127.0.0.1:7480"}},
       403},
      {"a page from a file", "POST", {{"host", "localhost:7480"}, {"origin", "null"}}, 403},
      {"an empty origin", "POST", {{"host", "localhost:7480"}, {"origin", ""}}, 403},
      {"typed into the address bar",
       "GET",
       {{"host", "localhost:7480"}, {"sec-fetch-site", "none"}, {"sec-fetch-mode", "navigate"}},
       0},
      {"a link that is followed",
       "GET",
       {{"host", "localhost:7480"},
        {"sec-fetch-site", "cross-site"},
        {"sec-fetch-mode", "navigate"},
        {"sec-fetch-dest", "document"}},
       0},
      {"a picture on another page",
       "GET",
       {{"host", "localhost:7480"},
        {"sec-fetch-site", "cross-site"},
        {"sec-fetch-mode", "no-cors"},
        {"sec-fetch-dest", "image"}},
       403},
      {"a frame on another page",
       "GET",
       {{"host", "localhost:7480"},
        {"sec-fetch-site", "cross-site"},
        {"sec-fetch-mode", "navigate"},
        {"sec-fetch-dest", "iframe"}},
       403},
      {"a form of another page",
       "POST",
       {{"host", "localhost:7480"},
        {"sec-fetch-site", "cross-site"},
        {"sec-fetch-mode", "navigate"},
        {"sec-fetch-dest", "document"}},
       403},
      {"another name of the same site", "GET", {{"host", "localhost:7480"}, {"sec-fetch-site", "same-site"}}, 403},
  };
  for (const Row& row : rows) EXPECT_EQ(Refusal(row.method, row.headers), row.refusal) << row.name;
}

TEST(RequestRules, LinksOfOthersLeadToPagesAlone) {
  const std::map<std::string, std::string> follows = {{"host", "localhost:7480"},
                                                      {"sec-fetch-site", "cross-site"},
                                                      {"sec-fetch-mode", "navigate"},
                                                      {"sec-fetch-dest", "document"}};
  EXPECT_EQ(Refusal("GET", follows, /*is_page=*/true), 0);
  EXPECT_EQ(Refusal("GET", follows, /*is_page=*/false), 403);
}

TEST(AllowedHosts, OfWhereItListens) {
  EXPECT_THAT(AllowedHosts("127.0.0.1", 7480, {}, false),
              ElementsAre("127.0.0.1:7480", "localhost:7480", "[::1]:7480"));
  EXPECT_THAT(AllowedHosts("127.0.0.1", 80, {}, false),
              UnorderedElementsAre("127.0.0.1:80", "127.0.0.1", "localhost:80", "localhost", "[::1]:80", "[::1]"));
  EXPECT_THAT(AllowedHosts("10.1.2.3", 443, {}, true), ElementsAre("10.1.2.3:443", "10.1.2.3"));
  EXPECT_THAT(AllowedHosts("fd00::1", 8443, {}, true), ElementsAre("[fd00::1]:8443"));
  EXPECT_THAT(AllowedHosts("0.0.0.0", 443, {}, true), ElementsAre());
  EXPECT_THAT(AllowedHosts("0.0.0.0", 443, {"Muster.example.org"}, true),
              ElementsAre("muster.example.org", "muster.example.org:443"));
  EXPECT_THAT(AllowedHosts("::", 443, {"muster.example.org:8443"}, true), ElementsAre("muster.example.org:8443"));
}

}  // namespace
}  // namespace muster::gateway
