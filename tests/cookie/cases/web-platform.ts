/**
 * The tables of web-platform-tests (github.com/web-platform-tests/wpt, cookies/) for attributes, domains, paths, prefixes, sizes and SameSite:
 * what a page of https://web-platform.test is set, by its origin or by a script, and what goes with the next request.
 */
export type PlatformCase = readonly [set: string | readonly string[], sent: string, to?: string]

export interface PlatformTable {
  /** Below cookies/. */
  file: string
  /** What sets. */
  from: string
  /** Where it is sent to; a case may say otherwise. */
  to: string
  by?: 'script'
  cases: readonly PlatformCase[]
}

export const host = 'web-platform.test'
const www = `www.${host}`
const clear = `http://${host}`
const secure = `https://${host}`
const setter = '/cookies/resources/cookie.py'
const echo = '/cookies/resources/echo-cookie.html'
const page = '/cookies/attributes/path.html'
const redirected = (file: string) => `/cookies/attributes/resources/${file}`

const controls = Array.from({ length: 32 }, (_, code) => code).concat(127)
const aControl = (code: number): PlatformCase[] => {
  const control = String.fromCharCode(code)
  const fields = [
    `test=t; Domain=test${control}.co; Domain=${host};`,
    `test=t; Domain=${host}${control};`,
    `test=t; Path=/te${control}st; Path=/cookies/attributes`,
    `test=t; Path=/cookies/attributes${control};`,
    `test=t; Max-Age=10${control}00; Max-Age=1000;`,
    `test=t; Max-Age=1000${control};`,
    `test=t; Expires=Fri, 01 Jan 20${control}38 00:00:00 GMT; Expires=Fri, 01 Jan 2038 00:00:00 GMT;`,
    `test=t; Expires=Fri, 01 Jan 2038 00:00:00 GMT${control};`,
    `test=t; Sec${control}ure;`,
    `test=t; Secure${control};`,
    `test=t; Http${control}Only;`,
    `test=t; SameSite=La${control}x; SameSite=Lax;`,
    `test=t; SameSite=Lax${control};`,
  ]
  return fields.map((field) => [field, code === 9 ? 'test=t' : ''])
}

/**
 * Where we answer otherwise, and why. Of control characters RFC 6265bis takes a tab anywhere; Chromium (156) takes it only where it surrounds what is
 * said, and a file of lines and tabs could not hold it.
 */
export const platformDifferences: ReadonlyMap<string | readonly string[], string> = new Map(
  aControl(9).flatMap(([field]) => (/\w\t[\w.]/.test(String(field)) ? [[field, '']] : [])),
)

const attributes: PlatformTable[] = [
  {
    file: 'attributes/path.html',
    from: `${clear}${setter}`,
    to: page,
    cases: [
      ['test=1; Path', 'test=1', echo],
      ['test=2; Path=', 'test=2', echo],
      ['test=3; Path=/', 'test=3'],
      ['test=4; Path=/qux', ''],
      ['test=5; Path    =/qux', ''],
      ['test=6; Path=    /qux', ''],
      ['test=7; Path=/qux      ; taz', ''],
      ['test=8; Path=/qux; Path=/', 'test=8', echo],
      ['test=9; Path=/; Path=/qux', ''],
      ['test=10; Path=/lol; Path=/qux', ''],
      [['testA=11; path=/', 'testB=11; path=/cookies/attributes'], 'testB=11; testA=11'],
      [['testB=12; path=/', 'testA=12; path=/cookies/attributes'], 'testA=12; testB=12'],
      [['testA=13; path=/cookies/attributes', 'testB=13; path=/'], 'testA=13; testB=13'],
      [['testB=14; path=/cookies/attributes', 'testA=14; path=/'], 'testB=14; testA=14'],
      ['test=15; path=/cookies/attributes/foo', ''],
      [['test=16', 'test=0; path=/cookies/attributes/foo'], 'test=16', echo],
      ['test=17; path= /', 'test=17', echo],
      ['test=18; path=/cookies/ATTRIBUTES', ''],
      [['testA=19; \tpath\t=\t/cookies/attributes', 'testB=19; \tpath\t=\t/book'], 'testA=19'],
      ['test=20; path=; path=/dog', ''],
      ['test=21; path=/dog; path=', 'test=21', echo],
    ],
  },
  {
    file: 'attributes/path-redirect.html',
    from: `${clear}${setter}`,
    to: redirected('path/one.html'),
    cases: [
      [`test=1; path=${redirected('path.html')}`, 'test=1', redirected('path.html')],
      [`test=2; path=${redirected('path/one.html')}`, 'test=2'],
      [`test=3; path=${redirected('path/')}`, 'test=3'],
      [`test=4; path=${redirected('path/')}`, 'test=4', redirected('path//one.html')],
      [`test=5; path=${redirected('path/one.html')};`, 'test=5'],
      [`test=6; path="${redirected('path/one.html')};"`, ''],
      [`test=7a; path=${redirected('p%61th/three.html')}`, '', redirected('path/three.html')],
      [[`test=8a; path=${redirected('').slice(0, -1)}`, `test=8b; path=${redirected('')}`], 'test=8b; test=8a', redirected('path.html')],
      [`test=9; path=${redirected('path.html')}`, '', redirected('pathfakeout.html')],
      [`test=10; path=${redirected('path/one.html')}`, '', redirected('path.html')],
      [`test=11; path=${redirected('path/one.html')}`, '', redirected('pathfakeout/one.html')],
      [`test=12; path=${redirected('path/one.html')}`, '', redirected('path/two.html')],
      [`test=13; path=${redirected('path/one.html/')}`, '', redirected('path/two.html')],
      [`test=14; path=${redirected('path/')}`, '', redirected('pathfakeout.html')],
      [`test=15; path=${redirected('path/one.html?')}`, ''],
      [`test=16; path=${redirected('path/one.html#')}`, ''],
      [`test=17; path=${redirected('path/one.html/')}`, ''],
    ],
  },
  {
    file: 'attributes/expires.html',
    from: `${clear}${setter}`,
    to: echo,
    cases: [
      ['test=1; Expires=Fri, 01 Jan 2038 00:00:00 GMT', 'test=1'],
      ['test=2; Expires=Fri 01 Jan 2038 00:00:00 GMT, baz=qux', 'test=2'],
      ['test=3; Expires=Fri, 01 Jan 2038 00:00:00 GMT', 'test=3'],
      [['test=expired; Expires=Fri, 07 Aug 2007 08:04:19 GMT', 'test=4; Expires=Fri, 07 Aug 2027 08:04:19 GMT'], 'test=4'],
      ['test=5; expires=Thu, 10 Apr 1980 16:33:12 GMT', ''],
    ],
  },
  {
    file: 'attributes/max-age.html',
    from: `${clear}${setter}`,
    to: echo,
    cases: [
      ['test=1; Max-Age=50,399', 'test=1'],
      ['test=2; max-age=10000', 'test=2'],
      ['test=3; max-age=0', ''],
      ['test=4; max-age=-1', ''],
      ['test=5; max-age=-20', ''],
      [['testA=6; max-age=60', 'testB=6; max-age=60'], 'testA=6; testB=6'],
      [['testA=7; max-age=60', 'testB=7; max-age=60', 'testA=differentvalue; max-age=0'], 'testB=7'],
      [['testA=8; max-age=60', 'testB=8; max-age=60', 'testA=differentvalue; max-age=0', 'testC=8; max-age=0'], 'testB=8'],
      [['test="9! = foo;bar";" parser; max-age=6', 'test9; max-age=2.63,'], 'test="9! = foo; test9'],
      [['test=10; max-age=0', 'test10; max-age=0'], ''],
    ],
  },
  {
    file: 'attributes/invalid.html',
    from: `${clear}${setter}`,
    to: echo,
    cases: [
      ['test=1; lol; Path=/', 'test=1'],
      ['test=2; Path=/; lol', 'test=2'],
      ["test=3; Path=/; 'lol'", 'test=3'],
      ['test=4; Path=/; "lol"', 'test=4'],
      ['test=5; Path=/; lol=', 'test=5'],
      ['test=6; lol="aaa;bbb"; Path=/', 'test=6'],
      ['test=7; Path=/; lol="aaa;bbb"', 'test=7'],
      ['test=8; "Secure"', 'test=8'],
      ['test=9; Secure qux', 'test=9'],
      ['test=10; b,az=qux', 'test=10'],
      ['test=11; baz=q,ux', 'test=11'],
      ['  test  = 12  ;foo;;;   bar', 'test=12'],
      ['  test=== 13  ;foo;;;   bar', 'test=== 13'],
      ['test=14; version=1;', 'test=14'],
      ['test=15; version=1000;', 'test=15'],
      ["test=16; customvalue='1000 or more';", 'test=16'],
      ["test=17; customvalue='1000 or more'", 'test=17'],
      ['test=18; foo=bar, a=b', 'test=18'],
      ['test=19;max-age=3600, c=d;path=/', 'test=19'],
      [['testA=20', '=', 'testb=20'], 'testA=20; testb=20'],
      [['test=21', ''], 'test=21'],
      [['test22', '='], 'test22'],
      [['testA23', '; testB23'], 'testA23'],
      [['test24', '   '], 'test24'],
      [['test25', '\t'], 'test25'],
      ['test=26; domain=.parser.test; ;; ;=; ,,, ===,abc,=; abracadabra! max-age=20;=;;', ''],
    ],
  },
  {
    file: 'attributes/secure.https.html',
    from: `${secure}${setter}`,
    to: echo,
    cases: [
      ['test=1; Secure', 'test=1'],
      ['test=2; seCURe', 'test=2'],
      ['test=3; Secure=', 'test=3'],
      ['test=4; Secure=aaaa', 'test=4'],
      ['test=5; Secure =aaaaa', 'test=5'],
      ['test=6; Secure= aaaaa', 'test=6'],
      ['test=7;                Secure', 'test=7'],
      ['test=8;       Secure     ;', 'test=8'],
      [['testa9a=x; secure; ', '; secure', 'testa9b=y; secure;'], 'testa9a=x; testa9b=y'],
    ],
  },
  {
    file: 'attributes/resources/secure-non-secure-child.html',
    from: `${clear}${setter}`,
    to: echo,
    cases: [
      ['test=1; Secure', ''],
      ['test=2; seCURe', ''],
      ['test=3; Secure=', ''],
      ['test=4; Secure=aaaa', ''],
      ['test=5; Secure =aaaaa', ''],
      ['test=6; Secure= aaaaa', ''],
      ['test=7;                Secure', ''],
      ['test=8;       Secure     ;', ''],
      ['__Secure-test=9; Secure', ''],
      ['__Secure-test=10', ''],
      ['__%53ecure-test=11', '__%53ecure-test=11'],
    ],
  },
  {
    file: 'attributes/attributes-ctl.sub.html',
    from: `${secure}/cookies/attributes/attributes-ctl.sub.html`,
    to: '/cookies/attributes/attributes-ctl.sub.html',
    by: 'script',
    cases: controls.flatMap(aControl),
  },
]

const sizes: PlatformTable[] = [
  {
    file: 'size/attributes.www.sub.html',
    from: `http://${www}${setter}`,
    to: '/cookies/size/attributes.www.sub.html',
    cases: [
      [`test=1; path=/cookies/size; path=/cookies/siz${'e'.repeat(1024)}`, 'test=1'],
      [`test=2; path=/cookies/siz${'e'.repeat(1024)}; path=/cookies/size`, 'test=2'],
      [`test=3; domain=${host}; domain=${'a'.repeat(1024)}.com`, 'test=3', echo],
      [`test=4; domain=${'a'.repeat(1024)}.com; domain=${host}`, 'test=4', echo],
    ],
  },
  {
    file: 'size/name-and-value.html',
    from: `${clear}${setter}`,
    to: echo,
    cases: (
      [
        [2048, 2048, true],
        [4097, 1, false],
        [4096, 0, true],
        [4097, 0, false],
        [1, 4095, true],
        [1, 4096, false],
        [4096, 1, false],
        [0, 4096, true],
        [0, 4097, false],
      ] as const
    ).map(([name, value, taken]) => {
      const pair = `${'t'.repeat(name)}=${'1'.repeat(value)}`
      return [pair, taken ? pair.replace(/^=/, '') : '']
    }),
  },
]

const directory = '/cookies/path/resources'
const target = `${directory}/echo.py`
const probe = `${directory}/probe`
const han = '\u00e4\u00b8\u00ad'

const paths: PlatformTable[] = [
  {
    file: 'path/match.html',
    from: `${clear}/cookies/resources/echo-cookie.html`,
    to: echo,
    cases: ['/', 'match.html', 'cookies', '/cookies', '/cookies/', echo]
      .map((path): PlatformCase => [`a=1; path=${path}`, 'a=1'])
      .concat(['/cook', '/w/'].map((path) => [`a=1; path=${path}`, ''])),
  },
  { file: 'path/default.html', from: `${clear}/cookies/resources/set.py?a=1`, to: echo, cases: [['a=1', 'a=1']] },
  {
    file: 'path/match-segment-boundaries.https.window.js',
    from: `${secure}${setter}`,
    to: target,
    cases: [
      [`a=1; Path=${target}`, 'a=1'],
      [`a=1; Path=${directory}`, 'a=1'],
      [`a=1; Path=${directory}/`, 'a=1'],
      [`a=1; Path=${directory}/echo`, ''],
      [`a=1; Path=${target}/`, ''],
      [`a=1; Path=${target}/sub`, ''],
    ],
  },
  {
    file: 'path/match-percent-encoded.https.window.js',
    from: `${secure}${setter}`,
    to: probe,
    cases: [
      [`a=1; Path=${probe}/zzx`, 'a=1', `${probe}/zzx/probe.html`],
      [`a=1; Path=${probe}/`, 'a=1', `${probe}/zzx/probe.html`],
      [`a=1; Path=${probe}/zz a`, '', `${probe}/zz%20a/probe.html`],
      [`a=1; Path=${probe}/zz%20a`, 'a=1', `${probe}/zz%20a/probe.html`],
      [`a=1; Path=${probe}/zz\u00b8`, '', `${probe}/zz%B8/probe.html`],
      [`a=1; Path=${probe}/zz\u00b8`, '', `${probe}/zz%C2%B8/probe.html`],
      [`a=1; Path=${probe}/zz${han}`, '', `${probe}/zz%E4%B8%AD/probe.html`],
      [`a=1; Path=${probe}/zz${han}`, '', `${probe}/zz%C3%A4%C2%B8%C2%AD/probe.html`],
      [`a=1; Path=${probe}/zz%C2%B8`, 'a=1', `${probe}/zz%C2%B8/probe.html`],
    ],
  },
  {
    file: 'path/non-ascii-path-attribute.https.window.js',
    from: `${secure}${setter}`,
    to: target,
    cases: [
      [`a=1; Path=${directory}/nomatch; Path=${directory}`, 'a=1'],
      [`a=${han}; Path=${directory}`, `a=${han}`],
      [`a=1; Path=${directory}/zz${han}; Path=${directory}`, 'a=1'],
      [`a=1; Path=${directory}; Path=${directory}/zz${han}`, ''],
      [`a=1; Path=${directory}${han}`, ''],
      [`a=1; Path=${directory}/zz${han}`, '', '/cookies/resources/list.py'],
      [`a=1; Path=${directory}/zz\u00b8`, ''],
      [`a=1; Path=${directory}/zz\u00b8`, '', '/cookies/resources/list.py'],
    ],
  },
]

export const platformTables: readonly PlatformTable[] = [...attributes, ...sizes, ...paths]
