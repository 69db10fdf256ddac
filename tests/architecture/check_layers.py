"""Says where the source tree breaks the rule of who may know whom.

    proto <- domain <- storage <- aggregator <- service        clients see proto and domain only
    export, cpp <- cli, gateway, within clients                export makes no calls

It reads the #include lines of C++ files and target_link_libraries() of CMakeLists.txt, and looks at the names
of folders. `check_layers.py ROOT` prints one line for each violation, and exits with 1 if there is any.
"""

import os
import re
import sys

# Folder -> the folders whose headers and targets it may use. `tests` and `bench` may use all.
LAYERS = {
    "proto": set(),
    "domain": {"proto"},
    "storage": {"proto", "domain"},
    "aggregator": {"proto", "domain", "storage"},
    "service": {"proto", "domain", "storage", "aggregator"},
    "clients": {"proto", "domain"},
}
FREE = {"tests", "bench"}

# Folder of clients -> those of clients that it may use.
CLIENTS = {
    "export": set(),
    "cpp": set(),
    "cli": {"cpp", "export"},
    "gateway": {"cpp", "export"},
}
CLIENT_TARGETS = {"client": "cpp", "cli": "cli", "export": "export", "gateway": "gateway"}
WITHOUT_GRPC = ("clients/export/",)

GRPC_FOLDERS = {"service", "clients"} | FREE
# RocksDB is known to storage's sources, not to its headers. Its own tests damage a store on purpose, those of faults
# and of fuzzing put a disk of their own below it, and a benchmark compares with the bare database.
ROCKSDB_FILES = re.compile(r"^(storage/[^/]+\.cc|tests/(storage|faults|fuzz)/.+\.cc|bench/.+\.cc)$")
ROCKSDB_TARGETS = re.compile(r"^(storage|tests/storage|tests/faults|tests/fuzz|bench)(/|$)")

# Names that attract whatever has no home.
VAGUE_FOLDERS = {"util", "utils", "common", "misc", "helpers", "shared"}

# The stored records are for the store and what is built on it.
STORED_RECORDS = "muster/store/"

NOT_SOURCES = {"build", "var", "node_modules", "__pycache__"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
LINK = re.compile(r"target_link_libraries\s*\(([^)]*)\)")
CMAKE_COMMENT = re.compile(r"#[^\n]*")


def _files(root):
    """Yields every path below root, relative to it, with '/'; and every folder, ending in '/'."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(n for n in subfolders if n not in NOT_SOURCES and not n.startswith("."))
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == "." else relative.replace(os.sep, "/") + "/"
        for name in subfolders:
            yield f"{prefix}{name}/"
        for name in sorted(names):
            yield prefix + name


def _read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def _layer_of_include(header):
    """The folder of ours that a header belongs to, or None if it is somebody else's."""
    if header.startswith(("muster/", "google/rpc/", "grpc/health/")) and header.endswith(".pb.h"):
        return "proto"
    first = header.split("/", 1)[0]
    return first if first in LAYERS or first in FREE else None


def _layer_of_target(target):
    """The same for a target: muster::domain or muster_domain."""
    name = re.sub(r"^muster(::|_)", "", target)
    if name == target:
        return None
    first = re.split(r"_", name, maxsplit=1)[0]
    return "clients" if first in CLIENT_TARGETS else first if first in LAYERS else None


def _client_folder_of_target(target):
    return CLIENT_TARGETS.get(re.split(r"_", re.sub(r"^muster(::|_)", "", target), maxsplit=1)[0])


def _client_folders(path, used):
    """A sentence's end, if a file of one folder of clients may not use that other one; else None."""
    parts = path.split("/")
    mine = parts[1] if len(parts) > 2 and parts[0] == "clients" else None
    if mine not in CLIENTS or used not in CLIENTS or used == mine or used in CLIENTS[mine]:
        return None
    return f"clients/{mine}/ may not know clients/{used}/"


def _check_source(root, path):
    folder = path.split("/", 1)[0]
    text = _read(root, path)
    for match in INCLUDE.finditer(text):
        quote, header = match.groups()
        where = f"{path}:{text.count(chr(10), 0, match.start(2)) + 1}"
        layer = _layer_of_include(header)
        if header.startswith("rocksdb/"):
            if not ROCKSDB_FILES.match(path):
                yield f"{where}: includes {header}: only storage/*.cc knows RocksDB"
        elif (header.startswith(("grpc/", "grpcpp/", "grpc++/")) and layer is None) or header.endswith(".grpc.pb.h"):
            if folder not in GRPC_FOLDERS or path.startswith(WITHOUT_GRPC):
                yield f"{where}: includes {header}: only service/ and clients/ know gRPC, but for clients/export/"
        elif layer is not None and folder not in FREE and layer != folder and layer not in LAYERS[folder]:
            yield f"{where}: includes {header}: {folder}/ may not know {layer}/"
        elif layer == "clients" and (not_allowed := _client_folders(path, header.split("/")[1])):
            yield f"{where}: includes {header}: {not_allowed}"
        elif folder == "clients" and header.startswith(STORED_RECORDS):
            yield f"{where}: includes {header}: the stored records are not for clients"
        elif quote == '"' and layer is None and os.path.exists(os.path.join(root, os.path.dirname(path), header)):
            yield f"{where}: includes {header}: name it from the root of the tree"


def _check_cmake(root, path):
    folder = path.split("/", 1)[0]
    text = CMAKE_COMMENT.sub("", _read(root, path))
    links = [call for match in LINK.finditer(text) for call in match.group(1).split()[1:]]
    # muster_add_test and the like name libraries too; only tests and benchmarks use them.
    for target in links:
        layer = _layer_of_target(target)
        if "grpc++_error_details" in target:
            yield f"{path}: links {target}: it is a second copy of google.rpc"
        elif target.startswith("RocksDB::") or target == "rocksdb":
            if not ROCKSDB_TARGETS.match(path):
                yield f"{path}: links {target}: only storage/ knows RocksDB"
        elif target.startswith("gRPC::") or target in ("muster::proto_grpc", "muster_proto_grpc"):
            if folder not in GRPC_FOLDERS | {"proto"} or path.startswith(WITHOUT_GRPC):
                yield f"{path}: links {target}: only service/ and clients/ know gRPC, but for clients/export/"
        elif layer is not None and folder not in FREE and layer != folder and layer not in LAYERS[folder]:
            yield f"{path}: links {target}: {folder}/ may not know {layer}/"
        elif layer == "clients" and (not_allowed := _client_folders(path, _client_folder_of_target(target))):
            yield f"{path}: links {target}: {not_allowed}"


def violations(root):
    """Every violation below root, one sentence each, in the order of paths."""
    found = []
    for path in _files(root):
        folder = path.split("/", 1)[0]
        if path.endswith("/"):
            if path.rstrip("/").rsplit("/", 1)[-1] in VAGUE_FOLDERS:
                found.append(f"{path}: name the folder after what is in it")
        elif folder not in LAYERS and folder not in FREE:
            continue
        elif path.endswith((".h", ".cc")):
            found.extend(_check_source(root, path))
        elif path.endswith("CMakeLists.txt"):
            found.extend(_check_cmake(root, path))
    return found


def main():
    if len(sys.argv) != 2:
        print("usage: check_layers.py ROOT", file=sys.stderr)
        return 2
    root = sys.argv[1]
    if not os.path.isdir(os.path.join(root, "domain")):  # Else a wrong root would pass.
        print(f"{root} is not the root of the tree", file=sys.stderr)
        return 2
    found = violations(root)
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
