/** A proxy auto-configuration file: everything through this listener. Without it nothing is reached, rather than unseen. */

/** @param proxy `host:port` */
export const proxyPac = (proxy: string): string => `function FindProxyForURL(url, host) {
  return ${JSON.stringify(`PROXY ${proxy}`)};
}
`
