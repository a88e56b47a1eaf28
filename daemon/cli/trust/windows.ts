/** The user's store of roots on Windows (certutil): Edge, Chrome, Firefox, .NET and everything that asks the system. */
import type { StoreKind } from './trust-store.ts'

export const windows: StoreKind = (machine, ca) => {
  if (machine.platform !== 'win32') return []
  const certutil = [`${machine.env.SystemRoot ?? 'C:\\Windows'}\\System32\\certutil.exe`, '-user']
  return [
    {
      name: 'windows',
      where: 'Cert:\\CurrentUser\\Root',
      look: async () => {
        const { code } = await machine.ask([...certutil, '-store', 'Root', ca.sha1])
        return { trusted: code === 0, added: code === 0 }
      },
      install: () => [[...certutil, '-addstore', 'Root', ca.path]],
      uninstall: () => [[...certutil, '-delstore', 'Root', ca.sha1]],
    },
  ]
}
