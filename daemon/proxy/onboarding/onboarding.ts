/** weir's own pages: the onboarding page, the CA in the forms that systems want it in, the PAC file. Never the CA's key. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { OwnResponse } from '../own-pages.ts'
import type { CaInfo } from '../surface.ts'
import { mobileConfig } from './mobile-config.ts'
import { page } from './page.ts'
import { proxyPac } from './proxy-pac.ts'

export interface OnboardingRequest {
  method: string
  /** Origin-form, a query perhaps. */
  path: string
  /** `host:port` of the listener, as this client reached it. */
  proxy: string
  /** Asked through the proxy, as `http://weir/`; else at its own address. */
  isThroughProxy: boolean
  /** The page that asks, when it is one of weir's own; null: none or another. */
  ownOrigin: string | null
  /** The proxy wants a username and a password. */
  needsPassword: boolean
  /** It listens for others than this machine. */
  isBeyondLoopback: boolean
  ca: CaInfo
}

type Content = Omit<OwnResponse, 'status'> & { status?: OwnResponse['status'] }
type Resource = (request: OnboardingRequest) => Content | Promise<Content>

const content = (type: string, body: string | Buffer, ...fields: string[]): Content => ({
  fields: [`Content-Type: ${type}`, ...fields],
  body,
})
const asset =
  (name: string, type: string): Resource =>
  async () =>
    content(type, await readFile(new URL(name, import.meta.url)))
const der: Resource = ({ ca }) => content('application/x-x509-ca-cert', new X509Certificate(ca.certificate).raw)

/** The answer alone says that the browser trusts the certificate it came with. */
const trusted: Resource = ({ ownOrigin }) => ({
  status: 204,
  fields: ['Vary: Origin', ...(ownOrigin === null ? [] : [`Access-Control-Allow-Origin: ${ownOrigin}`])],
  body: '',
})

const resources: { readonly [path: string]: Resource } = {
  '/': (request) => {
    const { html, policy } = page(request)
    return content('text/html; charset=utf-8', html, `Content-Security-Policy: ${policy}`)
  },
  '/page.css': asset('style.css', 'text/css; charset=utf-8'),
  '/page.js': asset('trust-check.js', 'text/javascript; charset=utf-8'),
  '/ca.pem': ({ ca }) => content('application/x-pem-file', ca.certificate, 'Content-Disposition: attachment; filename="weir-ca.pem"'),
  '/ca.crt': der,
  '/ca.cer': der,
  '/ca.mobileconfig': ({ ca }) => content('application/x-apple-aspen-config', mobileConfig(ca)),
  '/proxy.pac': ({ proxy }) => content('application/x-ns-proxy-autoconfig', proxyPac(proxy)),
  '/trusted': trusted,
}

const guarded = [
  'X-Content-Type-Options: nosniff',
  'X-Frame-Options: DENY',
  'Referrer-Policy: no-referrer',
  'Cross-Origin-Resource-Policy: same-origin',
]

const nameOf = (path: string): string => path.replace(/\?.*$/s, '')

/** What needs no password where the proxy does: it says nothing, and a browser cannot be asked for one there. */
export const isOpenToAll = (path: string): boolean => nameOf(path) === '/trusted'

export async function onboardingResponse(request: OnboardingRequest): Promise<OwnResponse> {
  const resource = Object.hasOwn(resources, nameOf(request.path)) ? resources[nameOf(request.path)] : undefined
  if (!resource)
    return refusal(404, `There is no such page here; ${request.isThroughProxy ? 'http://weir/' : `http://${request.proxy}/`} is.`)
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, 'Pages are only read here.', 'Allow: GET, HEAD')
  const { status = 200, fields, body } = await resource(request)
  return { status, fields: [...fields, ...guarded], body }
}

const refusal = (status: 404 | 405, text: string, ...fields: string[]): OwnResponse => ({
  status,
  fields: ['Content-Type: text/plain; charset=utf-8', ...fields, ...guarded],
  body: `weir: ${text}\n`,
})
