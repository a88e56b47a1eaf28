/** A git repository behind HTTPS, served by git's own http-backend (git-http-backend(1), RFC 3875). */
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Origin, startOrigin } from './origin.ts'

export interface ServedRequest {
  method: string
  target: string
  rawHeaders: string[]
  body: Buffer
  status: number
  answer: Buffer
}

export interface GitOrigin extends Origin {
  /** Of the one repository. */
  repository: string
  requests: ServedRequest[]
  /** The commit it holds. */
  commit: string
}

/** @param folder an empty one */
export async function startGitOrigin(folder: string): Promise<GitOrigin> {
  const work = join(folder, 'work')
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, env: gitEnvironment, encoding: 'utf8' }).trim()
  git('init', '-q', '-b', 'main', work)
  for (let index = 0; index < 40; index++) writeFileSync(join(work, `file-${index}.txt`), `line of ${index}\n`.repeat(500 + index))
  git('-C', work, 'add', '.')
  git('-C', work, 'commit', '-q', '-m', 'All of it')
  git('clone', '-q', '--bare', work, join(folder, 'project.git'))
  const commit = git('-C', work, 'rev-parse', 'HEAD')
  const requests: ServedRequest[] = []
  const origin = await startOrigin((request, response) => {
    serve(folder, request, response).then(
      (served) => requests.push(served),
      (error: unknown) => response.destroy(error as Error),
    )
  })
  return { ...origin, repository: `${origin.url}/project.git`, requests, commit }
}

const identity = { NAME: 'Weir', EMAIL: 'weir@example.com', DATE: '2026-01-01T00:00:00Z' }
const gitEnvironment = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...Object.fromEntries(
    Object.entries(identity).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  ),
}

async function serve(folder: string, request: IncomingMessage, response: ServerResponse): Promise<ServedRequest> {
  const { method = 'GET', url: target = '/', headers, rawHeaders } = request
  const [path = '', query = ''] = target.split('?')
  const body = await buffer(request)
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  backend.stdin.end(body)
  const output = await buffer(backend.stdout)
  const end = output.indexOf('\r\n\r\n')
  const lines = output.toString('latin1', 0, end).split('\r\n')
  const status = Number(/^Status: (\d+)/m.exec(lines.join('\n'))?.[1] ?? 200)
  const answer = output.subarray(end + 4)
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: (.*)/s)
    if (name !== 'Status') response.appendHeader(name, value)
  }
  response.writeHead(status)
  await new Promise<void>((resolve) => response.end(answer, resolve))
  return { method, target, rawHeaders, body, status, answer }
}
