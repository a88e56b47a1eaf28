/** Partitions (CHIPS): the site of the page on top, and whether a frame of another site stands between it and who asks. A cookie has both as one text, its `partitionKey`. */
import type { CookieContext } from './judge.ts'
import { siteOf } from './site.ts'

/** As browsers tell it (Network.CookiePartitionKey of the DevTools protocol). */
export interface Partition {
  topLevelSite: string
  hasCrossSiteAncestor: boolean
}

/** Between a cookie of another site and the page on top there always is one; so it is said of a cookie of the same site alone. */
const nested = ' across sites'

/** @param domain the cookie's, as a URL has it */
export function partitionKeyOf({ topLevelSite, hasCrossSiteAncestor }: Partition, domain: string): string {
  return hasCrossSiteAncestor && isOfSite(domain, topLevelSite) ? topLevelSite + nested : topLevelSite
}

export function partitionOf(partitionKey: string, domain: string): Partition {
  const isNested = partitionKey.endsWith(nested)
  const topLevelSite = isNested ? partitionKey.slice(0, -nested.length) : partitionKey
  return { topLevelSite, hasCrossSiteAncestor: isNested || !isOfSite(domain, topLevelSite) }
}

/** Of who asks. */
export const partitionFor = ({ url, topLevel, acrossSites = false }: Omit<CookieContext, 'at'>): string =>
  partitionKeyOf({ topLevelSite: siteOf(topLevel ?? url), hasCrossSiteAncestor: acrossSites }, url.hostname)

function isOfSite(hostname: string, site: string): boolean {
  const url = URL.parse(site)
  return url !== null && siteOf({ protocol: url.protocol, hostname }) === siteOf(url)
}
