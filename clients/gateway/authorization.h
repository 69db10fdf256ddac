// Who a request says that it comes from.
#ifndef MUSTER_CLIENTS_GATEWAY_AUTHORIZATION_H_
#define MUSTER_CLIENTS_GATEWAY_AUTHORIZATION_H_

#include <string>
#include <string_view>

namespace muster::gateway {

// The header Authorization as musterd takes it, "Bearer TOKEN". Spreadsheets offer HTTP Basic alone: there the token is
// the password, and the name may be anything. What is neither goes on as it is, for musterd to refuse: nobody becomes
// somebody else by a header that was misspelt.
std::string BearerOf(std::string_view authorization);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_AUTHORIZATION_H_
