// The suites: each measures one promise of speed beside its ceiling or peer, and adds its lines to the report. A suite
// throws where its figures would mean nothing: a call failed, a result was not accepted, a total is wrong.
#ifndef MUSTER_BENCH_SUITES_SUITES_H_
#define MUSTER_BENCH_SUITES_SUITES_H_

#include "bench/report/report.h"
#include "bench/suites/settings.h"

namespace muster::bench {

// Durable ingest through streams, beside bare RocksDB.
void RunIngestSuite(const Settings& settings, Report& report);

// The same over a store that holds results already, beside itself when empty; what such a store takes; how it starts.
void RunIngestOverSuite(const Settings& settings, Report& report);

// Durable ingest of single results in calls of their own, beside a bare gRPC echo of the same bytes.
void RunUnarySuite(const Settings& settings, Report& report);

// Latency of totals over stores of different sizes, beside a bare gRPC echo of the same answer.
void RunQuerySuite(const Settings& settings, Report& report);

// Latency of totals as they stood at random positions, beside the same question about now.
void RunAsOfSuite(const Settings& settings, Report& report);

// Queries and ingest at once, beside each alone.
void RunMixedSuite(const Settings& settings, Report& report);

// How soon those who watch totals are told of a result, and what their watching costs the ingest.
void RunWatchSuite(const Settings& settings, Report& report);

// What goes on while clients try ten times as much as the server can do, and when they stop, beside its peak.
void RunOverloadSuite(const Settings& settings, Report& report);

// What rates, rights and the audit cost a message of results, by themselves.
void RunGateSuite(const Settings& settings, Report& report);

// Ingest and questions beside databases that somebody might take instead.
void RunPeersSuite(const Settings& settings, Report& report);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_SUITES_SUITES_H_
