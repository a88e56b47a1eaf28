/** Java's truststores: `cacerts` of each runtime that JAVA_HOME, PATH or the system's folder of them leads to. */
import { dirname, join } from 'node:path'
import { holds } from './certificate-text.ts'
import type { Machine } from './machine.ts'
import type { StoreKind } from './trust-store.ts'

/** Of every truststore that comes with Java. */
const password = ['-storepass', 'changeit']

export const java: StoreKind = (machine, ca) =>
  [...truststores(machine)].map(([file, keytool]) => {
    const rights = machine.rights(file)
    const store = ['-keystore', file, ...password]
    return {
      name: 'java',
      where: file,
      look: async () => {
        const { code, stdout } = await machine.ask([keytool, '-list', '-rfc', ...store])
        if (code !== 0) return { unknown: `${keytool} cannot read it: its password is another than changeit, perhaps` }
        const named = await machine.ask([keytool, '-exportcert', '-rfc', ...store, '-alias', ca.alias])
        return { trusted: holds(stdout, ca.certificate), added: named.code === 0 }
      },
      install: () => [[...rights, keytool, '-importcert', '-noprompt', ...store, '-alias', ca.alias, '-file', ca.path]],
      uninstall: () => [[...rights, keytool, '-delete', ...store, '-alias', ca.alias]],
    }
  })

/** truststore -> a keytool that can change it. Several runtimes may share one. */
function truststores(machine: Machine): Map<string, string> {
  const { env, real } = machine
  const found = new Map<string, string>()
  for (const home of javaHomes(machine)) {
    const file = real(join(home, 'lib/security/cacerts')) ?? real(join(home, 'jre/lib/security/cacerts'))
    const keytool = real(join(home, machine.platform === 'win32' ? 'bin/keytool.exe' : 'bin/keytool'))
    if (file && keytool && !found.has(file)) found.set(file, keytool)
  }
  return found

  function javaHomes({ list }: Machine): string[] {
    const onPath = (env.PATH ?? '').split(machine.platform === 'win32' ? ';' : ':').flatMap((folder) => real(join(folder, 'java')) ?? [])
    return [
      ...(env.JAVA_HOME ? [env.JAVA_HOME] : []),
      ...onPath.map((program) => dirname(dirname(program))),
      ...list('/usr/lib/jvm').map((name) => join('/usr/lib/jvm', name)),
      ...list('/Library/Java/JavaVirtualMachines').map((name) => join('/Library/Java/JavaVirtualMachines', name, 'Contents/Home')),
    ]
  }
}
