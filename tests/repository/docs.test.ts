import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { queryReference } from '../../docs/generate/query.ts'
import { readViews, sqlReference } from '../../docs/generate/sql.ts'
import { temporaryHome } from '../support/home.ts'
import { recordSession } from '../support/recorded.ts'

const written = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')

describe('docs/sql.md', () => {
  it('is what the views say (npm run docs writes it)', () => {
    expect(written('sql.md')).toBe(sqlReference())
  })

  it('names each column of each view, in order, and says what it is', async () => {
    const db = openForReading(recordSession(await temporaryHome(), 1).file, sessionKind)
    const views = readViews()
    expect(views.map(({ name }) => name)).toEqual(
      db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE 'v1%' ORDER BY rowid").pluck().all(),
    )
    for (const { name, columns } of views) {
      expect(columns.map((column) => column.name)).toEqual(db.prepare(`SELECT name FROM pragma_table_info('${name}')`).pluck().all())
      expect(columns.filter(({ meaning }) => meaning === '')).toEqual([])
    }
    db.close()
  })
})

describe('docs/query.md', () => {
  it('is what the language says (npm run docs writes it)', () => {
    expect(written('query.md')).toBe(queryReference())
  })
})
