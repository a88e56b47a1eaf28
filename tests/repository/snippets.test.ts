/** What the documentation shows is run: every command line, every piece of TypeScript and JavaScript, every configuration. */
import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../daemon/config.ts'
import type { Environment } from '../../sdk/home.ts'
import { openSource, openTarget, testCookie } from '../../sdk/testing.ts'
import { startDaemon } from '../support/daemon.ts'
import { startReceiver } from '../support/followed.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryHome } from '../support/home.ts'
import { installSdk } from '../support/sdk-package.ts'
import { startInternet } from '../support/small-internet.ts'
import { commandsOf, type Snippet, snippets } from '../support/snippets.ts'
import { toolPath } from '../support/tool.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const program = join(root, 'daemon/weir.js')
const sqlite3 = toolPath('sqlite3', 'sqlite3')
const jq = toolPath('jq', 'jq')

const of = (...languages: string[]): Snippet[] => snippets.filter(({ language }) => languages.includes(language))

/** Not run here, and why. */
const leftOut: readonly [RegExp, string][] = [
  [/^npm ci && npm (start|test)$/, 'CI itself is that'],
  ...(jq === null ? [[/\bjq\b/, 'there is none here'] as [RegExp, string]] : []),
  ...(sqlite3 === null ? [[/^sqlite3 /, 'there is none here'] as [RegExp, string]] : []),
]
/** They end when they are told to, and what comes after them needs them. */
const endless = /^(npx )?weir (capture(?!.* -- )|browser pair)/
/** What ends otherwise than with 0: said on standard error. */
const refused: readonly [RegExp, code: number, says: RegExp][] = [
  [/weir ca check/, 1, /^$/],
  [/weir ca uninstall$/, 2, /confirm with --yes|^$/],
  // The line above it has opened the port.
  [/weir rpc websocket\/start/, 1, /websocketRunning/],
]

test('every snippet has a language, and is of a kind that is run', () => {
  const known = ['sh', 'ts', 'js', 'toml', 'json', 'text']
  expect(snippets.filter(({ language }) => !known.includes(language)).map(({ at, language }) => `${at} ${language}`)).toEqual([])
})

/** Somebody who reads the documentation, with traffic on record, in a folder of their own. */
async function reader(document: string) {
  const folder = await temporaryHome()
  const daemon = await startDaemon({ env: await startInternet(folder) })
  const bin = join(folder, 'bin')
  const receiver = await startReceiver()
  const tool = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  mkdirSync(bin)
  mkdirSync(join(folder, 'Downloads'))
  tool('weir', `exec '${process.execPath}' '${program}' "$@"`)
  tool('npx', 'shift && exec weir "$@"')
  // No browser shall open here.
  for (const opener of ['xdg-open', 'open']) tool(opener, 'exit 0')
  // Stands for the reader's own tests.
  tool(
    'npm',
    'exec curl -sS https://api.example.com/v1/e2e https://api.example.com/events https://cdn.example.com/ --next -sS -d a=1 https://api.example.com/slow',
  )
  const cookies = 'api.example.com\tFALSE\t/\tTRUE\t0\tsid\t1\n'
  for (const file of ['cookies.txt', 'Downloads/cookies.txt']) writeFileSync(join(folder, file), `# Netscape HTTP Cookie File\n${cookies}`)
  const env = { ...daemon.env, HOME: folder, PATH: [bin, process.env.PATH].join(':'), CURL_HOME: folder } as NodeJS.ProcessEnv
  const shell = (line: string) => run('bash', ['-c', `exec </dev/null\n${line}`], { cwd: folder, env, timeout: 60_000 })
  await shell('npx weir capture --name before -- npm run e2e')
  await shell('npx weir export last har -o traffic.har && npx weir export last jsonl -o traffic.jsonl')
  const [session] = (await daemon.client.call('session/list', {})).items
  const ports = { '9340': await freePort(), '9347': await freePort(), '9348': await freePort() }
  const replaced = (line: string): string =>
    line
      .replace(/\b(9340|9347|9348)\b/g, (port) => String(ports[port as keyof typeof ports]))
      .replaceAll('http://127.0.0.1:4318/v1/traces', receiver.url)
      .replace('"sessionId":"ID"', `"sessionId":"${session?.id}"`)
      .replace(/\bsqlite3 FILE\b/, `sqlite3 ${session?.file}`)
  return { document, folder, env, shell, replaced, ports }
}

describe('command lines', () => {
  const documents = new Set(
    of('sh')
      .map(({ document }) => document)
      .filter((document) => document !== 'docs/protocol.md'),
  )
  test.each([...documents])('of %s do what they say', { timeout: 400_000 }, async (document) => {
    const { folder, env, shell, replaced, ports } = await reader(document)
    if (document === 'README.md') await endlessly(`npx weir capture --port ${ports['9347']}`, folder, env)
    for (const snippet of of('sh').filter((each) => each.document === document)) {
      const running: (() => Promise<void>)[] = []
      // Earlier pieces may have begun sessions that are empty.
      if (/ (last|tests)\b/.test(snippet.text)) await shell('npx weir capture --name tests -- npm run e2e')
      for (const written of commandsOf(snippet)) {
        if (leftOut.some(([pattern]) => pattern.test(written))) continue
        const line = replaced(written)
        if (endless.test(line)) running.push(await endlessly(line, folder, env))
        else await expectEnd(`${snippet.at}: ${line}`, line, shell)
      }
      for (const end of running) await end()
    }
  })
})

async function expectEnd(at: string, line: string, shell: (line: string) => Promise<unknown>): Promise<void> {
  const ended = await shell(line).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr, killed }: { code: number; stderr: string; killed: boolean }) => ({ code: killed ? 'it did not end' : code, stderr }),
  )
  const [, code = 0, says = /^/] = refused.find(([pattern]) => pattern.test(line)) ?? []
  if (ended.code === 0 && code !== 0) return
  expect({ at, ...ended }).toEqual({ at, code, stderr: expect.stringMatching(says) })
}

/** Resolves once it says where it listens, to what ends it. */
async function endlessly(line: string, cwd: string, env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const child = spawn('bash', ['-c', `exec ${line}`], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (piece: Buffer) => {
      said += piece.toString()
      if (/127\.0\.0\.1:\d+|\d{4}-\d{4}/.test(said)) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then((code) => reject(new Error(`${line} ended with ${code}: ${said}`)))
  })
  return async () => {
    child.kill('SIGINT')
    // null: the signal itself ended it.
    expect([0, null], line).toContain(await ended)
  }
}

describe('TypeScript', () => {
  /** What a piece takes for granted. */
  const prelude: { [document: string]: string } = {
    'docs/query.md': "import type { Exchange } from '@weir/weir/client'\nconst exchanges: Exchange[] = []\n",
  }
  const folderOf = async () => {
    const folder = await temporaryHome()
    await installSdk(folder)
    for (const name of ['vitest', '@types']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    return folder
  }
  const write = (folder: string): string[] =>
    of('ts').map(({ document, text }, index) => {
      const file = join(folder, `snippet-${index}.ts`)
      writeFileSync(file, `${prelude[document] ?? ''}${text}`)
      return file
    })

  test('compiles', { timeout: 180_000 }, async () => {
    const files = write(await folderOf())
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2024',
      '--module',
      'nodenext',
      '--types',
      'node',
      '--allowImportingTsExtensions',
    ]
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...files]).catch(
      (error) => error,
    )
    expect(stdout).toBe('')
  })

  test('runs', { timeout: 180_000 }, async () => {
    const folder = await folderOf()
    const { env } = await reader('TypeScript')
    for (const [index, file] of write(folder).entries()) {
      const { at, text } = of('ts')[index] as Snippet
      // A module of plugins or fixtures is loaded, not run.
      if (/from 'vitest'/.test(text)) continue
      // Of a page that was paired: tests/sdk/web-socket.test.ts is one.
      if (/connectWebSocket/.test(text)) continue
      const { stderr } = await run(process.execPath, [file], {
        env: env as Environment as NodeJS.ProcessEnv,
        cwd: folder,
        timeout: 60_000,
      }).catch((error) => error)
      expect({ at, stderr }).toEqual({ at, stderr: '' })
    }
  })
})

describe('plugins', () => {
  test('in JavaScript pass the tests that stand beside them, and do what they say', async () => {
    const folder = await temporaryHome()
    await installSdk(folder)
    const files = of('js').map(({ text }, index) => {
      const name = /^\/\/ ([\w-]+\.mjs)/.exec(text)?.[1] ?? (/from 'node:test'/.test(text) ? 'plugins.test.mjs' : `plugin-${index}.mjs`)
      writeFileSync(join(folder, name), text)
      return name
    })
    expect(files).toEqual(['urls.mjs', 'no-health.mjs', 'plugin-2.mjs', 'ticks.mjs', 'plugins.test.mjs'])
    const { stdout } = await run(process.execPath, ['--test', 'plugins.test.mjs'], { cwd: folder })
    expect(stdout).toMatch(/pass 2$/m)
    const { default: cookieHeader } = (await import(pathToFileURL(join(folder, 'plugin-2.mjs')).href)) as {
      default: Parameters<typeof openTarget>[0]
    }
    const path = join(folder, 'header')
    const { target } = await openTarget(cookieHeader, { config: { path } as never })
    await target.push([], [testCookie({ name: 'a', value: '1' }), testCookie({ name: 'b', value: '2' })])
    expect(readFileSync(path, 'utf8')).toBe('a=1; b=2')
    const { default: ticks } = (await import(pathToFileURL(join(folder, 'ticks.mjs')).href)) as {
      default: Parameters<typeof openSource>[0]
    }
    const { source, events } = await openSource(ticks)
    await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toEqual(['request', 'end']))
    await source.stop()
  })
})

describe('configurations', () => {
  test.each(of('toml').map(({ at, text }) => [at, text] as const))('%s is taken', async (_at, text) => {
    const file = join(await temporaryHome(), 'config.toml')
    writeFileSync(join(file, '..', 'roots.pem'), '')
    writeFileSync(file, text)
    expect(readConfig(file, {})).toMatchObject({ plugins: expect.arrayContaining(['plugins/urls.mjs']) })
  })

  test.each(
    of('json')
      .filter(({ document }) => document !== 'docs/protocol.md')
      .map(({ at, text }) => [at, text] as const),
  )('%s is JSON', (_at, text) => {
    expect(JSON.parse(text)).toBeTypeOf('object')
  })
})
