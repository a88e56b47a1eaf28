/** Node's bundled brotli has an out-of-bounds write: nothing in weir may reach it, so for the whole suite it throws. */

import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'

for (const name of Object.keys(zlib).filter((key) => /brotli/i.test(key) && typeof zlib[key as keyof typeof zlib] === 'function')) {
  Object.defineProperty(zlib, name, {
    configurable: true,
    value() {
      throw new Error(`zlib.${name} was called: decode br with brotli-wasm`)
    },
  })
}
syncBuiltinESMExports()
