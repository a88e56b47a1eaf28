/** The CA as a configuration profile for iOS, iPadOS and macOS (Apple's Configuration Profile Reference, payload com.apple.security.root). */
import { createHash, X509Certificate } from 'node:crypto'
import { escaped } from '../own-pages.ts'
import type { CaInfo } from '../surface.ts'

/** A property list, XML. The same CA always makes the same one, so that it replaces itself. */
export function mobileConfig(ca: CaInfo): string {
  const { raw } = new X509Certificate(ca.certificate)
  const name = ca.subject.replace(/^CN=/, '')
  const payload = dict([
    ['PayloadCertificateFileName', string('weir-ca.cer')],
    ['PayloadContent', `<data>${raw.toString('base64')}</data>`],
    ['PayloadDescription', string('Adds the certificate authority of one weir installation')],
    ['PayloadDisplayName', string(name)],
    ['PayloadIdentifier', string(`weir.ca.${uuid(raw, 'certificate')}`)],
    ['PayloadType', string('com.apple.security.root')],
    ['PayloadUUID', string(uuid(raw, 'certificate'))],
    ['PayloadVersion', '<integer>1</integer>'],
  ])
  const profile = dict([
    ['PayloadContent', `<array>${payload}</array>`],
    [
      'PayloadDescription',
      string('Lets weir show the HTTPS traffic of this device while it uses weir as its proxy. Remove it when you are done.'),
    ],
    ['PayloadDisplayName', string(name)],
    ['PayloadIdentifier', string(`weir.profile.${uuid(raw, 'profile')}`)],
    ['PayloadRemovalDisallowed', '<false/>'],
    ['PayloadType', string('Configuration')],
    ['PayloadUUID', string(uuid(raw, 'profile'))],
    ['PayloadVersion', '<integer>1</integer>'],
  ])
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">${profile}</plist>
`
}

const string = (text: string): string => `<string>${escaped(text)}</string>`
const dict = (entries: [key: string, value: string][]): string =>
  `<dict>\n${entries.map(([key, value]) => `<key>${key}</key>${value}\n`).join('')}</dict>`

/** Named by content (RFC 9562 section 5.8). */
function uuid(certificate: Buffer, what: string): string {
  const bytes = createHash('sha256').update(what).update(certificate).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes
    .toString('hex')
    .toUpperCase()
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
