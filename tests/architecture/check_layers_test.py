"""Plants one violation at a time and expects it to be found; and near misses, which must pass."""

import os
import tempfile
import unittest

import check_layers

# path, text, what the sentence must contain
PLANTED = {
    "domain knows storage": ("domain/a.h", '#include "storage/store.h"', "domain/ may not know storage/"),
    "storage knows aggregator": ("storage/a.cc", '#include "aggregator/cube.h"', "storage/ may not know aggregator/"),
    "aggregator knows service": ("aggregator/a.cc", '#include "service/errors.h"', "aggregator/ may not know service/"),
    "clients know storage": ("clients/cpp/a.cc", '#include "storage/store.h"', "clients/ may not know storage/"),
    "clients know stored records": ("clients/cli/a.cc", '#include "muster/store/v1/log.pb.h"', "stored records"),
    "service knows clients": ("service/a.cc", '#include "clients/cpp/client.h"', "service/ may not know clients/"),
    "service links the command line": ("service/CMakeLists.txt", "target_link_libraries(x muster::cli)",
                                       "service/ may not know clients/"),
    "service links exports": ("service/CMakeLists.txt", "target_link_libraries(x muster::export)",
                              "service/ may not know clients/"),
    "the gateway knows the command line": ("clients/gateway/a.cc", '#include "clients/cli/text.h"',
                                           "clients/gateway/ may not know clients/cli/"),
    "the gateway links the command line": ("clients/gateway/CMakeLists.txt", "target_link_libraries(x muster::cli)",
                                           "clients/gateway/ may not know clients/cli/"),
    "exports know the client": ("clients/export/a.h", '#include "clients/cpp/client.h"',
                                "clients/export/ may not know clients/cpp/"),
    "exports make calls": ("clients/export/a.cc", "#include <grpcpp/grpcpp.h>", "but for clients/export/"),
    "exports link the services": ("clients/export/CMakeLists.txt", "target_link_libraries(x muster::proto_grpc)",
                                  "but for clients/export/"),
    "product knows tests": ("domain/a.cc", '#include "tests/domain/fixture.h"', "domain/ may not know tests/"),
    "spaces in the include": ("domain/a.cc", '  #  include  "storage/store.h"', "domain/ may not know storage/"),
    "gRPC in the aggregator": ("aggregator/a.h", "#include <grpcpp/grpcpp.h>", "know gRPC"),
    "generated service in the domain": ("domain/a.cc", '#include "muster/v1/ingest_service.grpc.pb.h"', "know gRPC"),
    "RocksDB in a header": ("storage/a.h", '#include "rocksdb/db.h"', "knows RocksDB"),
    "RocksDB in the service": ("service/a.cc", "#include <rocksdb/db.h>", "knows RocksDB"),
    "RocksDB in a header of tests": ("tests/faults/a.h", '#include "rocksdb/env.h"', "knows RocksDB"),
    "RocksDB in tests of the service": ("tests/service/a.cc", '#include "rocksdb/db.h"', "knows RocksDB"),
    "include without its folder": ("domain/b.cc", '#include "b.h"', "from the root"),
    "domain links storage": ("domain/CMakeLists.txt", "target_link_libraries(x\n  PUBLIC muster::storage)",
                             "domain/ may not know storage/"),
    "by its other name": ("domain/CMakeLists.txt", "target_link_libraries(x PRIVATE muster_storage)",
                          "domain/ may not know storage/"),
    "clients link the service": ("clients/cli/CMakeLists.txt", "target_link_libraries(x muster::service)",
                                 "clients/ may not know service/"),
    "service links the client": ("service/CMakeLists.txt", "target_link_libraries(x muster::client)",
                                 "service/ may not know clients/"),
    "aggregator links gRPC": ("aggregator/CMakeLists.txt", "target_link_libraries(x gRPC::grpc++)", "know gRPC"),
    "domain links the services": ("domain/CMakeLists.txt", "target_link_libraries(x muster::proto_grpc)", "know gRPC"),
    "aggregator links RocksDB": ("aggregator/CMakeLists.txt", "target_link_libraries(x RocksDB::rocksdb-shared)",
                                 "knows RocksDB"),
    "second google.rpc": ("service/CMakeLists.txt", "target_link_libraries(x gRPC::grpc++_error_details)",
                          "second copy"),
    "a folder named util": ("domain/util/a.cc", "", "after what is in it"),
    "a folder named common": ("clients/common/a.txt", "", "after what is in it"),
}

ALLOWED = {
    "the layer below": ("storage/a.cc", '#include "domain/quantity.h"'),
    "its own folder": ("domain/a.cc", '#include "domain/b.h"'),
    "messages": ("domain/a.h", '#include "muster/v1/result.pb.h"'),
    "messages of a service file": ("domain/a.h", '#include "muster/v1/totals_service.pb.h"'),
    "stored records in the aggregator": ("aggregator/a.cc", '#include "muster/store/v1/checkpoint.pb.h"'),
    "health messages are not gRPC": ("domain/a.cc", '#include "grpc/health/v1/health.pb.h"'),
    "gRPC in the service": ("service/a.h", "#include <grpcpp/grpcpp.h>"),
    "gRPC in tests": ("tests/service/a.cc", '#include "muster/v1/ingest_service.grpc.pb.h"'),
    "RocksDB in storage": ("storage/a.cc", '#include "rocksdb/db.h"'),
    "RocksDB in tests of storage": ("tests/storage/a.cc", '#include "rocksdb/db.h"'),
    "RocksDB in tests of faults": ("tests/faults/a.cc", '#include "rocksdb/file_system.h"'),
    "tests of faults link RocksDB": ("tests/faults/CMakeLists.txt", "target_link_libraries(x RocksDB::rocksdb-shared)"),
    "the gateway uses the client": ("clients/gateway/a.cc", '#include "clients/cpp/client.h"'),
    "the gateway and the command line export": ("clients/gateway/CMakeLists.txt",
                                                "target_link_libraries(x muster::client muster::export)"),
    "gRPC in the gateway": ("clients/gateway/a.cc", "#include <grpcpp/generic/generic_stub.h>"),
    "clients use units and dates": ("clients/cli/a.cc", '#include "domain/civil_day.h"'),
    "clients among themselves": ("clients/cli/CMakeLists.txt", "target_link_libraries(x muster::client muster::domain)"),
    "storage links RocksDB": ("storage/CMakeLists.txt", "target_link_libraries(x RocksDB::rocksdb-shared)"),
    "a word in a comment": ("domain/CMakeLists.txt", "# not target_link_libraries(x muster::storage)"),
    "generated files do not count": ("build/release/util/a.h", '#include "storage/store.h"'),
    "a name that only begins alike": ("domain/utility_function/a.cc", ""),
}


def violations_of(path, text):
    """What is found in a tree that holds this file alone, besides an innocent domain/b.h."""
    with tempfile.TemporaryDirectory() as root:
        for name, content in (("domain/b.h", ""), (path, text)):
            full = os.path.join(root, name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(content)
        return check_layers.violations(root)


class CheckLayersTest(unittest.TestCase):
    def test_finds_each_planted_violation_and_nothing_else(self):
        for name, (path, text, want) in PLANTED.items():
            with self.subTest(name):
                found = violations_of(path, text)
                self.assertEqual(len(found), 1, found)
                self.assertIn(path.rsplit("/", 1)[0], found[0])
                self.assertIn(want, found[0])

    def test_lets_each_near_miss_pass(self):
        for name, (path, text) in ALLOWED.items():
            with self.subTest(name):
                self.assertEqual(violations_of(path, text), [])

    def test_names_the_line(self):
        self.assertTrue(violations_of("domain/a.h", '\n\n#include "storage/x.h"\n')[0].startswith("domain/a.h:3: "))


if __name__ == "__main__":
    unittest.main()
