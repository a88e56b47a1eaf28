"""Prints what mitmproxy reads in a file of flows, a JSON object each; bytes are a character each."""
import json
import sys

from mitmproxy import io


def text(data):
    return None if data is None else data.decode("latin-1")


def fields(headers):
    return None if headers is None else [[text(name), text(value)] for name, value in headers.fields]


def message(data):
    return data and {
        "version": data.http_version,
        "headers": fields(data.headers),
        "trailers": fields(data.trailers),
        "content": text(data.raw_content),
    }


with open(sys.argv[1], "rb") as file:
    for flow in io.FlowReader(file).stream():
        socket = flow.websocket
        print(
            json.dumps(
                {
                    "url": flow.request.url,
                    "method": flow.request.method,
                    "status": flow.response and flow.response.status_code,
                    "request": message(flow.request),
                    "response": message(flow.response),
                    "error": flow.error and flow.error.msg,
                    "comment": flow.comment,
                    "closed": socket and [socket.closed_by_client, socket.close_code, socket.close_reason],
                    "messages": socket and [[m.from_client, m.is_text, text(m.content)] for m in socket.messages],
                }
            )
        )
