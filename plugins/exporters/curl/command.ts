/** One request as a command of curl, whatever the shell. */
import type { Exchange, Request } from '../../../sdk/model.ts'
import { token } from '../replay/fields.ts'

/** curl writes them itself, by the request and by its body. */
const ofTransfer = new Set(['content-length', 'transfer-encoding', 'expect'])
/** curl adds them where nobody says otherwise. */
const added = ['User-Agent', 'Accept']
const formType = 'Content-Type'

const unsendable = /[\u0000\r\n]/g
const urlParts = /^(https?:\/\/)((?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d+)?)([/?].*)?$/is

/** Beyond it curl waits for a leave to send a body. */
const expectBytes = 1024 * 1024

/** One of curl's, with its value. null: the URL, which has none. */
type Option = readonly [name: string | null, value?: string]

export interface CurlCommand {
  /** The URL and what belongs to it. */
  target: Option[]
  options: Option[]
  /** null: it sends none. */
  body: Buffer | null
}

/** null: curl cannot make this request; its URL has a host that is none, or its method is no token. */
export function curlCommand({ request }: Exchange, body: Buffer): CurlCommand | null {
  const url = urlParts.exec(request.url)
  if (!url || !token.test(request.method)) return null
  const [, scheme = '', authority = '', target = ''] = url
  const options = [...versionOptions(request, scheme)]
  const hasBody = body.length > 0 || hasLengthZero(request)
  options.push(...methodOptions(request.method, hasBody), ...headerOptions(request, authority, hasBody))
  if (body.length > expectBytes) options.push(['-H', 'Expect:'])
  return { target: targetOptions(scheme + authority, target), options, body: hasBody ? body : null }
}

/** curl refuses or changes some targets in a URL; given apart it sends any as it is. */
function targetOptions(origin: string, target: string): Option[] {
  const before: Option[] = [['--path-as-is'], ['-g']]
  if (/^(?:\/[!"$-~]*)?$/.test(target)) return [...before, [null, origin + target]]
  return [...before, [null, `${origin}/`], ['--request-target', target.replace(unsendable, encodeURIComponent)]]
}

function versionOptions({ httpVersion }: Request, scheme: string): Option[] {
  const secure = scheme.toLowerCase() === 'https://'
  if (httpVersion === '1.0') return [['--http1.0']]
  if (httpVersion === '1.1') return secure ? [['--http1.1']] : []
  if (httpVersion === '2') return [[secure ? '--http2' : '--http2-prior-knowledge']]
  return []
}

const hasLengthZero = ({ method, headers }: Request): boolean =>
  method !== 'GET' && method !== 'HEAD' && headers.some(([name, value]) => /^content-length$/i.test(name) && /^0+$/.test(value))

function methodOptions(method: string, hasBody: boolean): Option[] {
  if (method === 'HEAD' && !hasBody) return [['--head']]
  return method === (hasBody ? 'POST' : 'GET') ? [] : [['-X', method]]
}

function headerOptions({ headers }: Request, authority: string, hasBody: boolean): Option[] {
  const options: Option[] = []
  const present = new Set<string>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    // A name that began with @ would be a file to read.
    if (ofTransfer.has(key) || !token.test(name)) continue
    present.add(key)
    if (key === 'host' && value === authority) continue
    const sent = value.replace(unsendable, ' ')
    options.push(['-H', /^[ \t]*$/.test(sent) ? `${name};` : `${name}: ${sent}`])
  }
  for (const name of hasBody ? [...added, formType] : added) if (!present.has(name.toLowerCase())) options.push(['-H', `${name}:`])
  if (present.has('accept-encoding')) options.push(['--compressed'])
  return options
}
