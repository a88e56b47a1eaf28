/** The user's keychain on macOS (security(1)): Safari, Chrome, curl and everything that asks the system. */
import { join } from 'node:path'
import type { StoreKind } from './trust-store.ts'

export const macos: StoreKind = (machine, ca) => {
  if (machine.platform !== 'darwin') return []
  const keychain = join(machine.home, 'Library/Keychains/login.keychain-db')
  return [
    {
      name: 'macos',
      where: keychain,
      look: async () => {
        const found = await machine.ask(['security', 'find-certificate', '-a', '-Z', keychain])
        const verified = await machine.ask(['security', 'verify-cert', '-q', '-L', '-l', '-c', ca.path])
        return { trusted: verified.code === 0, added: found.stdout.toUpperCase().includes(`SHA-1 HASH: ${ca.sha1}`) }
      },
      install: () => [['security', 'add-trusted-cert', '-r', 'trustRoot', '-k', keychain, ca.path]],
      uninstall: () => [['security', 'delete-certificate', '-t', '-Z', ca.sha1, keychain]],
    },
  ]
}
