/**
 * Stock mockttp: one pass-through rule, listeners for requests and responses, nothing kept and nothing on disk.
 * Prints `{"port", "caPem"}` once it listens.
 */
import { generateCACertificate, getLocal } from 'mockttp'

const https = await generateCACertificate()
// Without recordTraffic: false it keeps every exchange in memory for ever, which would be no fair opponent.
const server = getLocal({ https, recordTraffic: false })
await server.start()
// Unlike the others it does not verify the origin: with additionalTrustedCAs it works out the list of CAs again for every
// request, and takes three times as long. This is mockttp at its best.
await server.forAnyRequest().thenPassThrough({ ignoreHostHttpsErrors: true })
await server.on('request', (request) => void request.url)
await server.on('response', (response) => void response.statusCode)
process.stdout.write(`${JSON.stringify({ port: server.port, caPem: https.cert })}\n`)
