// Where Prometheus asks for the metrics: HTTP, on a loopback port of its own.
#ifndef MUSTER_SERVICE_METRICS_LISTENER_H_
#define MUSTER_SERVICE_METRICS_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/metrics.h"

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace muster {

// Answers GET /metrics on threads of its own until it goes.
class MetricsListener {
 public:
  // `address` is one of loopback, 127.0.0.1:PORT, localhost:PORT or [::1]:PORT: metrics are for whoever is on the
  // machine, and have no callers with rights. Port 0 picks a free one.
  //
  // INVALID_ARGUMENT  it is none of these
  // UNAVAILABLE       it cannot be listened on
  static absl::StatusOr<std::unique_ptr<MetricsListener>> Start(const std::string& address,
                                                                std::shared_ptr<Metrics> metrics);
  ~MetricsListener();
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;

  // With the port that was picked: "127.0.0.1:9464".
  const std::string& address() const { return address_; }

 private:
  MetricsListener(std::shared_ptr<Metrics> metrics, std::unique_ptr<prometheus::Exposer> exposer, std::string address);

  const std::shared_ptr<Metrics> metrics_;
  std::unique_ptr<prometheus::Exposer> exposer_;
  const std::string address_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_METRICS_LISTENER_H_
