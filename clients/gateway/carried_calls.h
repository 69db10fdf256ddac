// Which calls the gateway carries.
#ifndef MUSTER_CLIENTS_GATEWAY_CARRIED_CALLS_H_
#define MUSTER_CLIENTS_GATEWAY_CARRIED_CALLS_H_

#include <optional>
#include <string_view>

namespace muster::gateway {

enum class CallShape { kUnary, kServerStream };

// Of "/muster.v1.TotalsService/QueryTotals". nullopt for what is not carried: a browser reads, and never writes, backs
// up or verifies; and what is not known here is not let through.
std::optional<CallShape> CarriedCall(std::string_view path);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_CARRIED_CALLS_H_
