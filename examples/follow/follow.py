#!/usr/bin/env python3
"""follow.py SESSION FILE: what happens in a session, a line each time an exchange changes, into FILE; started again it goes on.

Python's standard library alone: JSON-RPC 2.0 over a Unix socket, framed as in the Language Server Protocol."""
import json, os, socket, sys

session, file = sys.argv[1:]
stream = socket.socket(socket.AF_UNIX)
stream.connect(os.environ['WEIR_HOME'] + '/weir.sock')
reader = stream.makefile('rb')

def send(message):
    body = json.dumps({'jsonrpc': '2.0', **message}).encode()
    stream.sendall(b'Content-Length: %d\r\n\r\n' % len(body) + body)

def receive():
    fields = dict(line.strip().lower().split(b': ') for line in iter(reader.readline, b'\r\n'))
    return json.loads(reader.read(int(fields[b'content-length'])))

def kept_clock():
    lines = open(file).read().splitlines() if os.path.exists(file) else []
    return next((line[6:] for line in reversed(lines) if line.startswith('clock ')), 'start')

send({'id': 1, 'method': 'initialize', 'params': {'client': {'name': 'follow.py', 'version': '1'}}})
send({'id': 2, 'method': 'exchange/subscribe', 'params': {'sessionId': session, 'since': kept_clock()}})
with open(file, 'a') as out:
    while True:
        message = receive()
        if message.get('method') == 'exchange/didChange':
            for item in message['params']['items']:
                print(item['seq'], item['state'], item['request']['url'], file=out)
            print('clock', message['params']['clock'], file=out, flush=True)
