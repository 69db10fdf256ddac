// How long random tests run.
#ifndef MUSTER_TESTS_FAULTS_SOAK_H_
#define MUSTER_TESTS_FAULTS_SOAK_H_

#include <cstdlib>
#include <string>

namespace muster {

// How many rounds instead of `rounds`: MUSTER_SOAK times as many, if that is in the environment.
inline int SoakRounds(int rounds) {
  const char* const factor = std::getenv("MUSTER_SOAK");
  return factor != nullptr ? rounds * std::stoi(factor) : rounds;
}

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_SOAK_H_
