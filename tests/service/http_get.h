// HTTP as far as tests need it.
#ifndef MUSTER_TESTS_SERVICE_HTTP_GET_H_
#define MUSTER_TESTS_SERVICE_HTTP_GET_H_

#include <string>

namespace muster {

// What a GET of that path at an address of 127.0.0.1 is answered, with its headers; empty if nobody answers.
std::string HttpGet(const std::string& address, const std::string& path);

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_HTTP_GET_H_
