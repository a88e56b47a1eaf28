import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { ExporterLimits } from '../../daemon/plugin/exporter-child.ts'
import { ExporterRunner, type ExportRequest } from '../../daemon/plugin/exporter-runner.ts'
import type { WeirError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryHome } from '../support/home.ts'
import { recordSession } from '../support/recorded.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { exporterSource, linesSource, writeModule } from './plugin-module.ts'

interface Stage {
  folder: string
  /** A folder for the files that come out. */
  outs: string
  session: Session
  failed: WeirError[]
  logs: string[]
  runner: ExporterRunner
  run(request: Partial<ExportRequest>): ReturnType<ExporterRunner['run']>
}

/** A recorded session and a runner that knows the exporter `mine` with this body. */
async function stage({
  body = '',
  source = exporterSource('mine', body),
  count = 3,
  limits = {} as Partial<ExporterLimits>,
} = {}): Promise<Stage> {
  const folder = await temporaryHome()
  const outs = join(folder, 'outs')
  const sessions = join(folder, 'sessions')
  mkdirSync(outs)
  mkdirSync(sessions)
  const session = recordSession(sessions, count)
  const failed: WeirError[] = []
  const logs: string[] = []
  const runner = new ExporterRunner({
    compileCache,
    home: folder,
    modules: [writeModule(folder, 'mine.mjs', source)],
    limits,
    log: (_level, message) => logs.push(message),
    failed: (error) => failed.push(error),
  })
  return { folder, outs, session, failed, logs, runner, run: (request) => runner.run({ session, exporter: 'mine', ...request }) }
}

const lines = { source: linesSource('mine') }
const urls = (count: number) => Array.from({ length: count }, (_, index) => `https://origin.test/${index + 1}\n`).join('')
function linked(folder: string, to: string): string {
  symlinkSync(to, join(folder, 'link'))
  return join(folder, 'link', 'new')
}
const failure = (promise: Promise<unknown>): Promise<WeirError> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: WeirError) => error,
  )

const nothingHidden = { level: 'standard', secrets: 0, short: 0, bodiesLeftOut: 0 }

describe('the result', () => {
  test('is text without `out`', async () => {
    const { run } = await stage(lines)
    expect(await run({})).toEqual({ text: urls(3), exchanges: 3, bytes: urls(3).length, redacted: nothingHidden })
  })

  test('is a file with `out`, readable by its owner alone', async () => {
    const { run, outs } = await stage(lines)
    const out = join(outs, 'x.txt')
    expect(await run({ out })).toEqual({ path: out, exchanges: 3, bytes: urls(3).length, redacted: nothingHidden })
    expect(readFileSync(out, 'utf8')).toBe(urls(3))
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(readdirSync(outs)).toEqual(['x.txt'])
  })

  test('comes in the order of the exchanges, many pages of them, with their bodies', async () => {
    const { run } = await stage({ body: 'for await (const e of exchanges) out.write(await e.readBody("response"))', count: 3000 })
    const { text, exchanges } = await run({})
    expect(text).toBe(Array.from({ length: 3000 }, (_, index) => `body ${index + 1}`).join(''))
    expect(exchanges).toBe(3000)
  })

  test('does not count what the exporter left out', async () => {
    const { run } = await stage({ body: 'for await (const e of exchanges) if (e.seq === 2) leaveOut()' })
    expect(await run({})).toMatchObject({ text: '', exchanges: 2, bytes: 0 })
  })

  test('may hold any bytes, in any pieces', async () => {
    const { run, outs } = await stage({ body: "out.write('é'.repeat(200_000)); out.write(Buffer.from([255])); out.write('aa', 'hex')" })
    const out = join(outs, 'x')
    expect(await run({ out })).toMatchObject({ bytes: 400_002 })
    expect(readFileSync(out)).toEqual(Buffer.concat([Buffer.from('é'.repeat(200_000)), Buffer.from([0xff, 0xaa])]))
  })

  test('of a built-in exporter needs no list of the others', async () => {
    const { run, failed } = await stage({ source: 'process.exit(1)' })
    expect(await run({ exporter: 'har' })).toMatchObject({ exchanges: 3 })
    expect(failed).toEqual([])
  })

  test('tells how far it is', async () => {
    const { run } = await stage({ body: 'for await (const e of exchanges) { out.write("12"); await later(e.seq === 2 ? 1500 : 0) }' })
    const onProgress = vi.fn()
    await run({ onProgress })
    expect(onProgress).toHaveBeenCalledWith({ exchanges: 2, bytes: 4 })
  })
})

describe('a plugin', () => {
  test('gets its options, its own folder and a log', async () => {
    const { run, logs, folder } = await stage({
      body: "host.log('one\\nline at /etc/passwd'); writeFileSync(host.dataDir + '/note', 'x'); out.write(JSON.stringify(options))",
    })
    expect(await run({ options: { count: 2 } })).toMatchObject({ text: '{"count":2}' })
    expect(logs).toContain('one')
    expect(readFileSync(join(folder, 'plugins/mine/note'), 'utf8')).toBe('x')
    expect(statSync(join(folder, 'plugins/mine')).mode & 0o777).toBe(0o700)
  })

  test('gets the defaults of its schema', async () => {
    const config = "config: { type: 'object', properties: { n: { type: 'integer', default: 5 } } },"
    const { run } = await stage({ source: exporterSource('mine', 'out.write(JSON.stringify(options))', config) })
    expect((await run({})).text).toBe('{"n":5}')
    expect((await run({ options: { n: 6 } })).text).toBe('{"n":6}')
  })

  test("sees none of the daemon's environment", async () => {
    vi.stubEnv('WEIR_TEST_SECRET', 'canary')
    const { run } = await stage({ body: 'out.write(JSON.stringify(process.env))' })
    const { text = '' } = await run({})
    vi.unstubAllEnvs()
    expect(text).not.toContain('canary')
    expect(JSON.parse(text)).toHaveProperty('PATH')
  })

  test('is no door for a debugger', async () => {
    const body = "process.kill(process.pid, 'SIGUSR1'); await later(100); out.write(String((await import('node:inspector')).url()))"
    const { run } = await stage({ body })
    expect((await run({})).text).toBe('undefined')
  })

  test('may print without harm', async () => {
    const { run } = await stage({ body: "console.log('x'.repeat(1e6)); console.error('y'.repeat(1e6)); out.write('fine')" })
    expect((await run({})).text).toBe('fine')
  })

  test('may leave timers and servers behind', async () => {
    const { run } = await stage({ body: "setInterval(() => {}, 10); out.write('fine')" })
    expect((await run({})).text).toBe('fine')
  })
})

describe('refused before it starts', () => {
  test('an unknown exporter, naming the known', async () => {
    const { run } = await stage(lines)
    const error = await failure(run({ exporter: 'nothing' }))
    expect(error).toMatchObject({ code: 1001, reason: 'exporterNotFound', message: expect.stringMatching(/\bhar, .*\bmine\b/) })
  })

  test('options that the schema does not take, each with its place', async () => {
    const { run, outs, failed } = await stage(lines)
    const error = await failure(run({ options: { count: 0, word: 'c', typo: 1 }, out: join(outs, 'x') }))
    expect(error).toMatchObject({ code: -32602, reason: 'invalidOptions' })
    expect(error.data.errors).toEqual([
      { path: '/options/typo', message: 'is not known here' },
      { path: '/options/count', message: 'must be >= 1' },
      { path: '/options/word', message: 'must be one of a, b' },
    ])
    expect(readdirSync(outs)).toEqual([])
    expect(failed).toEqual([])
  })

  test.each([
    ['a relative path', () => 'x.har', 'absolute path'],
    ['an empty path', () => '', 'absolute path'],
    ['a zero byte', ({ outs }: Stage) => `${outs}/a\0b`, 'zero byte'],
    ['a folder', ({ outs }: Stage) => outs, 'is a folder'],
    ['a device', () => '/dev/null', 'not a regular file'],
    ['a folder that does not exist', ({ outs }: Stage) => join(outs, 'no/x.har'), 'its folder does not exist'],
    ['a file for a folder', ({ folder }: Stage) => join(folder, 'mine.mjs/x.har'), 'not a folder'],
    ['the session file itself', ({ session }: Stage) => session.file, 'session files'],
    ['a session file by way of a link', ({ outs, session }: Stage) => linked(outs, dirname(session.file)), 'session files'],
    ['a name that is too long', ({ outs }: Stage) => join(outs, 'x'.repeat(300)), 'too long'],
  ])('%s for `out`', async (_, out, words) => {
    const all = await stage(lines)
    const size = statSync(all.session.file).size
    const path = out(all)
    const before = readdirSync(all.outs)
    const error = await failure(all.run({ out: path }))
    expect(error).toMatchObject({ code: -32602, reason: 'invalidOut', message: expect.stringContaining(words) })
    expect(error.data.errors).toEqual([{ path: '/out', message: expect.stringContaining(words) }])
    expect(readdirSync(all.outs)).toEqual(before)
    expect(statSync(all.session.file).size).toBe(size)
  })

  test('a call that is already cancelled', async () => {
    const { run } = await stage(lines)
    expect(await failure(run({ signal: AbortSignal.abort() }))).toMatchObject({ code: -32800 })
  })

  test('anything after the end', async () => {
    const { run, runner } = await stage(lines)
    await runner.close()
    expect(await failure(run({}))).toMatchObject({ code: 1005 })
  })
})

describe('an existing file', () => {
  test('is replaced whole', async () => {
    const { run, outs } = await stage(lines)
    const out = join(outs, 'x')
    writeFileSync(out, 'old and longer than what comes'.repeat(100), { mode: 0o644 })
    await run({ out })
    expect(readFileSync(out, 'utf8')).toBe(urls(3))
    expect(statSync(out).mode & 0o777).toBe(0o600)
  })

  test('is replaced where a link points', async () => {
    const { run, outs } = await stage(lines)
    writeFileSync(join(outs, 'target'), 'old')
    symlinkSync(join(outs, 'target'), join(outs, 'link'))
    expect(await run({ out: join(outs, 'link') })).toMatchObject({ path: join(outs, 'link') })
    expect(readFileSync(join(outs, 'target'), 'utf8')).toBe(urls(3))
    expect(readdirSync(outs)).toEqual(['link', 'target'])
  })

  test('stays as it was while the new one is written, and after a failure', async () => {
    const { run, outs } = await stage({ body: "out.write('half'); await later(100); throw new Error('no more')" })
    const out = join(outs, 'x')
    writeFileSync(out, 'old')
    await failure(run({ out }))
    expect(readFileSync(out, 'utf8')).toBe('old')
    expect(readdirSync(outs)).toEqual(['x'])
  })
})

describe.skipIf(!canMount)('a place that takes nothing is no failure of the plugin, and says what to do', () => {
  const muchText = {
    body: "for (let i = 0; i < 64; i++) if (!out.write('x'.repeat(1 << 16))) await new Promise((go) => out.once('drain', go))",
  }
  const notWritable = (code: string) => ({ code: 1005, reason: 'outNotWritable', message: expect.stringContaining(code) })

  test('a disk that is full, or becomes full meanwhile: what was there is as it was, and nothing lies beside it', async () => {
    const { run, failed } = await stage(muchText)
    const disk = await smallDisk(2)
    const out = join(disk.folder, 'x')
    writeFileSync(out, 'old')
    expect(await failure(run({ out }))).toMatchObject({ ...notWritable('ENOSPC'), message: expect.stringContaining('make room') })
    disk.fill()
    expect(await failure(run({ out }))).toMatchObject(notWritable('ENOSPC'))
    expect(readFileSync(out, 'utf8')).toBe('old')
    expect(readdirSync(disk.folder).sort()).toEqual(['filler', 'x'])
    expect(failed).toEqual([])
  })

  test('a disk that may not be written', async () => {
    const { run, failed } = await stage(muchText)
    const disk = await smallDisk(1)
    disk.readOnly(true)
    expect(await failure(run({ out: join(disk.folder, 'x') }))).toMatchObject(notWritable('EROFS'))
    expect(readdirSync(disk.folder)).toEqual([])
    expect(failed).toEqual([])
  })
})

describe('a failure of the plugin is 1003 with its name and its own words', () => {
  test.each([
    ['throws', "throw new Error('no idea\\n at secret (/root/x.ts:1:2)')", 'plugin mine: no idea'],
    [
      'throws with a path in it',
      'writeFileSync("/no/such/folder/x", "")',
      /^plugin mine: ENOENT: no such file or directory, open '<path>'$/,
    ],
    ['throws no error', "throw 'words'", 'plugin mine: words'],
    ['throws later', "setTimeout(() => { throw new Error('later') }, 1); await later(5000)", 'plugin mine: later'],
    ['forgets a rejection', "void Promise.reject(new Error('forgotten')); await later(5000)", 'plugin mine: forgotten'],
    ['exits', "host.log('step 3'); await later(50); process.exit(3)", /exit code 3 before it was done; the last it said: step 3$/],
    ['exits as if all were well', 'process.exit(0)', /exit code 0 before it was done/],
    ['kills itself', "process.kill(process.pid, 'SIGKILL')", 'plugin mine: its process was ended by SIGKILL'],
    ['cuts the line', 'process.disconnect(); await later(5000)', /exit code 0 before it was done/],
    ['breaks its output', "out.destroy(new Error('broken')); await later(1)", 'plugin mine: broken'],
  ])('when it %s', async (_, body, message) => {
    const { run, outs, failed } = await stage({ body })
    const error = await failure(run({ out: join(outs, 'x') }))
    expect(error).toMatchObject({ code: 1003, reason: 'pluginFailed', data: { plugin: 'mine' } })
    if (typeof message === 'string') expect(error.message).toBe(message)
    else expect(error.message).toMatch(message)
    expect(failed).toEqual([error])
    expect(readdirSync(outs)).toEqual([])
  })

  test('and with the exchange that it had in hand', async () => {
    const { run } = await stage({ body: "for await (const e of exchanges) if (e.seq === 2) throw new Error('not this one')" })
    expect(await failure(run({}))).toMatchObject({
      message: 'plugin mine (run, exchange 2): not this one',
      data: { plugin: 'mine', hook: 'run', seq: 2 },
    })
  })

  test('when `create` throws', async () => {
    const { run } = await stage({ source: exporterSource('mine', '', "create() { throw new Error('not made') },") })
    expect(await failure(run({}))).toMatchObject({ code: 1003, message: 'plugin mine: not made' })
  })

  test('when its heap is full', async () => {
    const { run } = await stage({ body: 'const all = []; for (;;) all.push(new Array(1000).fill({}))', limits: { heapMiB: 40 } })
    expect(await failure(run({}))).toMatchObject({ code: 1003, message: expect.stringContaining('ran out of memory') })
  })

  test('when its buffers are too many', async () => {
    const body = 'const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await later(5) }'
    const { run } = await stage({ body, limits: { residentMiB: 200 } })
    expect(await failure(run({}))).toMatchObject({ code: 1003, message: expect.stringContaining('more than 200 MiB') })
  })

  test('when it is silent for too long', async () => {
    const { run, outs } = await stage({ body: 'for (;;);', limits: { silenceMs: 2_000 } })
    expect(await failure(run({ out: join(outs, 'x') }))).toMatchObject({ code: 1003, message: expect.stringContaining('did not answer') })
    expect(readdirSync(outs)).toEqual([])
  })

  test('and the next run is not harmed', async () => {
    const { run } = await stage({ body: "if (options.count === 1) process.exit(1); out.write('fine')" })
    await failure(run({ options: { count: 1 } }))
    expect((await run({ options: { count: 2 } })).text).toBe('fine')
  })
})

describe('cancelled', () => {
  const started = (path: string) => vi.waitFor(() => expect(existsSync(path)).toBe(true), { timeout: 10_000, interval: 10 })

  test.each([
    ['one that hears the signal', 'await new Promise((resolve) => signal.addEventListener("abort", resolve))'],
    ['one that reads on', 'for (;;) for await (const e of exchanges) await later(10)'],
    ['an endless loop', 'for (;;);'],
    ['one that waits for ever', 'await new Promise(() => setInterval(() => {}, 1000))'],
  ])('%s ends, and nothing is left', async (_, body) => {
    const { run, outs, folder, failed } = await stage({
      body: `writeFileSync(host.dataDir + '/on', ''); ${body}`,
      limits: { graceMs: 200 },
    })
    const controller = new AbortController()
    const result = failure(run({ out: join(outs, 'x'), signal: controller.signal }))
    await started(join(folder, 'plugins/mine/on'))
    controller.abort()
    expect(await result).toMatchObject({ code: -32800, reason: 'cancelled' })
    expect(readdirSync(outs)).toEqual([])
    expect(failed).toEqual([])
  })

  test('all of them end with the runner, and what they started', async () => {
    const body =
      "const { spawn } = await import('node:child_process'); const { pid } = spawn('sleep', ['60']); writeFileSync(host.dataDir + '/pid', String(pid)); for (;;);"
    const { run, runner, folder } = await stage({ body })
    const result = failure(run({}))
    const pidFile = join(folder, 'plugins/mine/pid')
    await started(pidFile)
    await runner.close()
    expect(await result).toMatchObject({ code: -32800 })
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false))
  })
})

describe('exports in a row', () => {
  const ownPid = { body: 'out.write(String(process.pid))' }
  const children = () =>
    readdirSync('/proc/self/task').flatMap((task) => {
      const file = `/proc/self/task/${task}/children`
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : []
    })

  test('have a process that waits for them from the third on, and each has one of its own', async () => {
    const { run, runner, outs } = await stage(ownPid)
    const before = [(await run({})).text, (await run({})).text]
    const waiting = children()
    const out = join(outs, 'x')
    await run({ out })
    const third = readFileSync(out, 'utf8')
    expect(waiting).toContain(third)
    expect(before).not.toContain(third)
    const next = children()
    expect(next).toContain((await run({})).text)
    await runner.close()
  })

  test('leave no process behind: neither when nobody exports any more nor when the daemon stops', async () => {
    const hurried = await stage({ ...ownPid, limits: { spareMs: 2_000 } })
    const stopped = await stage(ownPid)
    const before = new Set(children())
    for (const { run } of [hurried, hurried, stopped, stopped]) await run({})
    await stopped.runner.close()
    await vi.waitFor(() => expect(children().filter((pid) => !before.has(pid) && isRunning(Number(pid)))).toEqual([]), 20_000)
  })

  test('lose nothing when the process that waits dies', async () => {
    const { run, runner } = await stage(ownPid)
    const before = new Set(children())
    await run({})
    await run({})
    const waiting = children().filter((pid) => pid !== '' && !before.has(pid))
    expect(waiting).toHaveLength(1)
    for (const pid of waiting) process.kill(Number(pid), 'SIGKILL')
    await vi.waitFor(() => expect(waiting.some((pid) => existsSync(`/proc/${pid}`))).toBe(false))
    expect(waiting).not.toContain((await run({})).text)
    await runner.close()
  })
})

test('a daemon that is killed leaves no half file behind', async () => {
  const { folder, outs, session } = await stage({ body: "out.write('half'); await new Promise(() => setInterval(() => {}, 1000))" })
  const runnerModule = join(import.meta.dirname, '../../daemon/plugin/exporter-runner.ts')
  const options = { home: folder, modules: [join(folder, 'mine.mjs')] }
  const script = `const { ExporterRunner } = await import(${JSON.stringify(runnerModule)})
    const runner = new ExporterRunner({ ...${JSON.stringify(options)}, log() {} })
    await runner.run({ session: ${JSON.stringify(session)}, exporter: 'mine', out: ${JSON.stringify(join(outs, 'x'))} })`
  const daemon = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  await vi.waitFor(() => expect(readdirSync(outs).map((name) => statSync(join(outs, name)).size)).toEqual([4]))
  daemon.kill('SIGKILL')
  await vi.waitFor(() => expect(readdirSync(outs)).toEqual([]))
})

/** A killed process whose parent is gone may stay a zombie until the system's first process asks for it. */
function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

test('text over 8 MiB is refused, and the sentence says what to do', async () => {
  const { run, outs } = await stage({ body: "for (let i = 0; i < 9; i++) out.write('x'.repeat(1 << 20))" })
  expect(await failure(run({}))).toMatchObject({ code: 1004, reason: 'textTooLarge', message: expect.stringContaining('`out`') })
  expect(await run({ out: join(outs, 'x') })).toMatchObject({ bytes: 9 << 20 })
})

test('text of just 8 MiB is not', async () => {
  const { run } = await stage({ body: "for (let i = 0; i < 8; i++) out.write('x'.repeat(1 << 20))" })
  expect((await run({})).text).toHaveLength(8 << 20)
})

test('a session file that cannot be read is no failure of the plugin', async () => {
  const { run, session, failed } = await stage(lines)
  writeFileSync(session.file, 'this is no session file'.repeat(100))
  expect(await failure(run({}))).toMatchObject({ code: 1005 })
  expect(failed).toEqual([])
})

test('a session that is deleted meanwhile is not found', async () => {
  const { run, session } = await stage(lines)
  expect(await failure(run({ session: { ...session, file: `${session.file}.gone` } }))).toMatchObject({ code: 1001 })
})

test('an empty session is an empty export', async () => {
  const { run } = await stage({ ...lines, count: 0 })
  expect(await run({ redact: 'off' })).toEqual({ text: '', exchanges: 0, bytes: 0 })
})

test('several run side by side', async () => {
  const { run, outs } = await stage({ ...lines, count: 200 })
  const results = await Promise.all(['a', 'b', 'c'].map((name) => run({ out: join(outs, name) })))
  expect(results.map(({ exchanges }) => exchanges)).toEqual([200, 200, 200])
})

test('sixteen exports may follow sessions, also of those that start at the same time', async () => {
  const { session, runner } = await stage(lines)
  const cancel = new AbortController()
  const job = { exporter: 'mine', session, where: null, options: {}, redact: null, since: 0, target: { kind: 'pipe' } } as const
  const starts = await Promise.allSettled(
    Array.from({ length: 17 }, () => runner.follow({ job, out: 'ignore', signal: cancel.signal, heard: () => undefined })),
  )
  cancel.abort()
  for (const start of starts) if (start.status === 'fulfilled') await start.value.exit
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(16)
  expect(starts.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 1004, reason: 'tooManyFollowing' } })
})
