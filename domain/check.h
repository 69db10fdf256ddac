// CHECK for what is ours to get right. The packaged Abseil is older than absl/log.
#ifndef MUSTER_DOMAIN_CHECK_H_
#define MUSTER_DOMAIN_CHECK_H_

#include <cstdio>
#include <cstdlib>

// Ends the process, naming the place, if `condition` is false: a broken invariant must not be written to disk. On in
// every build. Never for input.
#define MUSTER_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

#endif  // MUSTER_DOMAIN_CHECK_H_
