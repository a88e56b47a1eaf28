/** The environment in which a command's traffic takes the way through a session's proxy. */
import { basename, delimiter, dirname } from 'node:path'
import type { Environment } from './home.ts'

/** Where certificates are trusted from: OpenSSL (and so Python, Ruby, PHP), curl, requests, git, cargo, AWS tools, Deno. */
export const bundleVariables = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
  'AWS_CA_BUNDLE',
  'DENO_CERT',
] as const

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const

export interface Files {
  /** Roots of the system, of the caller and of weir. */
  bundle: string
  /** Of the caller and of weir: Node adds them to its own. */
  extra: string
}

/** @param proxy `http://127.0.0.1:9347` */
export function commandEnvironment(caller: Environment, proxy: string, files: Files): Environment {
  const environment: Environment = { ...caller, ...callersPath(caller), NO_PROXY: '', no_proxy: '' }
  for (const name of proxyVariables) {
    environment[name] = proxy
    environment[name.toLowerCase()] = proxy
  }
  for (const name of bundleVariables) environment[name] = files.bundle
  environment.NODE_EXTRA_CA_CERTS = files.extra
  // Node 22.21 and newer take the proxy variables for fetch and http(s) then; older ones ignore all of them.
  environment.NODE_USE_ENV_PROXY = '1'
  return environment
}

/** The folders where the command is looked for. */
export const commandPath = (caller: Environment): string => Object.values(callersPath(caller))[0] ?? ''

/** PATH by the name it has here: Windows calls it Path. */
function callersPath(caller: Environment): Environment {
  const name = Object.keys(caller).find((key) => key.toUpperCase() === 'PATH')
  const value = name === undefined ? undefined : caller[name]
  return name === undefined || value === undefined ? {} : { [name]: withoutNpm(value) }
}

/**
 * npm and npx put `node_modules/.bin` of every folder above and then their `node-gyp-bin` in front of PATH; behind that
 * stands the caller's own. Run inside each other they do it again each time.
 */
export function withoutNpm(path: string): string {
  const folders = path.split(delimiter)
  for (;;) {
    const marker = folders.findIndex((folder) => basename(folder) === 'node-gyp-bin')
    if (marker === -1 || !folders.slice(0, marker).every(isNpmBin)) return folders.join(delimiter)
    folders.splice(0, marker + 1)
  }
}

const isNpmBin = (folder: string): boolean => basename(folder) === '.bin' && basename(dirname(folder)) === 'node_modules'
