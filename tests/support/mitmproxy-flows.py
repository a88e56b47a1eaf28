"""Writes a file of flows with mitmproxy itself: an exchange, a WebSocket, a TCP connection, a failure, and one that was never answered."""
import sys

from mitmproxy import http, io
from mitmproxy.test import tflow

flow = tflow.tflow(resp=True)
flow.request.scheme, flow.request.host, flow.request.port = "https", "a.test", 443
flow.request.path = "/ä?q=%20"
flow.request.headers = http.Headers([(b"Host", b"a.test"), (b"X-A", b"\xff"), (b"x-a", b"2")])
flow.request.raw_content = bytes(range(256))
flow.response.headers = http.Headers([(b"content-encoding", b"gzip")])
flow.response.raw_content = b"no gzip at all"
flow.response.trailers = http.Headers([(b"x-end", b"1")])
flow.comment, flow.marked = "look", ":x:"

failed = tflow.tflow(err=True)
failed.error.msg = "Connect call failed ('127.0.0.1', 1): [Errno 111] refused"

with open(sys.argv[1], "wb") as file:
    writer = io.FlowWriter(file)
    for each in (flow, tflow.twebsocketflow(), tflow.ttcpflow(), failed, tflow.tflow()):
        writer.add(each)
