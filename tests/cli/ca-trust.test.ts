import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { java } from '../../daemon/cli/trust/java.ts'
import { linuxSystem } from '../../daemon/cli/trust/linux-system.ts'
import { type Machine, thisMachine } from '../../daemon/cli/trust/machine.ts'
import { macos } from '../../daemon/cli/trust/macos.ts'
import { runCommands, typed } from '../../daemon/cli/trust/run-commands.ts'
import type { Command, TrustedCa } from '../../daemon/cli/trust/trust-store.ts'
import { windows } from '../../daemon/cli/trust/windows.ts'
import { startCaller } from '../support/caller.ts'
import { testCa } from '../support/certificates.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { temporaryHome } from '../support/home.ts'
import { toolPath } from '../support/tool.ts'

const run = promisify(execFile)
const certutil = toolPath('certutil', 'libnss3-tools')
const keytool = toolPath('keytool', 'default-jre-headless')
const updater = toolPath('update-ca-certificates', 'ca-certificates')
const program = join(import.meta.dirname, '../../daemon/weir.js')

const someCa = async (folder: string): Promise<TrustedCa> => {
  const { certificate } = await testCa()
  const path = join(folder, 'ca.pem')
  await writeFile(path, certificate)
  return { path, certificate, alias: 'weir-0123456789ab', sha1: 'AB'.repeat(20) }
}

/** A machine that has nothing but what is said. */
const machine = (more: Partial<Machine>): Machine => ({
  ...thisMachine({}),
  home: '/home/ann',
  exists: () => false,
  list: () => [],
  read: () => '',
  real: () => null,
  has: () => true,
  rights: () => ['sudo'],
  ask: async () => ({ code: 1, stdout: '' }),
  ...more,
})

const lines = (commands: readonly Command[] | undefined) => commands?.map(typed)

/** A home folder with an NSS database as Chromium makes it. */
async function nssHome(): Promise<{ home: string; database: string }> {
  const home = await temporaryHome()
  const database = join(home, '.pki/nssdb')
  await mkdir(database, { recursive: true })
  await run('certutil', ['-d', `sql:${database}`, '-N', '--empty-password'])
  return { home, database }
}

describe('what would be run', () => {
  test.each([
    [
      'debian',
      '/usr/local/share/ca-certificates',
      ['sudo install -m 644 CA /usr/local/share/ca-certificates/weir-0123456789ab.crt', 'sudo update-ca-certificates'],
    ],
    [
      'fedora',
      '/etc/pki/ca-trust/source/anchors',
      ['sudo install -m 644 CA /etc/pki/ca-trust/source/anchors/weir-0123456789ab.pem', 'sudo update-ca-trust'],
    ],
    [
      'arch',
      '/etc/ca-certificates/trust-source/anchors',
      ['sudo install -m 644 CA /etc/ca-certificates/trust-source/anchors/weir-0123456789ab.crt', 'sudo update-ca-trust'],
    ],
  ])('on %s', async (name, folder, expected) => {
    const ca = await someCa(await temporaryHome())
    const [store, ...more] = linuxSystem(machine({ platform: 'linux', exists: (path) => path === folder }), ca)
    expect(more).toEqual([])
    expect(store?.name).toBe(name)
    expect(lines(store?.install())).toEqual(expected.map((line) => line.replace('CA', ca.path)))
    const [install = '', update] = expected
    expect(lines(store?.uninstall())).toEqual([install.replace(/install -m 644 CA/, 'rm -f'), update])
    expect(await store?.look()).toEqual({ trusted: false, added: false })
  })

  test('on macOS, in the keychain of the user', async () => {
    const ca = await someCa(await temporaryHome())
    const keychain = '/home/ann/Library/Keychains/login.keychain-db'
    const asked: Command[] = []
    const ask = async (command: Command) => {
      asked.push(command)
      return { code: 0, stdout: command[1] === 'find-certificate' ? `SHA-1 hash: ${ca.sha1}\n` : '' }
    }
    const [store] = macos(machine({ platform: 'darwin', ask }), ca)
    expect(lines(store?.install())).toEqual([`security add-trusted-cert -r trustRoot -k ${keychain} ${ca.path}`])
    expect(lines(store?.uninstall())).toEqual([`security delete-certificate -t -Z ${ca.sha1} ${keychain}`])
    expect(await store?.look()).toEqual({ trusted: true, added: true })
    expect(asked.every(([tool]) => tool === 'security')).toBe(true)
    expect(macos(machine({ platform: 'linux' }), ca)).toEqual([])
  })

  test('on Windows, in the store of the user, with the certutil of Windows', async () => {
    const ca = await someCa(await temporaryHome())
    const [store] = windows(machine({ platform: 'win32', env: { SystemRoot: 'C:\\Windows' } }), ca)
    const tool = 'C:\\Windows\\System32\\certutil.exe'
    expect(store?.install()).toEqual([[tool, '-user', '-addstore', 'Root', ca.path]])
    expect(store?.uninstall()).toEqual([[tool, '-user', '-delstore', 'Root', ca.sha1]])
    expect(await store?.look()).toEqual({ trusted: false, added: false })
    expect(windows(machine({ platform: 'linux' }), ca)).toEqual([])
  })
})

describe.skipIf(certutil === null)('NSS', () => {
  test('install, check and uninstall, each once and again, through the command line', { timeout: 120_000 }, async () => {
    const { home, database } = await nssHome()
    const profile = join(home, '.mozilla/firefox/abc.default')
    await cp(database, profile, { recursive: true })
    const caller = await startCaller()
    const env = { ...caller.env, HOME: home }
    const weir = (...words: string[]) => caller.weir(['ca', ...words, '--store', 'nss'], { env })
    const states = async () =>
      (await weir('check', '--json')).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { state: string })

    expect(await states()).toEqual([database, profile].map((where) => ({ store: 'nss', where, state: 'untrusted' })))
    expect((await weir('check')).code).toBe(1)

    const dry = await weir('install', '--dry-run')
    expect(dry.code).toBe(0)
    expect(dry.stdout).toMatch(new RegExp(`certutil -d sql:${database} -A -t C,, -n weir-[0-9a-f]{12} -i ${caller.home.caCertificate}`))
    const unconfirmed = await weir('install')
    expect([unconfirmed.code, unconfirmed.stderr]).toEqual([2, expect.stringContaining('--yes')])
    expect((await states()).map(({ state }) => state)).toEqual(['untrusted', 'untrusted'])

    expect((await weir('install', '--yes')).code).toBe(0)
    expect((await states()).map(({ state }) => state)).toEqual(['trusted', 'trusted'])
    expect((await weir('check')).code).toBe(0)
    expect((await run('certutil', ['-d', `sql:${database}`, '-L'])).stdout).toMatch(/^weir-[0-9a-f]{12} +C,,/m)
    const again = await weir('install', '--yes')
    expect([again.code, again.stdout]).toEqual([0, expect.not.stringContaining(' -A ')])

    expect((await weir('uninstall', '--yes')).code).toBe(0)
    expect((await run('certutil', ['-d', `sql:${database}`, '-L'])).stdout).not.toContain('weir-')
    const twice = await weir('uninstall', '--yes')
    expect([twice.code, twice.stdout]).toEqual([0, expect.stringContaining('nothing to do')])
  })

  test.skipIf(chromiumPath === null)(
    'a Chromium whose database has it trusts the proxy, and its page says so',
    { timeout: 120_000 },
    async () => {
      const { home } = await nssHome()
      const caller = await startCaller()
      expect((await caller.weir(['ca', 'install', '--store', 'nss', '--yes'], { env: { ...caller.env, HOME: home } })).code).toBe(0)
      const { proxy } = await caller.client.call('session/start', { proxy: {} })
      const browser = await launchChromium({ env: { ...process.env, HOME: home } as Record<string, string> })
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${proxy?.port}/`)
      await page.waitForSelector('#check[data-state=trusted]')
    },
  )

  test('without certutil it says what to install', async () => {
    const { home } = await nssHome()
    const caller = await startCaller()
    const env = { ...caller.env, HOME: home, PATH: dirname(process.execPath) }
    const { code, stdout } = await caller.weir(['ca', 'check', '--store', 'nss'], { env })
    expect([code, stdout]).toEqual([1, expect.stringContaining('libnss3-tools')])
  })
})

test.skipIf(keytool === null)('Java: install, check and uninstall in a truststore of a runtime', { timeout: 120_000 }, async () => {
  const home = await temporaryHome()
  await mkdir(join(home, 'lib/security'), { recursive: true })
  await mkdir(join(home, 'bin'))
  await symlink(keytool ?? '', join(home, 'bin/keytool'))
  const file = join(home, 'lib/security/cacerts')
  const storepass = ['-keystore', file, '-storepass', 'changeit']
  await run('keytool', ['-genkeypair', '-alias', 'other', '-keyalg', 'EC', '-dname', 'CN=other', '-storetype', 'PKCS12', ...storepass])
  const ca = await someCa(home)
  const real = thisMachine({ ...process.env, JAVA_HOME: home })
  const only = { ...real, env: { JAVA_HOME: home, PATH: '' }, list: () => [] }
  const [store, ...more] = java(only, ca)
  expect(more).toEqual([])
  expect(store?.where).toBe(file)
  expect(await store?.look()).toEqual({ trusted: false, added: false })
  await runCommands(store?.install() ?? [], process.env)
  expect(await store?.look()).toEqual({ trusted: true, added: true })
  await runCommands(store?.uninstall() ?? [], process.env)
  expect(await store?.look()).toEqual({ trusted: false, added: false })
  expect((await run('keytool', ['-list', ...storepass])).stdout).toContain('other')
  await writeFile(file, 'no truststore')
  expect(await store?.look()).toEqual({ unknown: expect.stringContaining('cannot read it') })
})

/** Runs a script where the system's certificates are a copy, in a mount namespace; null: this machine allows none. */
async function amongCopies(script: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const copies = await temporaryHome()
  const folders = ['/etc/ssl/certs', '/usr/local/share/ca-certificates', '/etc/ca-certificates/update.d']
  const mounts = folders.map((folder, index) => `cp -a ${folder}/. ${copies}/${index}/; mount --bind ${copies}/${index} ${folder}`)
  for (const index of folders.keys()) await mkdir(join(copies, String(index)))
  // Hooks of other packages would change what is not copied.
  const prepared = ['set -e', 'mount --make-rprivate /', ...mounts, `rm -f ${copies}/2/*`, script].join('\n')
  try {
    await run('unshare', ['-m', 'true'])
  } catch {
    return null
  }
  return (await run('unshare', ['-m', 'sh', '-c', prepared], { env })).stdout
}

test.skipIf(updater === null)(
  'Debian: install, check and uninstall with the real tool, on a copy of its store',
  { timeout: 120_000 },
  async (context) => {
    const caller = await startCaller()
    const weir = `"${process.execPath}" "${program}" ca`
    const before = await readdir('/usr/local/share/ca-certificates')
    const said = await amongCopies(
      [
        `${weir} check --store debian || echo "code $?"`,
        `${weir} install --store debian --yes`,
        `${weir} check --store debian`,
        'ls /usr/local/share/ca-certificates',
        `${weir} install --store debian --yes`,
        `${weir} uninstall --store debian --yes`,
        `${weir} check --store debian || echo "code $?"`,
        'ls /usr/local/share/ca-certificates | wc -l',
      ].join('\n'),
      caller.env as NodeJS.ProcessEnv,
    )
    // Without one the copy of the store would be the machine's own.
    if (said === null) return context.skip('this machine allows no mount namespace')
    const bundle = '/etc/ssl/certs/ca-certificates.crt'
    expect(said).toMatch(new RegExp(`^debian +untrusted +${bundle}\\ncode 1\\ndebian +install +${bundle}\\n`))
    expect(said).toMatch(new RegExp(`\\ndebian +trusted +${bundle}\\n`))
    expect(said).toMatch(/\nweir-[0-9a-f]{12}\.crt\n/)
    expect(said).toContain('it trusts the CA already')
    expect(said).toMatch(new RegExp(`\\ndebian +untrusted +${bundle}\\ncode 1\\n${before.length}\\n$`))
    expect(await readdir('/usr/local/share/ca-certificates')).toEqual(before)
  },
)

describe('the command line', () => {
  test('weir ca alone prints the path and nothing else', async () => {
    const caller = await startCaller()
    expect(await caller.weir(['ca'])).toMatchObject({ code: 0, stdout: `${caller.home.caCertificate}\n` })
  })

  test('a recipe for containers is printed, and nothing is run', async () => {
    const caller = await startCaller()
    const { code, stdout } = await caller.weir(['ca', 'install', '--store', 'container'])
    expect(code).toBe(0)
    expect(stdout).toContain(`cp ${caller.home.caCertificate} weir-ca.pem`)
    expect(stdout).toContain('COPY weir-ca.pem /usr/local/share/ca-certificates/weir.crt\nRUN update-ca-certificates')
  })

  test('a store that is not here, or is none, is bad usage', async () => {
    const caller = await startCaller()
    expect(await caller.weir(['ca', 'install', '--store', 'windows', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('this machine has no windows store'),
    })
    expect(await caller.weir(['ca', 'check', '--store', 'container'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--store is one of'),
    })
  })

  test('a command that fails ends it: what failed, and what was left undone', async () => {
    const failing = runCommands([['true'], ['false'], ['echo', 'two words']], process.env)
    await expect(failing).rejects.toThrow("false: it ended with exit code 1; not run any more:\n  echo 'two words'")
    await expect(runCommands([['no-such-program-here']], process.env)).rejects.toThrow('there is no such program')
  })
})
