// The ceiling of durable ingest: RocksDB alone, with nothing to understand and nothing to add up.
#ifndef MUSTER_BENCH_CEILINGS_ROCKSDB_WRITER_H_
#define MUSTER_BENCH_CEILINGS_ROCKSDB_WRITER_H_

#include <string>

namespace muster::bench {

// Writes batches of 1,000 random keys of 40 bytes, with values of 200 bytes of which half is random, into a new
// database in `folder`, each batch synced, from `threads` threads, for `seconds` after `warm_up_seconds`. Returns keys
// a second, of which making them is a part. LZ4, Bloom filters of 10 bits, memtables of 128 MB. Throws if a write
// fails.
double RocksDbKeysPerSecond(const std::string& folder, int threads, double warm_up_seconds, double seconds);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_CEILINGS_ROCKSDB_WRITER_H_
