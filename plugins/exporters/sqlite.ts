/** A copy of the session, which is a session file itself: its views (docs/sql.md) are read by any SQLite. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { defineExporter } from '../../sdk/plugin.ts'
import { withScratch } from './sqlite/scratch.ts'

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
  create: (_, { dataDir }) => ({
    run: ({ exchanges, out, writeSession }) =>
      withScratch(dataDir, async (folder) => {
        const path = join(folder, 'copy.weir')
        await writeSession(path, exchanges)
        for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) if (!out.write(piece)) await once(out, 'drain')
      }),
  }),
})

export default sqlite
