/** Where what was compiled is kept from test to test: each has a home of its own, and would compile all of weir anew. */
import { join } from 'node:path'

export const compileCache = join(import.meta.dirname, '../../node_modules/.cache/weir-tests')
