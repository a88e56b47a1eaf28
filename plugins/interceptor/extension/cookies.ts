/** The cookies of the browser as a target of cookie sync: read and written when the daemon asks, partitioned ones too. */

/** Firefox knows the first half alone. */
interface Partition {
  topLevelSite: string
  hasCrossSiteAncestor: boolean
}

/** As the daemon has them (sdk/cookie/cookie.ts): texts are bytes as U+0000..00FF, times Unix ms. */
interface Cookie {
  name: string
  value: string
  domain: string
  hostOnly: boolean
  path: string
  expires: number | null
  secure: boolean
  httpOnly: boolean
  sameSite: 'Strict' | 'Lax' | 'None' | null
  partition: Partition | null
  createdAt: number
  updatedAt: number
}

type CookieKey = Pick<Cookie, 'name' | 'domain' | 'hostOnly' | 'path' | 'partition'>

/** What the daemon asks: to hold these and those no more, or, without either, what is held. */
export interface CookieAsk {
  sourceId: string
  ask: number
  put?: Cookie[]
  gone?: CookieKey[]
}

export type CookieAnswer = { cookies: Cookie[]; at: number } | Record<never, never>

type Held = chrome.cookies.Cookie

const sameSites: { [told: string]: Cookie['sameSite'] } = { strict: 'Strict', lax: 'Lax', no_restriction: 'None', unspecified: null }
const toldSameSites = { Strict: 'strict', Lax: 'lax', None: 'no_restriction' } as const

const bytesOf = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text))
const charactersOf = (bytes: string): string => new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))

export class BrowserCookies {
  #changedAt = Date.now()

  constructor() {
    chrome.cookies.onChanged.addListener(() => {
      this.#changedAt = Date.now()
    })
  }

  /** Rejects with what the browser does not take. */
  async answer({ put, gone }: CookieAsk): Promise<CookieAnswer> {
    if (put || gone) {
      for (const key of gone ?? []) await remove(key)
      for (const cookie of put ?? []) await chrome.cookies.set(asDetails(cookie))
      return {}
    }
    // All of them each time: several rules ask by turns, and an answer may be lost.
    const at = this.#changedAt
    // Without it those of partitions are left out.
    return { cookies: (await chrome.cookies.getAll({ partitionKey: {} })).map((cookie) => asCookie(cookie, at)), at }
  }
}

function asCookie(
  { name, value, domain, hostOnly, path, expirationDate, secure, httpOnly, sameSite, partitionKey }: Held,
  at: number,
): Cookie {
  return {
    name: bytesOf(name),
    value: bytesOf(value),
    domain: domain.replace(/^\./, ''),
    hostOnly,
    path: bytesOf(path),
    expires: expirationDate === undefined ? null : expirationDate * 1000,
    secure,
    httpOnly,
    sameSite: sameSites[sameSite] ?? null,
    partition: partitionKey
      ? { topLevelSite: partitionKey.topLevelSite ?? '', hasCrossSiteAncestor: partitionKey.hasCrossSiteAncestor ?? true }
      : null,
    createdAt: at,
    updatedAt: at,
  }
}

const isFirefox = () => navigator.userAgent.includes('Firefox')

const place = ({ domain, path, secure, partition }: Pick<Cookie, 'domain' | 'path' | 'secure' | 'partition'>) => ({
  url: `${secure ? 'https' : 'http'}://${domain}${charactersOf(path)}`,
  ...(partition !== null && { partitionKey: isFirefox() ? { topLevelSite: partition.topLevelSite } : partition }),
})

/** A domain makes a cookie of subdomains, too; the URL alone one of the host. */
function asDetails(cookie: Cookie): chrome.cookies.SetDetails {
  const { name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite } = cookie
  return {
    ...place(cookie),
    name: charactersOf(name),
    value: charactersOf(value),
    path: charactersOf(path),
    secure,
    httpOnly,
    ...(!hostOnly && { domain }),
    ...(expires !== null && { expirationDate: expires / 1000 }),
    ...(sameSite !== null && { sameSite: toldSameSites[sameSite] }),
  }
}

/** chrome.cookies.remove knows no domain: of two of one name it may take the other. An end in the past does not. */
async function remove(key: CookieKey): Promise<void> {
  const found = await chrome.cookies.getAll({ domain: key.domain, name: charactersOf(key.name), partitionKey: {} })
  for (const one of found) {
    const cookie = asCookie(one, 0)
    const isSame =
      cookie.domain === key.domain &&
      cookie.hostOnly === key.hostOnly &&
      cookie.path === key.path &&
      cookie.partition?.topLevelSite === key.partition?.topLevelSite &&
      cookie.partition?.hasCrossSiteAncestor === key.partition?.hasCrossSiteAncestor
    if (isSame) await chrome.cookies.set(asDetails({ ...cookie, expires: 1000 }))
  }
}
