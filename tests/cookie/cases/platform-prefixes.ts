/** cookies/prefix/ of web-platform-tests: which attributes a name with a prefix needs, by what set it. */
import { host, type PlatformTable } from './web-platform.ts'

type Params = readonly [params: string, taken: boolean]
const [clear, secure] = [`http://${host}`, `https://${host}`]
const list = '/cookies/resources/list.py'

const table = (file: string, origin: string, prefixes: readonly string[], params: readonly Params[], by?: 'script'): PlatformTable => ({
  file: `prefix/${file}`,
  from: `${origin}/cookies/resources/set.py`,
  to: list,
  ...(by && { by }),
  cases: prefixes.flatMap((prefix) => params.map(([rest, taken]) => [`${prefix}test=1;${rest}`, taken ? `${prefix}test=1` : ''] as const)),
})

const hosts = ['__Host-', '__HoSt-']
const secures = ['__Secure-', '__SeCuRe-']
const each = (extras: readonly string[], of: (extra: string) => readonly Params[]): Params[] => extras.flatMap(of)
const any = ['', `domain=${host}`, 'MaxAge=10', 'HttpOnly']
const never = (extra: string): Params[] => [
  [`Path=/;${extra}`, false],
  [`Secure; Path=/;${extra}`, false],
]
const hostOverTls = (extra: string): Params[] => [
  [`Path=/;${extra}`, false],
  [`Secure; Path=/;${extra}`, true],
  [`Secure; Path=/; Domain=${host}; ${extra}`, false],
]
const secureOverTls = (extra: string): Params[] => [
  [`Path=/;${extra}`, false],
  [`Secure; Path=/;${extra}`, true],
]
const elsewhere: Params = [`Secure; Path=${list}`, false]

/** A page at `/`, whose default path is `/`. */
const atRoot: PlatformTable = {
  file: 'prefix/__host.explicit-path.https.window.js',
  from: `${secure}/`,
  to: '/common/blank.html',
  by: 'script',
  cases: [
    ['explicit-path-defaultpath=1', 'explicit-path-defaultpath=1'],
    ['__Host-a=1; Secure; Path=/', '__Host-a=1'],
    ['__Host-a=1; Secure', ''],
    ['__Host-a=1; Secure; Path=', ''],
    ['__Host-a=1; Secure; Path', ''],
  ],
}

export const prefixTables: readonly PlatformTable[] = [
  table('__host.document-cookie.html', clear, hosts, [...each(any, never), elsewhere], 'script'),
  table('__host.document-cookie.https.html', secure, hosts, [...each(['', 'MaxAge=10'], hostOverTls), elsewhere], 'script'),
  table('__host.header.html', clear, hosts, [
    ...each(any, never),
    ...any.map((extra): Params => [`Secure; Path=/; Domain=${host}; ${extra}`, false]),
    elsewhere,
  ]),
  table('__host.header.https.html', secure, hosts, [...each(['', 'MaxAge=10', 'HttpOnly'], hostOverTls), elsewhere]),
  atRoot,
  table('__secure.document-cookie.html', clear, secures, each(any, never), 'script'),
  table('__secure.document-cookie.https.html', secure, secures, each(['', 'MaxAge=10', `domain=${host}`], secureOverTls), 'script'),
  table('__secure.header.html', clear, secures, each(any, never)),
  table('__secure.header.https.html', secure, secures, [
    ...each(['', 'MaxAge=10', 'HttpOnly'], secureOverTls),
    [`Path=/;SameSite=None;domain=${host}`, false],
    [`Secure;SameSite=None;Path=/;domain=${host}`, true],
  ]),
  table(
    'document-cookie.non-secure.html',
    clear,
    [''],
    [
      ['path=/', true],
      [`path=/;domain=${host}`, true],
    ],
    'script',
  ),
  table(
    '__Http.https.html',
    secure,
    ['__Http-'],
    [
      ['Path=/', false],
      ['Secure; Path=/', false],
      ['Secure; Path=/;httponly', false],
    ],
    'script',
  ),
  table(
    '__Http.https.html',
    secure,
    ['__Http-'],
    [
      ['Path=/', false],
      ['Secure;Path=/', false],
      ['Secure;Path=/;httponly', true],
      ['Secure;Path=/cookies/;httponly', true],
    ],
  ),
  table(
    '__Host-Http.https.html',
    secure,
    ['__Host-Http-'],
    [
      ['Secure; Path=/', false],
      [`Secure; Path=/; Domain=${host}`, false],
    ],
    'script',
  ),
  table(
    '__Host-Http.https.html',
    secure,
    ['__Host-Http-'],
    [
      ['Secure; Path=/', false],
      ['Secure; Path=/;httponly', true],
      ['Secure; Path=/cookies/;httponly', false],
      ['Path=/', false],
      [`Secure; Path=/; Domain=${host}`, false],
    ],
  ),
]
