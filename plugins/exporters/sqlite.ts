/** A copy of the session, which is a session file itself: its views (docs/sql.md) are read by any SQLite. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { defineExporter } from '../../sdk/plugin.ts'

/** Of what is passed on at once. */
const pieceBytes = 256 * 1024

const sqlite = defineExporter({
  kind: 'exporter',
  name: 'sqlite',
  version: '0.1.0',
  api: 1,
  redaction: 'off',
  description: 'A SQLite copy of the session, compact, for sqlite3, DuckDB, Datasette and weir itself',
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({
    async run({ exchanges, out, scratch, writeSession }) {
      const path = join(scratch, 'copy.weir')
      await writeSession(path, exchanges)
      for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) if (!out.write(piece)) await once(out, 'drain')
    },
  }),
})

export default sqlite
