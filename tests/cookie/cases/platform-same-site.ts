/** cookies/samesite/ of web-platform-tests: who asks, by way of which redirects, and which cookies go with the last request. */
import { host } from './web-platform.ts'

/** Of a page at `https://web-platform.test`. */
export const sites = {
  'same-host': `https://${host}`,
  subdomain: `https://www1.${host}`,
  'cross-site': 'https://not-web-platform.test',
} as const
export type Hop = keyof typeof sites

/** Requests of a page, and what counts for them when another site has a part in it. */
export const requests = {
  'fetch.https.html': 'cross-site',
  'img.https.html': 'cross-site',
  'iframe.https.html': 'cross-site',
  'window-open.https.html': 'lax',
  'form-get-blank.https.html': 'lax',
  'form-post-blank.https.html': 'cross-site',
} as const
export type Status = 'strict' | 'lax' | 'cross-site'

/** Where the request goes, the last hop being where it ends; and whether only the page's own site has a part in it. */
export const ways: readonly (readonly [hops: readonly Hop[], isStrict: boolean])[] = [
  [['same-host'], true],
  [['subdomain'], true],
  [['cross-site'], false],
  [['same-host', 'same-host'], true],
  [['subdomain', 'same-host'], true],
  [['cross-site', 'same-host'], false],
  [['same-host', 'subdomain'], true],
  [['subdomain', 'subdomain'], true],
  [['cross-site', 'subdomain'], false],
  [['same-host', 'cross-site'], false],
  [['subdomain', 'cross-site'], false],
  [['cross-site', 'cross-site'], false],
]

/** The four cookies of resources/setSameSite.py, and with which requests each goes. */
export const plain: readonly (readonly [field: string, goesWith: readonly Status[]])[] = [
  ['samesite_strict=1; SameSite=Strict; path=/', ['strict']],
  ['samesite_lax=1; SameSite=Lax; path=/', ['strict', 'lax']],
  ['samesite_none=1; SameSite=None; path=/; Secure', ['strict', 'lax', 'cross-site']],
  ['samesite_unspecified=1; path=/', ['strict', 'lax']],
]

/** multiple-samesite-attributes.https.html: the last one counts, also one that nobody knows. */
export const several: readonly (readonly [field: string, goesWith: readonly Status[]])[] = [
  ['unsupported=1; SameSite=Unsupported; path=/; Secure', ['strict', 'lax']],
  ['unsupported_none=1; SameSite=Unsupported; SameSite=None; path=/; Secure', ['strict', 'lax', 'cross-site']],
  ['unsupported_lax=1; SameSite=Unsupported; SameSite=Lax; path=/', ['strict', 'lax']],
  ['unsupported_strict=1; SameSite=Unsupported; SameSite=Strict; path=/', ['strict']],
  ['none_unsupported=1; SameSite=None; SameSite=Unsupported; path=/; Secure', ['strict', 'lax']],
  ['lax_unsupported=1; SameSite=Lax; SameSite=Unsupported; path=/; Secure', ['strict', 'lax']],
  ['strict_unsupported=1; SameSite=Strict; SameSite=Unsupported; path=/; Secure', ['strict', 'lax']],
  ['lax_none=1; SameSite=Lax; SameSite=None; path=/; Secure', ['strict', 'lax', 'cross-site']],
  ['lax_strict=1; SameSite=Lax; SameSite=Strict; path=/', ['strict']],
  ['strict_lax=1; SameSite=Strict; SameSite=Lax; path=/', ['strict', 'lax']],
]

/** setcookie-navigation.https.html: what a navigation may set, of the tab or of a frame in a page of `https://web-platform.test`. */
export const navigations: readonly (readonly [what: 'tab' | 'frame', from: Hop, to: Hop, setsAll: boolean])[] = [
  ['tab', 'same-host', 'same-host', true],
  ['tab', 'same-host', 'cross-site', true],
  ['frame', 'same-host', 'same-host', true],
  ['frame', 'cross-site', 'same-host', false],
  ['frame', 'same-host', 'cross-site', false],
  ['frame', 'cross-site', 'cross-site', false],
]
