#include "clients/gateway/call_relay.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clients/gateway/limits.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/client_callback.h"
#include "grpcpp/support/slice.h"
#include "grpcpp/support/stub_options.h"

namespace muster::gateway {
namespace {

constexpr char kDetails[] = "grpc-status-details-bin";

HttpResponse GrpcWebHead(GrpcWebForm form) {
  HttpResponse head;
  const std::string_view type = ContentTypeOf(form);
  head.headers.push_back({"Content-Type", std::string(type)});
  head.headers.push_back({"Cache-Control", "no-store"});
  head.headers.push_back({"X-Accel-Buffering", "no"});  // A proxy before this passes a stream on as it comes.
  return head;
}

// The details of an error, as AIP-193 has them.
std::string DetailsOf(absl::StatusCode code, std::string_view reason, std::string_view message) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain("muster");
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(std::string(message));
  status.add_details()->PackFrom(info);
  return status.SerializeAsString();
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// What of the request's headers goes along as metadata, beside who calls.
constexpr char kRequestId[] = "x-request-id";

}  // namespace

HttpResponse RefusedCall(GrpcWebForm form, absl::StatusCode code, std::string_view reason, std::string_view message) {
  HttpResponse response = GrpcWebHead(form);
  response.body = std::make_shared<const std::string>(
      TrailersFrame(static_cast<int>(code), message, {{kDetails, DetailsOf(code, reason, message)}}, form));
  return response;
}

// One call. Reactions run on gRPC's threads and Wrote() on the server's, never two at once: each is the answer to the
// one before. Held by the relay until its end.
class CallRelay::Call final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                              public std::enable_shared_from_this<Call> {
 public:
  Call(CallRelay& relay, const RelayedCall& call, std::shared_ptr<HttpExchange> exchange, const grpc::Slice& message)
      : relay_(relay), call_(call), exchange_(std::move(exchange)), request_(&message, 1) {}

  CallShape shape() const { return call_.shape; }

  void Start(grpc::GenericStub& stub) {
    if (!call_.authorization.empty()) context_.AddMetadata("authorization", call_.authorization);
    const std::string& request_id = exchange_->request().Header(kRequestId);
    if (!request_id.empty()) context_.AddMetadata(kRequestId, request_id);
    SetDeadline();
    exchange_->WhenGone([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Cancel();
    });
    stub.PrepareBidiStreamingCall(&context_, call_.path, grpc::StubOptions(), this);
    AddHold();  // Reads are started from another thread, too.
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&response_);
    StartCall();
  }

  // From any thread, at any time.
  void Cancel() {
    cancelled_ = true;
    context_.TryCancel();
  }

 private:
  void SetDeadline() {
    const std::optional<std::chrono::nanoseconds> timeout =
        ParseGrpcTimeout(exchange_->request().Header("grpc-timeout"), std::chrono::hours(24));
    const bool is_stream = call_.shape == CallShape::kServerStream;
    if (!timeout.has_value() && is_stream) return;
    std::chrono::nanoseconds left = timeout.value_or(kCallDeadline);
    if (!is_stream && left > kCallDeadline) left = kCallDeadline;
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
  }

  void OnReadInitialMetadataDone(bool ok) override {
    // A stream may stay silent for long, and its reader wants to know that it stands.
    if (ok && call_.shape == CallShape::kServerStream) BeginAnswer();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      RemoveHold();
      return;
    }
    BeginAnswer();
    exchange_->Write(MessageFrame(BytesOf(response_), call_.form), [self = shared_from_this()](bool written) {
      if (written) {
        self->StartRead(&self->response_);
      } else {
        self->Cancel();
        self->RemoveHold();
      }
    });
  }

  void OnDone(const grpc::Status& status) override {
    BeginAnswer();
    exchange_->Write(LastFrame(status), [exchange = exchange_](bool written) {
      if (written) exchange->Finish();
    });
    relay_.Leave(this);  // Nothing of this object is used after it.
  }

  // The headers, once, and before anything that the caller writes then. Reactions may run at the same time as that for
  // initial metadata.
  void BeginAnswer() {
    const std::lock_guard<std::mutex> lock(begin_mutex_);
    if (begun_) return;
    begun_ = true;
    exchange_->StartStream(GrpcWebHead(call_.form));
  }

  std::string LastFrame(const grpc::Status& status) {
    if (cancelled_ && status.error_code() == grpc::StatusCode::CANCELLED) {
      // Whoever has gone does not read it. So the reader is one whose stream ends because the gateway does.
      constexpr std::string_view kMessage = "The gateway is stopping; try again.";
      return TrailersFrame(static_cast<int>(absl::StatusCode::kUnavailable), kMessage,
                           {{kDetails, DetailsOf(absl::StatusCode::kUnavailable, "GATEWAY_STOPPING", kMessage)}},
                           call_.form);
    }
    Trailers trailers;
    for (const auto& [name, value] : context_.GetServerTrailingMetadata()) {
      trailers.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    return TrailersFrame(static_cast<int>(status.error_code()), status.error_message(), trailers, call_.form);
  }

  CallRelay& relay_;
  const RelayedCall call_;
  const std::shared_ptr<HttpExchange> exchange_;
  const grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  grpc::ClientContext context_;
  std::mutex begin_mutex_;  // Held until the headers are on their way.
  bool begun_ = false;      // Guarded by begin_mutex_.
  std::atomic<bool> cancelled_ = false;
};

CallRelay::~CallRelay() { Stop(); }

void CallRelay::Carry(const RelayedCall& call, std::shared_ptr<HttpExchange> exchange) {
  absl::StatusOr<std::string> message = MessageOfBody(exchange->request().body, call.form);
  if (!message.ok()) {
    exchange->Respond(
        RefusedCall(call.form, message.status().code(), "MALFORMED_GRPC_WEB", std::string(message.status().message())));
    return;
  }
  if (!Enter(call.shape)) {
    HttpResponse busy = TextResponse(503, "The gateway carries as many calls as it can; try again later.");
    busy.headers.push_back({"Retry-After", "5"});
    exchange->Respond(std::move(busy));
    return;
  }
  const auto carried = std::make_shared<Call>(*this, call, std::move(exchange), grpc::Slice(*message));
  bool stopping = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls_.insert(carried);
    stopping = stopping_;  // Since it was let in: Stop() has not seen it.
  }
  if (stopping) carried->Cancel();
  carried->Start(stub_);
}

void CallRelay::Stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  stopping_ = true;
  const std::set<std::shared_ptr<Call>> calls = calls_;
  lock.unlock();
  for (const std::shared_ptr<Call>& call : calls) call->Cancel();
  lock.lock();
  left_.wait(lock, [this] { return unary_count_ + stream_count_ == 0; });
}

bool CallRelay::Enter(CallShape shape) {
  const std::lock_guard<std::mutex> lock(mutex_);
  int& count = shape == CallShape::kUnary ? unary_count_ : stream_count_;
  if (stopping_ || count >= (shape == CallShape::kUnary ? kMaxCalls : kMaxStreams)) return false;
  ++count;
  return true;
}

void CallRelay::Leave(Call* call) {
  std::shared_ptr<Call> last;  // Goes without the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = calls_.find(call->shared_from_this());
  last = *found;
  calls_.erase(found);
  --(call->shape() == CallShape::kUnary ? unary_count_ : stream_count_);
  if (unary_count_ + stream_count_ == 0) left_.notify_all();
}

}  // namespace muster::gateway
