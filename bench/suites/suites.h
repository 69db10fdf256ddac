// The suites: each measures one promise of speed beside its ceiling or peer, and adds its lines to the report. A suite
// throws where its figures would mean nothing: a call failed, a result was not accepted, a total is wrong.
#ifndef MUSTER_BENCH_SUITES_SUITES_H_
#define MUSTER_BENCH_SUITES_SUITES_H_

#include "bench/report/report.h"
#include "bench/suites/settings.h"

namespace muster::bench {

// Durable ingest through streams, beside bare RocksDB.
void RunIngestSuite(const Settings& settings, Report& report);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_SUITES_SUITES_H_
