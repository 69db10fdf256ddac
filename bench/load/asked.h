// What questions to Muster and to its peers are about.
#ifndef MUSTER_BENCH_LOAD_ASKED_H_
#define MUSTER_BENCH_LOAD_ASKED_H_

namespace muster::bench {

inline constexpr char kAskedOperation[] = "county-lines-2023-02";
inline constexpr char kAskedRegion[] = "south-east";

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_ASKED_H_
