-- The public SQL of a session file: read-only views that work in any SQLite 3.38 or newer, the sqlite3 tool included.
-- Columns are added over time, never changed or removed. Times are Unix milliseconds with fractions, sizes bytes,
-- headers JSON text: [["Name","value"],...] in the order, case and number the wire had.

-- One request and its response or failure.
CREATE VIEW v1_exchange AS SELECT
  e.seq AS seq,                                             -- names the exchange for ever; the order of starting
  e.change AS change,                                       -- the session's change counter when this row was written last
  e.connection AS connection_id,                            -- the source's connection
  CASE e.flags >> 4 & 3 WHEN 0 THEN 'proxy' WHEN 1 THEN 'browser' WHEN 2 THEN 'send' ELSE 'import' END AS source, -- which way it came to weir: 'proxy', 'browser', 'send', 'import'
  CASE e.flags & 3 WHEN 0 THEN 'open' WHEN 1 THEN 'complete' WHEN 2 THEN 'failed' ELSE 'aborted' END AS state, -- 'open', 'complete', 'failed', 'aborted'
  CASE e.flags >> 2 & 3 WHEN 0 THEN 'http' WHEN 1 THEN 'websocket' ELSE 'tunnel' END AS kind, -- 'http', 'websocket', 'tunnel'
  e.started / 1000.0 AS started_at,                         -- first byte of the request
  e.ended / 1000.0 AS duration_ms,                          -- NULL while open
  json_extract(e.extra, '$.connect[0]') AS dns_ms,          -- these three on the first exchange of a connection to an origin
  json_extract(e.extra, '$.connect[1]') AS connect_ms,      -- TCP
  json_extract(e.extra, '$.connect[2]') AS tls_ms,          -- handshake
  e.request_ended / 1000.0 AS send_ms,                      -- first byte of the request to its last
  max(0, e.response_started - e.request_ended) / 1000.0 AS wait_ms, -- last byte of the request to the first of the response
  (e.ended - e.response_started) / 1000.0 AS receive_ms,    -- first byte of the response to its last
  c.address AS client_address,                              -- of the source; NULL: not known
  c.port AS client_port,                                    -- its port
  o.address AS server_address,                              -- of the origin, as connected to; NULL: none was
  o.port AS server_port,                                    -- its port
  l.method AS method,                                       -- as sent
  l.scheme || '://' || l.authority || CASE WHEN e.path = '*' THEN '' ELSE e.path END AS url, -- absolute, the path byte for byte as sent
  l.scheme AS scheme,                                       -- 'http', 'https'
  l.authority AS authority,                                 -- host, or host:port where the port is not the scheme's default
  l.host AS host,                                           -- lower case, without port
  coalesce(l.port, CASE l.scheme WHEN 'https' THEN 443 ELSE 80 END) AS port, -- the URL's, or the scheme's default
  CASE WHEN instr(e.path, '?') > 0 THEN substr(e.path, 1, instr(e.path, '?') - 1) ELSE e.path END AS path, -- without the query
  CASE WHEN instr(e.path, '?') > 0 THEN substr(e.path, instr(e.path, '?') + 1) END AS query,  -- NULL without a question mark
  l.version AS request_version,                             -- '1.0', '1.1', '2', '3'
  qh.fields AS request_headers,                             -- as sent
  json_extract(e.extra, '$.requestTrailers') AS request_trailers,   -- NULL: none
  e.request_body AS request_body_id,                        -- of v1_body; NULL: no bytes were kept
  e.request_size AS request_body_size,                      -- bytes on the wire without chunk framing
  e.flags >> 6 & 1 AS request_truncated,                    -- 1: not all bytes that passed were kept
  e.status AS status,                                       -- NULL: no response (and so are all response columns)
  s.reason AS reason,                                       -- reason phrase; empty in HTTP/2
  s.version AS response_version,                            -- as request_version
  rh.fields AS response_headers,                            -- as sent
  json_extract(e.extra, '$.responseTrailers') AS response_trailers, -- NULL: none
  json_extract(e.extra, '$.informational') AS informational,    -- 1xx as JSON: [{"status":...,"reason":...,"headers":[...]},...]
  e.response_body AS response_body_id,                      -- as request_body_id
  e.response_size AS response_body_size,                    -- as request_body_size
  e.flags >> 7 & 1 AS response_truncated,                   -- as request_truncated
  o.tls AS tls,                                             -- JSON {"version","cipher","alpn","sni",...}; NULL: clear text, or undecrypted
  json_extract(e.extra, '$.error.reason') AS error_reason,  -- a word of the closed list; NULL: no error
  json_extract(e.extra, '$.error.message') AS error_message, -- the same as a sentence
  json_extract(e.extra, '$.anomalies') AS anomalies,        -- JSON array of words; NULL: none
  e.tags AS tags,                                           -- JSON array of texts; NULL: none
  e.note AS note,                                           -- a user's; NULL: none
  e.stream AS stream_id,                                    -- of an HTTP/2 connection; NULL: HTTP/1
  c.pid AS client_pid,                                      -- of the client's process; these three NULL where it is not known
  c.process AS client_process,                              -- its name
  c.path AS client_path,                                    -- its executable
  json_extract(e.extra, '$.browser') AS browser             -- what a browser told of it, as JSON {"sourceId","requestId","resource","initiator",...}; NULL: nothing
FROM exchange e
LEFT JOIN connection c ON c.id = e.connection
LEFT JOIN origin o ON o.id = e.origin
LEFT JOIN request_line l ON l.id = e.request_line
LEFT JOIN status_line s ON s.id = e.status_line
LEFT JOIN head qh ON qh.id = e.request_head
LEFT JOIN head rh ON rh.id = e.response_head;

-- Bytes of one or more request or response bodies, as received (Content-Encoding not undone), each stored once.
CREATE VIEW v1_body AS SELECT
  b.id AS body_id,                                          -- what v1_exchange's *_body_id name
  b.size AS size,                                           -- bytes kept
  b.data IS NULL AS chunked,                                -- 1: the bytes are in v1_chunk
  b.data AS data                                            -- NULL when chunked
FROM body b
WHERE b.id NOT IN (SELECT body FROM purge);

-- The bytes of a chunked body: large, or still running when it was first written.
CREATE VIEW v1_chunk AS SELECT
  k.body AS body_id,                                        -- of v1_body
  k.start AS start,                                         -- offset of its first byte in the body
  length(k.data) AS size,                                   -- bytes
  k.data AS data                                            -- the bytes
FROM chunk k
WHERE k.body NOT IN (SELECT body FROM purge);

-- Messages within an exchange: WebSocket, server-sent events, gRPC.
CREATE VIEW v1_message AS SELECT
  m.seq AS seq,                                             -- the exchange
  m.number AS "index",                                      -- from 0, in order
  m.at / 1000.0 AS at,                                      -- when it was whole
  m.direction AS direction,                                 -- 'sent' by the client, 'received'
  m.type AS type,                                           -- 'text', 'binary', 'ping', 'pong', 'close', 'event', 'grpc'
  m.text AS text,                                           -- of a text message or event; NULL: it is bytes
  m.data AS data,                                           -- the bytes; NULL: it is text
  m.size AS size,                                           -- bytes of the payload; more than is kept when it was too long
  m.event AS event,                                         -- of a server-sent event
  m.event_id AS event_id                                    -- of a server-sent event
FROM message m;

-- What the Set-Cookie and Cookie fields changed.
CREATE VIEW v1_cookie_change AS SELECT
  k.id AS id,                                               -- in the order they were seen
  k.seq AS seq,                                             -- the exchange
  k.at / 1000.0 AS at,                                      -- when
  k.cause AS cause,                                         -- 'set', 'updated', 'expired', 'deleted', 'rejected', 'sent'
  k.reason AS reason,                                       -- why it was rejected, else NULL
  k.cookie AS cookie                                        -- JSON {"name","value","domain","path",...}; 'null': it cannot be read
FROM cookie_change k;

-- What passed and was not recorded.
CREATE VIEW v1_gap AS SELECT
  g.id AS id,                                               -- in the order they were written
  g.since AS since,                                         -- begin of the interval
  g.until AS until,                                         -- its end
  g.reason AS reason,                                       -- 'overload', 'diskFull', 'daemonKilled', 'retention', ...
  g.exchanges AS exchanges,                                 -- how many are missing; NULL: nobody can know
  g.bytes AS bytes                                          -- how many bytes of bodies are missing; NULL: nobody can know
FROM gap g;
