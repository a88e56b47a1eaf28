/** NSS databases (cert9.db): one of the user's for Chromium on Linux, one of each profile of Firefox. */
import { join } from 'node:path'
import { holds } from './certificate-text.ts'
import type { Machine } from './machine.ts'
import type { StoreKind } from './trust-store.ts'

const noTool = 'certutil is missing: install libnss3-tools (Debian), nss-tools (Fedora) or nss (Arch, Homebrew)'

/** Windows has another certutil, and there Firefox trusts what the system trusts. */
export const nss: StoreKind = (machine, ca) => {
  if (machine.platform === 'win32') return []
  return databases(machine).map((folder) => {
    const certutil = ['certutil', '-d', `sql:${folder}`]
    return {
      name: 'nss',
      where: folder,
      look: async () => {
        if (!machine.has('certutil')) return { unknown: noTool }
        const found = await machine.ask([...certutil, '-L', '-n', ca.alias, '-a'])
        const added = found.code === 0 && holds(found.stdout, ca.certificate)
        if (!added) return { trusted: false, added }
        const { stdout } = await machine.ask([...certutil, '-L'])
        return { trusted: stdout.split('\n').some((line) => line.startsWith(`${ca.alias} `) && /\sC[^,]*,/.test(line)), added }
      },
      install: () => [[...certutil, '-A', '-t', 'C,,', '-n', ca.alias, '-i', ca.path]],
      uninstall: () => [[...certutil, '-D', '-n', ca.alias]],
    }
  })
}

function databases({ home, platform, exists, list }: Machine): string[] {
  const profiles =
    platform === 'darwin'
      ? ['Library/Application Support/Firefox/Profiles']
      : [
          '.mozilla/firefox',
          '.config/mozilla/firefox',
          'snap/firefox/common/.mozilla/firefox',
          '.var/app/org.mozilla.firefox/.mozilla/firefox',
        ]
  const folders = profiles.flatMap((parent) => list(join(home, parent)).map((profile) => join(home, parent, profile)))
  const chromium = platform === 'linux' ? [join(home, '.pki/nssdb'), join(home, 'snap/chromium/current/.pki/nssdb')] : []
  return [...chromium, ...folders].filter((folder) => exists(join(folder, 'cert9.db')))
}
