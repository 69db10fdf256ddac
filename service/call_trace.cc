#include "service/call_trace.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr size_t kMaxRequestIdBytes = 64;

class TracedContext final : public grpc::CallbackServerContext {
 public:
  CallTrace trace;
};

class Allocator final : public grpc::ContextAllocator {
 public:
  grpc::CallbackServerContext* NewCallbackServerContext() override { return new TracedContext(); }
  void Release(grpc::CallbackServerContext* context) override {
    // Those of methods that nobody has come here too, though gRPC made them, and keeps them.
    delete dynamic_cast<TracedContext*>(context);
  }
};

// The only value of that key; empty if there is none, or several.
std::string_view Only(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const char* key) {
  const auto [first, end] = metadata.equal_range(key);
  if (first == end || std::next(first) != end) return {};
  return {first->second.data(), first->second.size()};
}

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsAllZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == ':' || c == '-';
  });
}

bool IsTraceparent(std::string_view text) {
  constexpr size_t kTraceIdBegin = 3;
  constexpr size_t kTraceIdBytes = 32;
  constexpr size_t kParentIdBegin = 36;
  constexpr size_t kParentIdBytes = 16;
  constexpr size_t kFlagsBegin = 53;
  constexpr size_t kBytes = 55;
  if (text.size() != kBytes || text.substr(0, kTraceIdBegin) != "00-" || text[kParentIdBegin - 1] != '-' ||
      text[kFlagsBegin - 1] != '-') {
    return false;
  }
  const std::string_view trace_id = text.substr(kTraceIdBegin, kTraceIdBytes);
  const std::string_view parent_id = text.substr(kParentIdBegin, kParentIdBytes);
  return IsLowerHex(trace_id) && !IsAllZero(trace_id) && IsLowerHex(parent_id) && !IsAllZero(parent_id) &&
         IsLowerHex(text.substr(kFlagsBegin));
}

std::string MakeRequestId() {
  // What is random tells this process from every other, and the count one call from the next.
  static const uint64_t process = [] {
    std::random_device random;
    return uint64_t{random()} << 32U | random();
  }();
  static std::atomic<uint64_t> next{1};
  return absl::StrCat(absl::Hex(process, absl::kZeroPad16),
                      absl::Hex(next.fetch_add(1, std::memory_order_relaxed), absl::kZeroPad16));
}

const CallTrace& TraceOf(const grpc::ServerContextBase& context) {
  static const CallTrace none;
  const auto* const traced = dynamic_cast<const TracedContext*>(&context);
  return traced == nullptr ? none : traced->trace;
}

void ReadTrace(grpc::ServerContextBase& context) {
  auto* const traced = dynamic_cast<TracedContext*>(&context);
  if (traced == nullptr) return;
  CallTrace& trace = traced->trace;
  const std::string_view request_id = Only(traced->client_metadata(), kRequestIdKey);
  trace.request_id = IsRequestId(request_id) ? std::string(request_id) : MakeRequestId();
  const std::string_view traceparent = Only(traced->client_metadata(), kTraceparentKey);
  if (IsTraceparent(traceparent)) trace.traceparent = traceparent;
  traced->AddInitialMetadata(kRequestIdKey, trace.request_id);
}

std::unique_ptr<grpc::ContextAllocator> TracedContexts() { return std::make_unique<Allocator>(); }

}  // namespace muster
