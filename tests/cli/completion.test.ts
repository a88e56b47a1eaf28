import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commands } from '../../daemon/cli/commands.ts'
import { completionScript } from '../../daemon/cli/completion-script.ts'
import { candidates } from '../../daemon/cli/completion-words.ts'
import { shells } from '../../daemon/cli/shells.ts'
import { builtInModules } from '../../daemon/plugin/plugin-modules.ts'
import type { Environment } from '../../sdk/home.ts'
import { startCaller } from '../support/caller.ts'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

fc.configureGlobal({ seed: 20260131 })

const words = (...typed: string[]) => candidates(commands, typed).words.map(({ text }) => text)

describe('what can stand at the cursor', () => {
  test('is every command, first', () => {
    const first = new Set(commands.map(({ name }) => name.split(' ')[0]))
    expect(new Set(words(''))).toEqual(new Set([...first, '--help', '--version']))
    expect(words('se')).toEqual(['sessions', 'session', 'search', 'send'])
  })

  test('is the second word of a command that has two', () => {
    expect(words('session', '')).toEqual(['stop', 'pause', 'resume', 'rename', 'delete'])
    expect(words('session', 're')).toEqual(['resume', 'rename'])
    expect(words('session', 'no', '')).toEqual([])
    expect(words('ca', '')).toEqual(['check', 'install', 'uninstall'])
    expect(words('ca', '--')).toEqual(['--pem', '--json', '--help'])
    expect(words('ca', 'check', '--store', 'n')).toEqual(['nss'])
    expect(words('plugin', '')).toEqual(['list', 'new'])
    expect(words('plugin', 'new', '')).toEqual(['exporter', 'filter', 'cookie-sync', 'source'])
  })

  test('is a built-in plugin where one is named', async () => {
    const builtIn = async (kind: string) => (await builtInModules()).filter((module) => module.kind === kind).map(({ name }) => name)
    expect(words('export', 'last', '')).toEqual(await builtIn('exporter'))
    expect(words('capture', '--filter', '')).toEqual(await builtIn('filter'))
  })

  test('is every option of a command', () => {
    for (const { name, options = [] } of commands) {
      const offered = words(...name.split(' '), '-')
      for (const { flags } of options) for (const flag of flags.match(/(?<!\S)--?[a-z-]+/g) ?? []) expect(offered, name).toContain(flag)
      expect(offered).toContain('--help')
    }
  })

  test('is a session, a word of a list, a file or a command where one belongs', () => {
    expect(candidates(commands, ['ls', ''])).toEqual({ words: [], also: 'session' })
    expect(candidates(commands, ['ls', '--json', ''])).toEqual({ words: [], also: 'session' })
    expect(candidates(commands, ['session', 'stop', ''])).toEqual({ words: [], also: 'session' })
    expect(candidates(commands, ['session', 'stop', 'x', ''])).toEqual({ words: [], also: null })
    expect(words('ls', '--sort', '')).toEqual(['time', 'size', 'dur'])
    expect(words('body', 'last', '1', 're')).toEqual(['request', 'response'])
    expect(words('completion', '')).toEqual([...shells])
    expect(candidates(commands, ['export', 'last', 'har', '-o', 'x'])).toEqual({ words: [], also: 'file' })
    expect(candidates(commands, ['capture', '--port', '1', '--', ''])).toEqual({ words: [], also: 'command' })
    expect(candidates(commands, ['capture', '--', 'curl', '--'])).toEqual({ words: [], also: 'file' })
  })

  test('is every built-in exporter', () => {
    const files = readdirSync(join(import.meta.dirname, '../../plugins/exporters')).filter((name) => name.endsWith('.ts'))
    expect(words('export', 'last', '')).toEqual(files.map((name) => name.replace('.ts', '')).sort())
  })

  test('begins with what was typed, whatever that is', () => {
    const typed = fc.array(fc.oneof(fc.constantFrom('ls', 'session', 'stop', 'capture', '--', '--sort', '-o', 'export', ''), fc.string()), {
      minLength: 1,
    })
    fc.assert(
      fc.property(typed, (given) => {
        for (const text of words(...given)) expect(text.startsWith(given.at(-1) ?? '')).toBe(true)
      }),
    )
  })
})

/** What Tab offers in a real bash that has loaded the script. */
async function tab(env: Environment, ...line: string[]): Promise<string[]> {
  const script = `eval "$(weir completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script, 'bash', 'weir', ...line], { env: env as NodeJS.ProcessEnv })
  return stdout.split('\n').filter(Boolean)
}

/** The environment with `weir` on its PATH. */
async function withWeir(env: Environment): Promise<Environment> {
  const bin = join(await temporaryHome(), 'bin')
  await mkdir(bin)
  await writeFile(
    join(bin, 'weir'),
    `#!/bin/sh\nexec "${process.execPath}" "${new URL('../../daemon/weir.js', import.meta.url).pathname}" "$@"\n`,
  )
  await chmod(join(bin, 'weir'), 0o755)
  return { ...env, PATH: `${bin}${delimiter}${env.PATH}` }
}

describe('bash', () => {
  test('completes commands, options and files, and starts no daemon for it', async () => {
    const env = await withWeir(environment(await temporaryHome()))
    expect(await tab(env, 'sess')).toEqual(['sessions', 'session'])
    expect(await tab(env, 'session', 'p')).toEqual(['pause'])
    expect(await tab(env, 'ls', '--s')).toEqual(['--sort'])
    expect(await tab(env, 'ls', '--sort', 's')).toEqual(['size'])
    expect(await tab(env, 'ls', '')).toEqual([])
    expect(await tab(env, 'export', 'last', 'har', '-o', '/etc/hostn')).toEqual(['/etc/hostname'])
    expect(await tab(env, 'capture', '--', 'bas')).toContain('bash')
    await expect(promisify(execFile)('weir', ['status'], { env: env as NodeJS.ProcessEnv })).rejects.toMatchObject({ code: 3 })
  })

  test('completes sessions by name and id, and never runs what one is called', async () => {
    const { env: callers, client, folder } = await startCaller()
    const env = await withWeir(callers)
    const hostile = `$(touch ${join(folder, 'owned')})`
    const ids: string[] = []
    for (const name of ['nightly', hostile, 'two words', 'with:colon'])
      ids.push((await client.call('session/start', { name, proxy: null })).id)
    expect(await tab(env, 'ls', 'night')).toEqual(['nightly'])
    expect(await tab(env, 'show', 'la')).toEqual(['last'])
    expect(await tab(env, 'session', 'stop', 'two')).toEqual(['two\\ words'])
    const all = await tab(env, 'ls', '')
    expect(all).toEqual(expect.arrayContaining(['last', 'nightly', 'two\\ words', ...ids]))
    expect(all.some((word) => word.includes('colon'))).toBe(false)
    const [offered = ''] = await tab(env, 'ls', '$(')
    // What is offered is one word of a shell, and means the name.
    const { stdout } = await promisify(execFile)('bash', ['-c', `printf %s ${offered}`])
    expect(stdout).toBe(hostile)
    await expect(promisify(execFile)('ls', [join(folder, 'owned')])).rejects.toThrow('No such file')
  })

  test('can parse its script', async () => {
    await promisify(execFile)('bash', ['-n', '-c', completionScript('bash')])
  })
})

test.each(shells)('the script for %s asks weir, and is printed as it is', (shell) => {
  const script = completionScript(shell)
  expect(script).toContain('completion words -- ')
  expect(script).not.toMatch(/[^\x20-\x7e\n]|\$\{'\$'\}/)
})
