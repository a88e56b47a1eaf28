/** The files of trusted roots that a command gets for the time it runs. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { bundleVariables, type Files } from './command-environment.ts'
import type { Environment } from './home.ts'

export interface CaBundle extends Files {
  remove(): Promise<void>
}

/** Both 0600 in a 0700 folder. @param certificate weir's own, PEM */
export async function writeCaBundle(certificate: string, env: Environment): Promise<CaBundle> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-ca-'))
  const bundle = join(folder, 'bundle.pem')
  const extra = join(folder, 'extra.pem')
  const callers = callersRoots(env)
  // What the caller trusts beyond the system counts for hosts that are not decrypted.
  const named = bundleVariables.map((name) => readPem(env[name]))
  await writeFile(bundle, joinPem([certificate, ...systemRoots(), callers, ...named]), { mode: 0o600 })
  await writeFile(extra, joinPem([certificate, callers]), { mode: 0o600 })
  return { bundle, extra, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Node before 22.15 cannot say what the system trusts: then it is what came with Node. */
function systemRoots(): readonly string[] {
  const system = tls.getCACertificates?.('system') ?? []
  return system.length > 0 ? system : tls.rootCertificates
}

/** What the caller trusts beside the system's roots, PEM: origins that a session may believe on its behalf. */
export const callersRoots = (env: Environment): string => readPem(env.NODE_EXTRA_CA_CERTS)

/** Empty where there is no such file: the program that reads it would go on without it, too. */
function readPem(file: string | undefined): string {
  return file && existsSync(file) ? readFileSync(file, 'utf8') : ''
}

const certificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Each certificate once, without the text around it. */
function joinPem(texts: readonly string[]): string {
  const all = texts.flatMap((text) => text.match(certificates) ?? [])
  return [...new Set(all.map((pem) => pem.replaceAll('\r', '')))].map((pem) => `${pem}\n`).join('')
}
