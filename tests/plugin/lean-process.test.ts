/** The start of an exporter's process is most of the time to its first byte. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** What a module imports when it is loaded: neither types nor what is imported when it is needed. */
function importedPackages(entries: string[]): string[] {
  const packages = new Set<string>()
  const seen = new Set<string>()
  const waiting = entries.map((entry) => join(root, entry))
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const source = readFileSync(file, 'utf8')
    for (const [, typeOnly, name = ''] of source.matchAll(/^(?:import|export) (type )?(?:[^'"]*? from )?'([^']+)'/gm)) {
      if (typeOnly) continue
      if (name.startsWith('.')) waiting.push(join(dirname(file), name))
      else packages.add(name)
    }
  }
  expect([...seen].map((file) => relative(root, file))).toContain('daemon/store/exchange-scan.ts')
  return [...packages].filter((name) => !name.startsWith('node:')).sort()
}

test('an export loads the SQLite driver, the media types of the HAR exporter, and no other package', () => {
  const packages = importedPackages(['daemon/plugin/exporter-process.ts', 'plugins/exporters/har.ts'])
  expect(packages).toEqual(['better-sqlite3', 'whatwg-mimetype'])
})
