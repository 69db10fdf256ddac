// The frames of gRPC-Web: how a message, and what stands in HTTP/2 trailers, travel in the body of an HTTP/1.1 answer.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
#ifndef MUSTER_CLIENTS_GATEWAY_GRPC_WEB_H_
#define MUSTER_CLIENTS_GATEWAY_GRPC_WEB_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::gateway {

inline constexpr size_t kFrameHeaderBytes = 5;

enum class GrpcWebForm {
  kBinary,  // application/grpc-web, application/grpc-web+proto
  kText,    // application/grpc-web-text, application/grpc-web-text+proto: the same in base64
};

// Of the value of a header Content-Type, parameters left aside. nullopt for any other.
std::optional<GrpcWebForm> GrpcWebFormOf(std::string_view content_type);
// What the answer has.
std::string_view ContentTypeOf(GrpcWebForm form);

// The one message of a body. Neither compressed messages nor several are taken: no call here has them.
//
// INVALID_ARGUMENT  it is not one whole frame with a message; UNIMPLEMENTED  the message is compressed
absl::StatusOr<std::string> MessageOfBody(std::string_view body, GrpcWebForm form);

// One frame of an answer.
std::string MessageFrame(std::string_view message, GrpcWebForm form);

// Trailers as metadata has them: values of names that end in "-bin" are bytes, and travel in base64.
using Trailers = std::vector<std::pair<std::string, std::string>>;

// The last frame of an answer: how the call ended. `code` is one of gRPC's. Names and values that cannot stand in a
// line are left out.
std::string TrailersFrame(int code, std::string_view message, const Trailers& trailers, GrpcWebForm form);

// `text` as the header grpc-message has it: UTF-8 with all but plain ASCII percent-encoded.
std::string PercentEncoded(std::string_view text);

// The value of a header grpc-timeout: "1500m" is 1.5 seconds. nullopt if it is none; more than `longest` counts as
// that.
std::optional<std::chrono::nanoseconds> ParseGrpcTimeout(std::string_view value, std::chrono::nanoseconds longest);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_GRPC_WEB_H_
