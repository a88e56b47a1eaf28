/** The tables of a session file. They are private: `views.sql` is what others may read. */
import { readFileSync } from 'node:fs'
import type { Database, FileKind } from './database.ts'
import { type Migrations, migrate } from './migrations.ts'

// Times are microseconds: `started` since the epoch, the others since `started`.
// Rows are appended: no index has random keys, so the rate stays the same however long the file is.
const first = `
CREATE TABLE progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  change INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  committed_at REAL NOT NULL,
  exchanges INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  filtered INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  bytes_sent INTEGER NOT NULL,
  bytes_received INTEGER NOT NULL,
  gaps INTEGER NOT NULL
);
INSERT INTO progress VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE connection (id INTEGER PRIMARY KEY, address TEXT, port INTEGER);
CREATE TABLE origin (id INTEGER PRIMARY KEY, address TEXT NOT NULL, port INTEGER NOT NULL, tls TEXT);
CREATE TABLE request_line (
  id INTEGER PRIMARY KEY,
  method TEXT NOT NULL,
  version TEXT NOT NULL,
  scheme TEXT NOT NULL,
  authority TEXT NOT NULL,
  host TEXT NOT NULL,
  port INTEGER
);
CREATE TABLE status_line (id INTEGER PRIMARY KEY, version TEXT NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE head (id INTEGER PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE body (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, mark INTEGER, data BLOB);
CREATE TABLE chunk (id INTEGER PRIMARY KEY, body INTEGER NOT NULL, start INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX chunk_body ON chunk (body, start);
CREATE INDEX body_mark ON body (mark, size) WHERE mark IS NOT NULL;
CREATE TABLE purge (body INTEGER PRIMARY KEY);

CREATE TABLE exchange (
  seq INTEGER PRIMARY KEY,
  change INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  connection INTEGER NOT NULL,
  origin INTEGER,
  request_line INTEGER NOT NULL,
  path TEXT NOT NULL,
  status INTEGER,
  status_line INTEGER,
  started INTEGER NOT NULL,
  request_ended INTEGER,
  response_started INTEGER,
  ended INTEGER,
  request_head INTEGER NOT NULL,
  response_head INTEGER,
  request_body INTEGER,
  response_body INTEGER,
  request_size INTEGER NOT NULL,
  response_size INTEGER NOT NULL,
  extra TEXT,
  tags TEXT,
  note TEXT
);
CREATE INDEX exchange_change ON exchange (change);
CREATE INDEX exchange_host ON exchange (request_line);
CREATE INDEX exchange_status ON exchange (status);
CREATE INDEX exchange_open ON exchange (seq) WHERE (flags & 3) = 0;

CREATE TABLE tombstone (change INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE gap (id INTEGER PRIMARY KEY, since REAL NOT NULL, until REAL NOT NULL, reason TEXT NOT NULL, exchanges INTEGER, bytes INTEGER);
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  direction TEXT NOT NULL,
  type TEXT NOT NULL,
  text TEXT,
  data BLOB,
  size INTEGER NOT NULL,
  event TEXT,
  event_id TEXT
);
CREATE INDEX message_seq ON message (seq, number);
CREATE TABLE cookie_change (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, cause TEXT NOT NULL, cookie TEXT NOT NULL);
`

const streams = 'ALTER TABLE exchange ADD COLUMN stream INTEGER'

const clientProcesses = `
ALTER TABLE connection ADD COLUMN pid INTEGER;
ALTER TABLE connection ADD COLUMN process TEXT;
ALTER TABLE connection ADD COLUMN path TEXT;
`

/** Tombstones up to this change were dropped. */
const forgotten = 'ALTER TABLE progress ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0'

/** The change with which an exchange ended, where it has changed since; else that is its `change`. Few have it, so it costs next to nothing. */
const endings = `
ALTER TABLE exchange ADD COLUMN ended_change INTEGER;
CREATE INDEX exchange_ended_change ON exchange (ended_change) WHERE ended_change IS NOT NULL;
`

/** Why a cookie was rejected. */
const cookieReasons = 'ALTER TABLE cookie_change ADD COLUMN reason TEXT'

/** By table: the highest id of a row that was deleted, for ids are never given again. Only deletions write it, so it costs nothing while capturing. */
const goneIds = 'CREATE TABLE gone (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID'

const steps: Migrations = [first, streams, clientProcesses, forgotten, endings, cookieReasons, goneIds]

/** 'weir' in ASCII. */
export const sessionKind: FileKind = { applicationId: 0x77656972, version: steps.length, noun: 'session file' }

/** Settings that must precede the first table, the tables, and the views of this version. */
export function layOut(db: Database): void {
  db.pragma('page_size = 16384')
  db.pragma('auto_vacuum = INCREMENTAL')
  db.pragma('secure_delete = on')
  migrate(db, sessionKind.applicationId, steps)
  layOutViews(db, readFileSync(new URL('./views.sql', import.meta.url), 'utf8'))
}

/** Views hold no data, so they are replaced whenever this program's differ; no layout step is needed. */
function layOutViews(db: Database, sql: string): void {
  const known = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'view' ORDER BY rowid").all() as {
    name: string
    sql: string
  }[]
  const wanted = sql.split(/;\s*$/m).flatMap((part) => /CREATE VIEW.*/s.exec(part)?.[0] ?? [])
  if (known.length === wanted.length && known.every((view, index) => view.sql === wanted[index])) return
  db.exec('BEGIN IMMEDIATE')
  try {
    // Anybody may have named them.
    for (const { name } of known) db.exec(`DROP VIEW "${name.replaceAll('"', '""')}"`)
    db.exec(sql)
    db.exec('COMMIT')
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK')
    throw error
  }
}
