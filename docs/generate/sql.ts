/** docs/sql.md out of the views themselves, so that it cannot differ from them. `npm run docs` writes it; a test compares. */
import { readFileSync } from 'node:fs'

export interface View {
  name: string
  summary: string
  columns: { name: string; meaning: string }[]
}

const views = readFileSync(new URL('../../daemon/store/views.sql', import.meta.url), 'utf8')

/** The views in their order, with the comments that stand before them and behind their columns. */
export function readViews(sql = views): View[] {
  return [...sql.matchAll(/((?:^--.*\n)+)CREATE VIEW (\w+) AS SELECT\n([\s\S]*?)\nFROM/gm)].map(
    ([, comments = '', name = '', body = '']) => ({
      name,
      summary: comments.replace(/^-- ?/gm, '').trim(),
      columns: [...body.matchAll(/(?:\bAS |^\s+\w+\.)"?(\w+)"?,?(?:[ \t]*--[ \t]*(.*))?$/gm)].map(([, column = '', meaning = '']) => ({
        name: column,
        meaning: meaning.trim(),
      })),
    }),
  )
}

/** What the file says of all views, above the first. */
const introduction = (/^(?:--.*\n)+/.exec(views)?.[0] ?? '').replace(/^-- ?/gm, '').trim()

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

const section = ({ name, summary, columns }: View): string =>
  [
    `## ${name}`,
    summary,
    ['| column | |', '|---|---|', ...columns.map((column) => `| \`${column.name}\` | ${escaped(column.meaning)} |`)].join('\n'),
  ].join('\n\n')

export const sqlReference = (): string => `# SQL

Written by \`npm run docs\` out of [daemon/store/views.sql](../daemon/store/views.sql).

${introduction}

Three ways to the same views:

\`\`\`sh
npx weir sql last 'select status, count(*) from v1_exchange group by status'
npx weir rpc query/sql '{"sessionId":"ID","sql":"select url from v1_exchange where status >= ?","params":[500]}'
sqlite3 FILE 'select seq, method, url from v1_exchange'
\`\`\`

\`query/sql\` runs one statement that reads (SELECT, WITH, VALUES, EXPLAIN), in a process of its own: it has 10 s and 1 GiB of memory, gives at most
100,000 rows or 8 MiB, and is ended when it keeps a running session from being written for too long. Integers beyond 2^53 come as text, bytes as \`{"base64": "..."}\`.
The other tables of a session file are private: they change from version to version.

${readViews().map(section).join('\n\n')}
`
