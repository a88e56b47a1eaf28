/** Whatever request is let through reads as exactly that request, and as no second one. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Http1RequestDecoder, type RequestHead } from '../../daemon/capture/decoders/http1.ts'
import { http1Request } from '../../daemon/proxy/send/http1-request.ts'
import { requestBody } from '../../daemon/proxy/send/request-body.ts'
import { bodyOf, type Draft, outgoing } from '../../daemon/session/send/draft.ts'
import type { Headers } from '../../sdk/model.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\0', '\t', '\u00e9', ',', '/') }),
)
const name = fc.oneof({ weight: 5, arbitrary: fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,8}$/) }, { weight: 1, arbitrary: anyText })
const headers = fc.array(fc.tuple(name, anyText), { maxLength: 4 })
const draft = fc
  .record({
    method: fc.oneof(fc.constantFrom('GET', 'POST', 'M-SEARCH'), anyText),
    rest: fc.oneof(fc.webPath(), anyText),
    headers,
    framing: fc.constantFrom<Headers>([], [['Transfer-Encoding', 'chunked']]),
    body: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ method, rest, headers, framing, body }) => {
    const given: Draft = {
      method,
      url: `http://origin.test/${rest}`,
      headers: [...headers, ...framing],
      trailers: [],
      body: bodyOf(body),
      versions: ['1.1'],
      notation: '1.1',
    }
    return { given, body: Buffer.from(body) }
  })

interface Read {
  heads: RequestHead[]
  body: Buffer[]
  ended: number
  violations: string[]
}

function read(bytes: Buffer): Read {
  const seen: Read = { heads: [], body: [], ended: 0, violations: [] }
  const decoder = new Http1RequestDecoder({
    onHead: (head) => void seen.heads.push(head),
    onData: (piece) => void seen.body.push(Buffer.from(piece)),
    onTrailers: () => undefined,
    onEnd: () => {
      seen.ended += 1
    },
    onCut: () => void seen.violations.push('cut'),
    onAnomaly: () => undefined,
    onViolation: (anomaly) => void seen.violations.push(anomaly),
  })
  decoder.push(bytes, 0)
  decoder.end(0)
  return seen
}

const trimmed = (fields: Readonly<Headers>): Headers => fields.map(([key, value]) => [key, value.replace(/^[ \t]+|[ \t]+$/g, '')])

it('is one request with the method, target, fields and body given, or refused', async () => {
  let sent = 0
  await fc.assert(
    fc.asyncProperty(draft, async ({ given, body }) => {
      let request: ReturnType<typeof outgoing>
      try {
        request = outgoing(given)
      } catch (error) {
        expect(error).toMatchObject({ code: -32602 })
        return
      }
      sent += 1
      const pieces: Buffer[] = []
      for await (const piece of http1Request(
        request,
        requestBody(request.bodyBytes, (offset) => given.body.read(offset)),
      ))
        pieces.push(piece)
      const { heads, body: bodies, ended, violations } = read(Buffer.concat(pieces))
      expect({ heads: heads.length, ended, violations }).toEqual({ heads: 1, ended: 1, violations: [] })
      expect(heads[0]).toMatchObject({ method: given.method, target: request.target, version: '1.1' })
      const fields = heads[0]?.block.fields ?? []
      const expected = request.headers.some(([key]) => key.toLowerCase() === 'host')
        ? request.headers
        : [['Host', 'origin.test'], ...request.headers]
      expect(fields).toEqual(trimmed(expected as Headers))
      expect(Buffer.concat(bodies)).toEqual(body)
    }),
    { numRuns: 2000, seed: 20_261_128 },
  )
  expect(sent).toBeGreaterThan(100)
})
