/** The certificate authority: whole, valid, secret, and where it is trusted. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Home } from '../../../sdk/home.ts'
import { formatDate } from '../quantity.ts'
import { identifyCa } from '../trust/identify.ts'
import { thisMachine } from '../trust/machine.ts'
import { findStores } from '../trust/stores.ts'
import { type Check, type Finding, good, note, problem, warning } from './finding.ts'

const day = 86_400_000
/** Before its end, ms. */
const soon = 30 * day

export const checkCa: Check = async ({ home, env }, client) => {
  const certificate = client ? (await client.call('ca/get', {})).certificate : await readFile(home.caCertificate, 'utf8').catch(() => null)
  if (certificate === null) return [note('certificate', 'there is none yet; the daemon makes it')]
  const stores = findStores(thisMachine(env), identifyCa(home.caCertificate, certificate))
  const trust = await Promise.all(
    stores.map(async (store): Promise<Finding> => {
      const { name, where } = store
      const state = await store.look()
      if ('unknown' in state) return note('trust', `${name} (${where}): ${state.unknown}`)
      if (state.trusted) return good('trust', `${name} (${where}) trusts the certificate`)
      return note(
        'trust',
        `${name} (${where}) does not trust the certificate; weir capture -- CMD needs no store`,
        'weir ca install, if programs beyond such commands shall be captured',
      )
    }),
  )
  return [validity(certificate), ...(await secrecy(home, certificate)), ...trust]
}

function validity(certificate: string): Finding {
  const { validToDate, subject } = new X509Certificate(certificate)
  const until = `${subject.replaceAll('\n', ', ')}, valid until ${formatDate(validToDate.getTime()).slice(0, 10)}`
  const renew =
    'remove ca.pem and ca-key.pem from the home and weir stop: a new one is made, which has to be trusted anew where the old one was'
  if (validToDate.getTime() < Date.now()) return problem('certificate', `${until}: it has expired`, renew)
  return validToDate.getTime() < Date.now() + soon ? warning('certificate', until, renew) : good('certificate', until)
}

async function secrecy({ caKey }: Home, certificate: string): Promise<Finding[]> {
  try {
    const { mode } = await stat(caKey)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      return [
        problem(
          'CA key',
          `others may read ${caKey}: who has it can stand for any site where the CA is trusted`,
          `chmod 600 ${caKey}; if somebody may have read it, weir ca uninstall, and remove it and ca.pem`,
        ),
      ]
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(await readFile(caKey)))) return [good('CA key', 'for you alone')]
    return [
      problem('CA key', `${caKey} is not the key of ca.pem`, 'restore the one that belongs to it, or remove both: a new pair is made'),
    ]
  } catch (error) {
    return [
      problem('CA key', `${caKey} cannot be read: ${(error as Error).message}`, 'restore it, or remove it and ca.pem: a new pair is made'),
    ]
  }
}
