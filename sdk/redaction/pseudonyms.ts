/** Names for secrets: the same secret has the same name wherever the same key is used, and nobody without the key can tell which secret it is. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** `[redacted-` and 16 hexadecimal digits: 64 bits of an HMAC-SHA-256. Safe in header fields, URLs, cookies, forms and JSON. */
export type Pseudonym = (secret: string) => string

const start = 'redacted-'
const pseudonym = /\bredacted-[0-9a-f]{16}\b/
/** Of so many a chance name begins with them seldom enough to be looked for. */
const fewDigits = 8
const justOne = /^redacted-[0-9a-f]{16}$/
/** Whether there is one in it. */
export const holdsPseudonym = (text: string): boolean => pseudonym.test(text)
/** Whether it may be a piece of any one, of the word before its digits: nobody can look for it where names stand. */
export const isPieceOfPseudonym = (text: string): boolean => {
  const [, letters, digits = ''] = /^([acdert]*-)([0-9a-f]{0,16})$/.exec(text) ?? []
  return letters !== undefined && start.endsWith(letters) && (letters === start || digits.length < fewDigits)
}

const keyBytes = 32
const rememberedSecrets = 4096
/** Longer ones are rare, characters. */
const rememberedLength = 1024

/** A name is its own name, for what was hidden may come again. The names of the last secrets are remembered: the same ones come with every request. */
export function pseudonyms(key: Uint8Array): Pseudonym {
  const hmacKey = createSecretKey(key)
  const known = new Map<string, string>()
  return (secret) => {
    let name = known.get(secret)
    if (name !== undefined) return name
    if (justOne.test(secret)) return secret
    name = `${start}${createHmac('sha256', hmacKey).update(secret).digest('hex').slice(0, 16)}`
    if (known.size >= rememberedSecrets) known.clear()
    if (secret.length <= rememberedLength) known.set(secret, name)
    return name
  }
}

/** The key in a file (0600), made with its folder (0700) when it is missing; one and the same when several make it at once. @throws when it cannot be read or is no key */
export function pseudonymKey(file: string): Uint8Array {
  const made = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    return readKey(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(made, randomBytes(keyBytes), { mode: 0o600, flag: 'wx' })
    chmodSync(made, 0o600)
    linkSync(made, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(made, { force: true })
  }
  return readKey(file)
}

function readKey(file: string): Uint8Array {
  const key = readFileSync(file)
  if (key.length !== keyBytes)
    throw new Error(`the key of the pseudonyms must have ${keyBytes} bytes: remove the file to have another made`)
  return key
}
