/** The types of the Chrome DevTools Protocol, as its newest version has them; a browser may speak another one. */
export type { Protocol } from 'devtools-protocol'
export type { ProtocolMapping } from 'devtools-protocol/types/protocol-mapping.js'
