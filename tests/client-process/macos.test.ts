/** There is no Mac here: what lsof and ps print was written after the documented format, and is read. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MacosProcesses, parseConnections, parseExecutables, runCommand } from '../../daemon/client-process/macos.ts'

const lsof = `p501
cGoogle Chrome Helper
f23
n127.0.0.1:52011->127.0.0.1:9347
f24
n[::1]:52012->[::1]:9347
p733
cweir
f31
n127.0.0.1:9347->127.0.0.1:52011
f12
n127.0.0.1:9347
`
const helper = '/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper'
const ps = `  501 ${helper}\n  733 node\n`

const asked = [
  { id: 1, client: { address: '::ffff:127.0.0.1', port: 52_011 }, proxy: { address: '127.0.0.1', port: 9347 } },
  { id: 2, client: { address: '::1', port: 52_012 }, proxy: { address: '::1', port: 9347 } },
  { id: 3, client: { address: '127.0.0.1', port: 52_013 }, proxy: { address: '127.0.0.1', port: 9347 } },
]

describe('on macOS', () => {
  it('one lsof and one ps answer for all connections', async () => {
    const ran: string[] = []
    const processes = new MacosProcesses(async (program, words) => {
      ran.push([program, ...words].join(' '))
      return program.endsWith('lsof') ? lsof : ps
    })
    const chrome = { pid: 501, name: 'Google Chrome Helper', path: helper }
    expect([...(await processes.find(asked))]).toEqual([
      [1, chrome],
      [2, chrome],
    ])
    expect(ran).toEqual(['/usr/sbin/lsof -nP -w -iTCP:52011,52012,52013 +c 0 -F pcn', '/bin/ps -o pid=,comm= -p 501'])
  })

  it('ps is not asked when lsof knows none, and a process without a path has the name that lsof knows', async () => {
    const without = new MacosProcesses(async (program) => (program.endsWith('lsof') ? '' : Promise.reject(new Error('asked'))))
    expect(await without.find(asked)).toHaveProperty('size', 0)
    const gone = new MacosProcesses(async (program) => (program.endsWith('lsof') ? lsof : ''))
    expect((await gone.find(asked)).get(1)).toEqual({ pid: 501, name: 'Google Chrome Helper', path: null })
  })

  it('whatever they print is read without harm', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'pcfn0127.:->/ \n') }))
    fc.assert(
      fc.property(text, (output) => {
        for (const name of parseConnections(output).keys()) expect(output).toContain(name)
        for (const path of parseExecutables(output).values()) expect(output).toContain(path)
      }),
    )
  })

  it('an exit code is no failure, a missing program is', async () => {
    expect(await runCommand(process.execPath, ['-e', 'console.log("some"); process.exitCode = 1'])).toBe('some\n')
    await expect(runCommand('/nowhere/lsof', [])).rejects.toThrow('ENOENT')
  })
})
