// How long threads of much work hold a processor.
#ifndef MUSTER_AGGREGATOR_THREAD_SCHEDULE_H_
#define MUSTER_AGGREGATOR_THREAD_SCHEDULE_H_

namespace muster {

// For the calling thread, which has much to do: whoever wakes up beside it and needs a processor for a moment gets one
// at once, instead of after a slice of some milliseconds. It loses nothing by it: over time its share is what
// `niceness` (0 to 19, as of nice(2)) says, or its own if that is worse.
//
// Linux 6.12 and later: a thread that asks for a long slice is interrupted by those that ask for none. Without that,
// and where the system forbids it, `niceness` alone is set.
void GiveWayToShortWork(int niceness);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_THREAD_SCHEDULE_H_
