/** Brotli in WebAssembly: Node's own is unsafe. Loaded where a body needs it. */
import { createRequire } from 'node:module'
import type * as Brotli from 'brotli-wasm'

// Its ES module loads the WebAssembly with fetch; the CommonJS one reads the file.
const require = createRequire(import.meta.url)

export const loadBrotli = (): typeof Brotli => require('brotli-wasm') as typeof Brotli
