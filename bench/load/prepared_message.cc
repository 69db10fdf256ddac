#include "bench/load/prepared_message.h"

#include <cstring>
#include <stdexcept>
#include <utility>

namespace muster::bench {

PreparedMessage::PreparedMessage(std::string bytes,
                                 const google::protobuf::RepeatedPtrField<v1::OperationResult>& results)
    : bytes_(std::move(bytes)) {
  size_t place = 0;
  for (const v1::OperationResult& result : results) {
    place = bytes_.find(result.result_id(), place);  // Nothing else looks like it.
    if (place == std::string::npos) throw std::logic_error("a name is not in its message");
    names_.push_back(place);
    result_bytes_ += static_cast<int64_t>(result.ByteSizeLong());
  }
}

grpc::ByteBuffer PreparedMessage::NamedAnew() const {
  grpc::Slice slice(bytes_.size());
  // Nobody else has it yet.
  char* const bytes = reinterpret_cast<char*>(const_cast<uint8_t*>(slice.begin()));
  std::memcpy(bytes, bytes_.data(), bytes_.size());
  uint64_t number = FreshResultIds::Take(static_cast<int64_t>(names_.size()));
  for (const size_t place : names_) FreshResultIds::Write(number++, bytes + place);
  return {&slice, 1};
}

}  // namespace muster::bench
