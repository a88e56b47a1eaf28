/** The Cookie field for a request, out of a jar of 10,000 cookies: in the jar thread, and from the main thread as a sender asks. */
import { JarKeeper } from '../daemon/jar/jar-keeper.ts'
import { Jars } from '../daemon/jar/jars.ts'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { whole, withSpread } from './measure/format.ts'
import { quantile, spread } from './measure/statistics.ts'

const jar = 'work'
const cookies = 10_000
const targetUs = 200
const microseconds = (us: number): string => `${us.toFixed(1)} us`

/** `perHost` cookies at each of so many hosts of a hundred sites; some for all of the site. */
function fill(home: string, perHost: number): string[] {
  const keeper = new JarKeeper()
  const jars = keeper.surface()
  jars.open({ home })
  const urls: string[] = []
  for (let host = 0; host < cookies / perHost; host++) {
    const url = `https://h${host}.site${host % 100}.example/app/page`
    urls.push(url)
    const setCookie = Array.from({ length: perHost }, (_, index) => {
      const domain = index % 4 === 0 ? `; Domain=site${host % 100}.example` : ''
      return `n${host}-${index}=${'v'.repeat(40)}; Secure; Path=${index % 2 ? '/' : '/app'}; Max-Age=86400${domain}`
    })
    jars.take({ jar, response: { url }, setCookie })
  }
  keeper.close()
  return urls
}

async function run(context: Context): Promise<Outcome> {
  const rounds = context.quick ? 5 : 15
  const rows: string[][] = []
  const medians: number[] = []
  for (const perHost of [10, 100]) {
    const home = context.folder('jars')
    const urls = fill(home, perHost)
    const inside = inThread(home, urls, rounds)
    const asked = await fromMain(home, urls, rounds)
    medians.push(inside.median)
    rows.push([
      `${perHost} a host`,
      withSpread(inside, microseconds),
      microseconds(inside.p99),
      withSpread(asked, microseconds),
      whole(urls.length),
    ])
  }
  const worst = Math.max(...medians)
  return {
    rows: [{ id: 'lookup', measured: microseconds(worst), verdict: judge(true, worst <= targetUs) }],
    tables: [
      {
        title: `The Cookie field out of a jar of ${whole(cookies)} cookies`,
        columns: ['jar', 'in the jar thread, a look-up', '99 of 100 within', 'one after another from the main thread', 'hosts'],
        rows,
      },
    ],
    notes: [],
  }
}

function inThread(home: string, urls: readonly string[], rounds: number) {
  const keeper = new JarKeeper()
  const jars = keeper.surface()
  jars.open({ home })
  const ask = (url: string) => jars.cookieField({ jar, request: { url } })
  for (const url of urls) ask(url)
  const single: number[] = []
  const means = Array.from({ length: rounds }, () => {
    const begun = performance.now()
    for (const url of urls) {
      const at = performance.now()
      ask(url)
      single.push((performance.now() - at) * 1000)
    }
    return ((performance.now() - begun) * 1000) / urls.length
  })
  keeper.close()
  return { ...spread(means), p99: quantile(single, 0.99) }
}

async function fromMain(home: string, urls: readonly string[], rounds: number) {
  const jars = new Jars({ home, sessions: home, fault: (message, error) => process.stderr.write(`${message}: ${String(error)}\n`) })
  for (const url of urls) await jars.cookieField(jar, { url })
  const means: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now()
    for (const url of urls) await jars.cookieField(jar, { url })
    means.push(((performance.now() - begun) * 1000) / urls.length)
  }
  await jars.stop()
  return spread(means)
}

export const bench: Bench = {
  name: 'jar-lookup',
  rows: [
    {
      id: 'lookup',
      work: 'the Cookie field for a URL out of a jar of 10,000 cookies, in the jar thread',
      target: 'at most 0.2 ms',
      limits:
        'Cookies are found by their domain; what is left is paths, order and the text. A call from the main thread adds the way between threads.',
    },
  ],
  run,
}
