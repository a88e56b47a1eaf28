/** Session files that somebody has made to harm whoever imports them: each is answered, and nothing of what they do comes in. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { FileImport } from '../../daemon/import/file-import.ts'
import { ImportRunner } from '../../daemon/import/import-runner.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { importFolder, readAll } from '../support/imported.ts'
import { recorded } from '../support/recorded.ts'

const gap = { from: 5.5, to: 6, reason: 'overload', exchanges: 2, bytes: null } as const

/** Two exchanges and a gap, changed by what `sql` says. */
function hostile(sql: string): string {
  const path = join(importFolder(), 'was.weir')
  const file = SessionFile.open(path, { create: true })
  file.commit([recorded(file.nextSeq()), recorded(file.nextSeq())], [gap])
  file.close()
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
  return path
}

async function imported(path: string, keepGood = false): Promise<string> {
  const file = join(importFolder(), 'new.weir')
  await new FileImport({ path, file, keepGood }).run()
  return file
}

/** As the daemon does it, in a process of its own: one that never ends is killed, and rejects with -32800 cancelled. */
async function importedApart(path: string): Promise<string> {
  const file = join(importFolder(), 'new.weir')
  const runner = new ImportRunner(() => undefined)
  await runner.run(file, { path, keepGood: false, signal: AbortSignal.timeout(30_000), progress: () => undefined })
  return file
}

const tablesOf = (path: string): string[] => {
  const db = new DatabaseSync(path)
  const found = db.prepare("SELECT type || ' ' || name AS name FROM sqlite_schema WHERE type IN ('table', 'trigger') ORDER BY name").all()
  db.close()
  return found.map(({ name }) => String(name))
}

/** A view without an end, in place of a table: its columns as the table had them. */
function endless(table: string): string {
  const path = hostile('')
  const db = new DatabaseSync(path)
  const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
  const named = columns.map(({ name }, index) => `${index === 0 ? 'i' : 1} AS "${name}"`)
  db.exec(
    `DROP TABLE ${table}; CREATE VIEW ${table} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT ${named} FROM n`,
  )
  db.close()
  return path
}

describe('a session file of somebody with bad intentions', () => {
  it.each([
    ['exchange', { code: -32602, reason: 'malformedFile', message: expect.stringContaining('the file is damaged') }],
    ['gap', { code: 1005, reason: 'notReadable' }],
  ])('is refused where its table %s is a view without an end', async (table, error) => {
    await expect(importedApart(endless(table))).rejects.toMatchObject(error)
  })

  it.each([
    ['a time beyond all numbers', 'UPDATE exchange SET started = 9e300 WHERE seq = 2'],
    ['a time that is text', "UPDATE exchange SET started = 'soon' WHERE seq = 2"],
  ])('is refused for %s, with its place; what is good comes when asked for', async (_, sql) => {
    const path = hostile(sql)
    await expect(imported(path)).rejects.toMatchObject({
      code: -32602,
      reason: 'malformedFile',
      message: expect.stringMatching(/exchange [12][:;]/),
    })
    const kept = await readAll(await imported(path, true))
    expect(kept.map(({ exchange }) => exchange.seq)).toEqual([1])
  })

  it('brings nothing that runs: its triggers and tables stay behind, and have done nothing', async () => {
    const path = hostile(`
      CREATE TABLE loot (text);
      CREATE TRIGGER on_progress AFTER UPDATE ON progress BEGIN INSERT INTO loot VALUES ('x'); DELETE FROM exchange; END;
      CREATE TRIGGER on_exchange AFTER INSERT ON exchange BEGIN DELETE FROM exchange; END;
    `)
    const { mtimeMs, size } = statSync(path)
    const file = await imported(path)
    expect((await readAll(file)).map(({ exchange }) => exchange.seq)).toEqual([1, 2])
    expect(tablesOf(file)).toEqual(tablesOf(hostile('')))
    expect(statSync(path)).toMatchObject({ mtimeMs, size })
  })
})
