#include "service/metrics_listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <future>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "prometheus/exposer.h"
#include "service/limits.h"

namespace muster {
namespace {

constexpr std::chrono::milliseconds kKnockInterval{10};

// Makes a connection, if anybody listens there, and ends it.
void Knock(const std::string& address) {
  const size_t colon = address.rfind(':');
  const std::string host(absl::StripPrefix(absl::StripSuffix(address.substr(0, colon), "]"), "["));
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) return;
  const int connection = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection >= 0) {
    (void)connect(connection, found->ai_addr, found->ai_addrlen);
    close(connection);
  }
  freeaddrinfo(found);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(const std::string& address,
                                                                        std::shared_ptr<Metrics> metrics) {
  const size_t colon = address.rfind(':');
  const std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  int port = 0;
  if ((host != "127.0.0.1" && host != "localhost" && host != "[::1]") ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65'535) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot serve metrics on \"", address,
                     "\": they are served on loopback only, 127.0.0.1:PORT, localhost:PORT or [::1]:PORT."));
  }
  // The HTTP server takes numbers only.
  const std::string numeric_host = host == "localhost" ? "127.0.0.1" : host;
  const std::vector<std::string> options = {"listening_ports",    absl::StrCat(numeric_host, ":", port),
                                            "num_threads",        absl::StrCat(kMetricsThreads),
                                            "request_timeout_ms", absl::StrCat(kMetricsRequestTimeout.count())};
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(options);
    exposer->RegisterCollectable(metrics);
    const std::vector<int> ports = exposer->GetListeningPorts();
    if (ports.size() == 1) {
      return std::unique_ptr<MetricsListener>(
          new MetricsListener(std::move(metrics), std::move(exposer), absl::StrCat(numeric_host, ":", ports.front())));
    }
  } catch (const std::exception&) {
    // Said below: what it says is that it could not.
  }
  return absl::UnavailableError(
      absl::StrCat("Cannot serve metrics on ", address, ": is another program listening there?"));
}

MetricsListener::MetricsListener(std::shared_ptr<Metrics> metrics, std::unique_ptr<prometheus::Exposer> exposer,
                                 std::string address)
    : metrics_(std::move(metrics)), exposer_(std::move(exposer)), address_(std::move(address)) {}

MetricsListener::~MetricsListener() {
  // The HTTP server looks whether it is to end when a connection comes, or after two seconds.
  std::future<void> ended = std::async(std::launch::async, [this] { exposer_.reset(); });
  do {
    Knock(address_);
  } while (ended.wait_for(kKnockInterval) != std::future_status::ready);
}

}  // namespace muster
