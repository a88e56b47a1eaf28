/** A source: one request over a connection of its own, in clear text through the proxy. */
import { type OutgoingHttpHeaders, request } from 'node:http'

export interface Answered {
  status: number
  body: string
}

/** Rejects when the connection breaks before the response has ended. */
export function getThrough(
  proxyPort: number,
  url: string,
  headers: OutgoingHttpHeaders = {},
  { method = 'GET', content = '' }: { method?: string; content?: string } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: proxyPort, method, path: url, headers: { host: new URL(url).host, ...headers }, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(content)
  })
}
