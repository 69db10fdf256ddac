#include "bench/load/stream_ingest.h"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/connection.h"
#include "bench/load/prepared_message.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/ingest_service.grpc.pb.h"

namespace muster::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Made before, so that making costs nothing while it is measured; more would only fall out of the processor's caches.
constexpr int kMessagesPerStream = 8;

}  // namespace

struct StreamIngest::Stream {
  int index = 0;
  std::vector<PreparedMessage> messages;
  std::optional<int64_t> messages_to_send;
  StreamTotals totals;
  std::thread thread;
};

StreamIngest::StreamIngest(std::string address, Workload& workload, const StreamShape& shape)
    : address_(std::move(address)), shape_(shape) {
  if (shape.results && *shape.results % shape.results_per_message != 0) {
    throw std::invalid_argument(absl::StrCat("not a multiple of ", shape.results_per_message, ": ", *shape.results));
  }
  for (int index = 0; index < shape.streams; ++index) {
    streams_.push_back(std::make_unique<Stream>());
    streams_.back()->index = index;
    if (shape.results) {
      const int64_t messages = *shape.results / shape.results_per_message;
      streams_.back()->messages_to_send = messages / shape.streams + (index < messages % shape.streams ? 1 : 0);
    }
    for (int message = 0; message < kMessagesPerStream; ++message) {
      streams_.back()->messages.push_back(
          PreparedMessage::Of<v1::StreamResultsRequest>(workload, shape.results_per_message));
    }
  }
}

StreamIngest::~StreamIngest() {
  stop_ = true;
  for (const std::unique_ptr<Stream>& stream : streams_) {
    if (stream->thread.joinable()) stream->thread.join();
  }
}

void StreamIngest::Start() {
  for (const std::unique_ptr<Stream>& stream : streams_) {
    stream->thread = std::thread([this, one = stream.get()] {
      try {
        Run(*one);
      } catch (...) {
        stop_ = true;  // Without one, what the others send means nothing.
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
    });
  }
}

StreamTotals StreamIngest::Finish() {
  if (!shape_.results) stop_ = true;
  StreamTotals totals;
  for (const std::unique_ptr<Stream>& stream : streams_) {
    stream->thread.join();
    totals.results += stream->totals.results;
    totals.result_bytes += stream->totals.result_bytes;
    totals.warnings += stream->totals.warnings;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  return totals;
}

void StreamIngest::Run(Stream& stream) {
  const std::shared_ptr<grpc::Channel> channel = OwnConnection(address_);
  grpc::ClientContext context;
  // As the generated stub makes it, but for what it sends.
  const grpc::internal::RpcMethod method("/muster.v1.IngestService/StreamResults",
                                         grpc::internal::RpcMethod::BIDI_STREAMING, channel);
  const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, v1::StreamResultsResponse>> call(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, v1::StreamResultsResponse>::Create(channel.get(),
                                                                                                     method, &context));
  v1::StreamResultsResponse response;
  std::optional<Clock::duration> interval;
  if (shape_.results_per_second) {
    interval = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(shape_.streams * shape_.results_per_message / *shape_.results_per_second));
  }
  // Evenly in turn: forces do not wait for each other to send all at once.
  Clock::time_point due = Clock::now() + interval.value_or(Clock::duration(0)) * stream.index / shape_.streams;
  int64_t sent = 0;
  int64_t answered = 0;
  bool broken = false;
  while (!broken) {
    const bool ended = stop_.load(std::memory_order_relaxed) || sent == stream.messages_to_send;
    if (ended && answered == sent) break;
    const bool has_room = sent - answered < shape_.messages_in_flight;
    if (!ended && has_room && interval && answered == sent) std::this_thread::sleep_until(due);
    if (!ended && has_room && (!interval || Clock::now() >= due)) {
      const PreparedMessage& message = stream.messages[static_cast<size_t>(sent) % stream.messages.size()];
      broken = !call->Write(message.NamedAnew());
      stream.totals.result_bytes += message.result_bytes();
      ++sent;
      if (interval) due += *interval;
      continue;
    }
    broken = !call->Read(&response);
    if (broken) break;
    if (response.receipts_size() != shape_.results_per_message) {
      throw std::runtime_error("an answer has too few receipts, or too many");
    }
    for (const v1::Receipt& receipt : response.receipts()) {
      if (receipt.outcome() != v1::OUTCOME_ACCEPTED) {
        throw std::runtime_error("a result was not accepted: " + receipt.ShortDebugString());
      }
      stream.totals.warnings += receipt.warnings_size();
    }
    stream.totals.results += response.receipts_size();
    acknowledged_.fetch_add(response.receipts_size(), std::memory_order_relaxed);
    ++answered;
  }
  call->WritesDone();
  const grpc::Status status = call->Finish();
  if (!status.ok() || broken) throw std::runtime_error("a stream broke: " + status.error_message());
}

}  // namespace muster::bench
