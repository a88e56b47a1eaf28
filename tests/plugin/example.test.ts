import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ExporterRunner } from '../../daemon/plugin/exporter-runner.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryHome } from '../support/home.ts'
import { recorded, recordSession } from '../support/recorded.ts'

const examples = join(import.meta.dirname, '../../examples/exporters')

test('the example exports lines that a spreadsheet reads as text', async () => {
  const home = await temporaryHome()
  const paths = ['/plain', '/a,b', '/"quoted"', '/=1+1', '/tunnel']
  const session = recordSession(home, paths.length, (seq) => {
    const path = paths[seq - 1] ?? ''
    return recorded(seq, { path, method: path === '/=1+1' ? '=HYPERLINK("x")' : 'GET', kind: path === '/tunnel' ? 'tunnel' : 'http' })
  })
  const logs: string[] = []
  const runner = new ExporterRunner({ compileCache, home, modules: [examples], log: (_level, message) => logs.push(message) })

  const { text, exchanges } = await runner.run({ session, exporter: 'csv' })
  expect(text?.split('\r\n')).toEqual([
    'seq,started,method,url,status,ms,bytes',
    '1,2023-11-14T22:13:20.001Z,GET,https://origin.test/plain,200,3,6',
    '2,2023-11-14T22:13:20.002Z,GET,"https://origin.test/a,b",200,3,6',
    '3,2023-11-14T22:13:20.003Z,GET,"https://origin.test/""quoted""",200,3,6',
    '4,2023-11-14T22:13:20.004Z,"\'=HYPERLINK(""x"")",https://origin.test/=1+1,200,3,6',
    '',
  ])
  expect(exchanges).toBe(4)
  expect(logs).toEqual(['1 tunnels are left out'])

  const semicolons = await runner.run({ session, exporter: 'csv', options: { separator: ';' } })
  expect(semicolons.text).toContain('seq;started;method')
  await expect(runner.run({ session, exporter: 'csv', options: { separator: '|' } })).rejects.toMatchObject({ reason: 'invalidOptions' })
})
