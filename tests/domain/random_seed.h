// The seed of a test on random input: MUSTER_SEED of the environment, to run a failure again, or a new one; printed.
#ifndef MUSTER_TESTS_DOMAIN_RANDOM_SEED_H_
#define MUSTER_TESTS_DOMAIN_RANDOM_SEED_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace muster {

inline uint32_t RandomSeed() {
  const char* const given = std::getenv("MUSTER_SEED");
  const uint32_t seed = given != nullptr ? static_cast<uint32_t>(std::stoul(given)) : std::random_device()();
  std::cout << "MUSTER_SEED=" << seed << std::endl;
  return seed;
}

}  // namespace muster

#endif  // MUSTER_TESTS_DOMAIN_RANDOM_SEED_H_
