/** Data flows one way, and so do imports: plugins -> sdk <- daemon; inside the daemon the rooms below. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** room -> the rooms it may import from, beside itself. A file right under daemon/ is a room of its own name. */
const allowed: { [room: string]: readonly string[] } = {
  sdk: [],
  plugins: ['sdk'],
  examples: ['sdk'],
  'daemon/cli': ['sdk'],
  'daemon/thread': ['sdk'],
  'daemon/log': ['sdk'],
  'daemon/config': ['sdk', 'daemon/log'],
  'daemon/store': ['sdk', 'daemon/thread'],
  'daemon/client-process': ['sdk', 'daemon/thread'],
  'daemon/capture': ['sdk', 'daemon/thread', 'daemon/store', 'daemon/plugin'],
  'daemon/proxy': ['sdk', 'daemon/thread', 'daemon/capture', 'daemon/client-process'],
  'daemon/plugin': ['sdk', 'daemon/thread', 'daemon/store'],
  'daemon/import': ['sdk', 'daemon/thread', 'daemon/store'],
  'daemon/sync': ['sdk', 'daemon/session', 'daemon/store', 'daemon/plugin', 'daemon/jar'],
  'daemon/jar': ['sdk', 'daemon/thread', 'daemon/store', 'daemon/plugin'],
  'daemon/session': [
    'sdk',
    'daemon/thread',
    'daemon/log',
    'daemon/config',
    'daemon/store',
    'daemon/capture',
    'daemon/proxy',
    'daemon/plugin',
  ],
  'daemon/rpc': [
    'daemon/jar',
    'daemon/sync',
    'sdk',
    'daemon/thread',
    'daemon/log',
    'daemon/config',
    'daemon/session',
    'daemon/store',
    'daemon/plugin',
    'daemon/import',
  ],
}
/** What the proxy may know of the recorder's room, and the recorder of the store's: their seams, not their insides. */
const seams: { [fromTo: string]: RegExp } = {
  'daemon/proxy > daemon/capture': /^daemon\/capture\/(wire-copy|decoders\/.*)\.ts$/,
  'daemon/proxy > daemon/client-process': /^daemon\/client-process\/surface\.ts$/,
  'daemon/capture > daemon/plugin': /^daemon\/plugin\/filters\/(filter-chain|filter-step|open-filters|running-filter)\.ts$/,
  'daemon/jar > daemon/plugin': /^daemon\/plugin\/out-file\.ts$/,
  'daemon/session > daemon/capture': /^daemon\/capture\/surface\.ts$/,
  'daemon/session > daemon/proxy': /^daemon\/proxy\/surface\.ts$/,
}
const compositionRoot = /^daemon\/(main|container|daemon|single-instance)\.ts$/

const sources = ['sdk', 'daemon', 'plugins', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)

function roomOf(file: string): string {
  const [top = '', second = ''] = file.split('/')
  return top === 'daemon' ? `daemon/${second.replace(/\.ts$/, '')}` : top
}

const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?<![\w.])(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] as string)

const localImports = sources.flatMap((from) =>
  importsOf(from)
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ from, to: relative(root, join(root, dirname(from), name)) })),
)

describe('imports', () => {
  it('are read from the whole source', () => {
    expect(sources.length).toBeGreaterThan(40)
    expect(localImports.length).toBeGreaterThan(100)
  })

  it('go from the composition root down to the sdk, never back', () => {
    const wrong = localImports.filter(({ from, to }) => {
      if (compositionRoot.test(from)) return false
      const [fromRoom, toRoom] = [roomOf(from), roomOf(to)]
      return fromRoom !== toRoom && !(allowed[fromRoom] ?? []).includes(toRoom)
    })
    expect(wrong).toEqual([])
  })

  it('cross between threads only at their seams', () => {
    const wrong = localImports.filter(({ from, to }) => {
      const seam = seams[`${roomOf(from)} > ${roomOf(to)}`]
      return seam !== undefined && !seam.test(to)
    })
    expect(wrong).toEqual([])
  })

  it('give each external package one home: a file, or the files of one folder', () => {
    const homes = new Map<string, Set<string>>()
    for (const file of sources) {
      for (const name of importsOf(file)) {
        if (name.startsWith('.') || name.startsWith('node:')) continue
        const packageName = name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/')
        // What others write of this package stands in templates and comments.
        if (packageName === '@weir/weir') continue
        const found = homes.get(packageName) ?? new Set()
        homes.set(packageName, found.add(dirname(file)))
      }
    }
    const several = [...homes].filter(([, folders]) => folders.size > 1).map(([name, folders]) => ({ name, folders: [...folders].sort() }))
    expect(several).toEqual([])
  })
})
