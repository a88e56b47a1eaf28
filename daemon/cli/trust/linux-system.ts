/** The system's own store on Linux: a folder of additions, and a program that makes the bundle which programs read. */
import { join } from 'node:path'
import { holds } from './certificate-text.ts'
import type { StoreKind, TrustStore } from './trust-store.ts'

interface LinuxStore {
  name: TrustStore['name']
  additions: string
  /** Of the files that the program takes. */
  extension: string
  update: string
  bundle: string
}

/** update-ca-certificates(8), update-ca-trust(8) of Fedora and its family, and of Arch. */
const stores: readonly LinuxStore[] = [
  {
    name: 'debian',
    additions: '/usr/local/share/ca-certificates',
    extension: 'crt',
    update: 'update-ca-certificates',
    bundle: '/etc/ssl/certs/ca-certificates.crt',
  },
  {
    name: 'fedora',
    additions: '/etc/pki/ca-trust/source/anchors',
    extension: 'pem',
    update: 'update-ca-trust',
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  },
  {
    name: 'arch',
    additions: '/etc/ca-certificates/trust-source/anchors',
    extension: 'crt',
    update: 'update-ca-trust',
    bundle: '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
  },
]

export const linuxSystem: StoreKind = (machine, ca) => {
  if (machine.platform !== 'linux') return []
  return stores
    .filter(({ additions }) => machine.exists(additions))
    .map(({ name, additions, extension, update, bundle }) => {
      const file = join(additions, `${ca.alias}.${extension}`)
      const rights = machine.rights(file)
      return {
        name,
        where: bundle,
        look: async () => ({ trusted: holds(machine.read(bundle), ca.certificate), added: machine.exists(file) }),
        install: () => [
          [...rights, 'install', '-m', '644', ca.path, file],
          [...rights, update],
        ],
        uninstall: () => [
          [...rights, 'rm', '-f', file],
          [...rights, update],
        ],
      }
    })
}
