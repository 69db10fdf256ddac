// Messages as the bytes that gRPC takes and gives where a call is handled as bytes.
#ifndef MUSTER_SERVICE_MESSAGE_BYTES_H_
#define MUSTER_SERVICE_MESSAGE_BYTES_H_

#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "domain/check.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace muster {

// Whether `bytes`, which are used up, are such a message.
template <typename Message>
bool Parse(grpc::ByteBuffer* bytes, Message* message) {
  return grpc::SerializationTraits<Message>::Deserialize(bytes, message).ok();
}

template <typename Message>
grpc::ByteBuffer Serialised(const Message& message) {
  grpc::ByteBuffer bytes;
  bool is_owned = false;
  // It cannot fail for a message in memory that is far below 2 GiB.
  const grpc::Status status = grpc::SerializationTraits<Message>::Serialize(message, &bytes, &is_owned);
  MUSTER_CHECK(status.ok());
  return bytes;
}

// The same in one piece, which can be shared; behind `more`, which are serialised fields of the same message.
template <typename Message>
grpc::Slice SerialisedSlice(const Message& message, absl::string_view more = "") {
  const size_t size = message.ByteSizeLong();
  grpc_slice slice = grpc_slice_malloc(more.size() + size);
  uint8_t* const begin = GRPC_SLICE_START_PTR(slice);
  std::memcpy(begin, more.data(), more.size());
  message.SerializeWithCachedSizesToArray(begin + more.size());
  return grpc::Slice(slice, grpc::Slice::STEAL_REF);
}

}  // namespace muster

#endif  // MUSTER_SERVICE_MESSAGE_BYTES_H_
