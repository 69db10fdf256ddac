#!/usr/bin/python3
"""A gRPC server that answers what it is told. Prints its address, and then a line for whatever befalls a call.

What to do stands in the request as JSON, in the one string field that it has: page_token of QueryTotals, resume_token of
WatchTotals. `sizes`: the lengths of the texts to answer with; `status`, `message`, `details` (google.rpc.Status in
base64): how to end; `hang`: to wait for the client's going before that; `exit`: to end the process;
`name`: what to call it.
"""

import base64
import json
import os
import sys
import threading
from concurrent import futures

import grpc

CODES = {code.value[0]: code for code in grpc.StatusCode}


def say(*words):
    print(*words, flush=True)


def varint(number):
    """A number as protobuf writes it."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def text_field(number, size):
    """A field that holds a text of so many characters; nothing for none."""
    return b"" if size == 0 else varint(number << 3 | 2) + varint(size) + b"x" * size


def told(request):
    """What the one field of the request says."""
    size, place = 0, 1
    shift = 0
    while True:
        size |= (request[place] & 0x7F) << shift
        shift += 7
        place += 1
        if request[place - 1] < 0x80:
            break
    return json.loads(request[place:place + size])


def end(order, context):
    """Ends a call as it was told."""
    if order.get("exit"):
        os._exit(0)
    if order.get("hang"):
        gone = threading.Event()
        if not context.add_callback(gone.set):
            gone.set()
        gone.wait()
        say("gone")
    if order.get("details"):
        context.set_trailing_metadata((("grpc-status-details-bin", base64.b64decode(order["details"])),))
    if order.get("status"):
        context.abort(CODES[order["status"]], order.get("message", ""))


def query(request, context):
    order = told(request)
    say("metadata", json.dumps({name: value for name, value in context.invocation_metadata()}))
    end(order, context)
    return text_field(6, order.get("sizes", [0])[0])


def watch(request, context):
    order = told(request)
    made = 0

    def went():
        say("ended", order.get("name", "-"), made)
    context.add_callback(went)
    for size in order.get("sizes", []):
        made += 1
        yield text_field(4, size)
    end(order, context)


class Handlers(grpc.GenericRpcHandler):
    """Both calls, as bytes."""

    def service(self, handler_call_details):
        if handler_call_details.method == "/muster.v1.TotalsService/QueryTotals":
            return grpc.unary_unary_rpc_method_handler(query)
        if handler_call_details.method == "/muster.v1.TotalsService/WatchTotals":
            return grpc.unary_stream_rpc_method_handler(watch)
        return None


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), handlers=[Handlers()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say(f"127.0.0.1:{port}")
    sys.stdin.read()  # Until whoever started it goes.
    os._exit(0)


if __name__ == "__main__":
    main()
