/** Writes the parts of the documentation that are made of the code. */
import { writeFileSync } from 'node:fs'
import { protocolReference } from './protocol.ts'
import { queryReference } from './query.ts'
import { sqlReference } from './sql.ts'

writeFileSync(new URL('../sql.md', import.meta.url), sqlReference())
writeFileSync(new URL('../query.md', import.meta.url), queryReference())
writeFileSync(new URL('../protocol.md', import.meta.url), protocolReference())
