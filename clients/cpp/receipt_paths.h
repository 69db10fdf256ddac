// Field paths of receipts, from the numbering of one message to that of the whole list.
#ifndef MUSTER_CLIENTS_CPP_RECEIPT_PATHS_H_
#define MUSTER_CLIENTS_CPP_RECEIPT_PATHS_H_

#include <cstddef>

#include "google/protobuf/repeated_field.h"
#include "muster/v1/result.pb.h"

namespace muster {

// `receipts` answer a message whose first result is number `first_index` of the list: "results[3].figures[0]" becomes
// "results[1003].figures[0]" where that is 1,000, in problems and warnings alike.
void RenumberPaths(size_t first_index, google::protobuf::RepeatedPtrField<v1::Receipt>& receipts);

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_RECEIPT_PATHS_H_
