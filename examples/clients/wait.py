#!/usr/bin/env python3
"""wait.py QUERY: starts a session, waits for an exchange that matches, prints it and the text of its response, and stops the session.

Python's standard library alone: JSON-RPC 2.0 over a Unix socket, framed as in the Language Server Protocol (docs/protocol.md)."""
import json, os, socket, sys


def socket_path():
    """Where weir listens: the socket that `weir status` prints."""
    env, user = os.environ, os.path.expanduser('~')
    data = user + '/Library/Application Support' if sys.platform == 'darwin' else env.get('XDG_DATA_HOME') or user + '/.local/share'
    return env.get('WEIR_SOCKET') or (env.get('WEIR_HOME') or data + '/weir') + '/weir.sock'


class Weir:
    def __init__(self):
        path = socket_path()
        self.stream = socket.socket(socket.AF_UNIX)
        try:
            self.stream.connect(path)
        except OSError as error:
            sys.exit('%s: %s; start weir (weir start), or name in WEIR_SOCKET the socket that weir status prints' % (path, error.strerror))
        self.reader = self.stream.makefile('rb')
        self.calls = 0
        self.call('initialize', client={'name': 'wait.py', 'version': '1'})

    def call(self, method, **params):
        self.calls += 1
        body = json.dumps({'jsonrpc': '2.0', 'id': self.calls, 'method': method, 'params': params}).encode()
        self.stream.sendall(b'Content-Length: %d\r\n\r\n' % len(body) + body)
        while True:
            answer = self.receive()
            if answer.get('id') == self.calls:
                break  # What comes between are notifications.
        if 'error' in answer:
            sys.exit('%s: %s' % (method, answer['error']['message']))
        return answer['result']

    def receive(self):
        fields = dict(line.strip().lower().split(b': ') for line in iter(self.reader.readline, b'\r\n'))
        return json.loads(self.reader.read(int(fields[b'content-length'])))


weir = Weir()
session = weir.call('session/start', name='wait.py')
try:
    print('proxy http://%(host)s:%(port)d' % session['proxy'], flush=True)
    item = weir.call('exchange/wait', sessionId=session['id'], where=sys.argv[1], timeoutMs=60000)['item']
    if item is None:
        sys.exit('nothing matched within a minute')
    print(item['seq'], item['request']['method'], item['request']['url'], item['response']['status'])
    print(weir.call('exchange/readText', sessionId=session['id'], seq=item['seq'], part='response')['text'])
finally:
    weir.call('session/stop', sessionId=session['id'])
