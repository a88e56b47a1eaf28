/** Where standard redaction finds secrets, and that everything around them stays as it is written. */
import { describe, expect, it } from 'vitest'
import type { Headers } from '../../sdk/model.ts'
import { standardRules } from '../../sdk/redaction/levels.ts'
import { pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { Redactor } from '../../sdk/redaction/redactor.ts'

const name = pseudonyms(Buffer.alloc(32, 1))
const redactor = new Redactor(standardRules, name)
const secret = 'hunter2-hunter2'
const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'
const form = 'application/x-www-form-urlencoded'
const bodyOf = (text: string, type: string) => redactor.body(Buffer.from(text), [['Content-Type', type]])?.toString() ?? null

/** Each with its secret, and what is hidden of that. */
const urls: [place: string, url: (secret: string) => string, hidden?: string][] = [
  ['a parameter of the path', (value) => `https://h/app;v=1;jsessionid=${value}/x;y?z=1`],
  ['a parameter of the path before a query', (value) => `https://h/app;jsessionid=${value}?q=1#a`],
  ['a parameter of the path before a fragment', (value) => `https://h/app;jsessionid=${value}#a`],
  ['brackets', (value) => `https://h/?user[password]=${value}&token%5B0%5D=${value}&a[b]=1`],
  ['a parameter behind a semicolon', (value) => `https://h/?a=1;b;token=${value}`],
  ['a URL in a parameter', (value) => `https://h/?next=https://x/y?access_token=${value}&b=1`],
  ['a URL in a parameter, encoded', (value) => `https://h/?next=${encodeURIComponent(`https://x/y?a=1&access_token=${value}#z`)}&b=1`],
  ['a path in a parameter, encoded', (value) => `https://h/?next=${encodeURIComponent(`/y?token=${value}`)}`],
  ['a user in a URL in a parameter', (value) => `https://h/?next=${encodeURIComponent(`https://${value}@x/`)}`],
  ['parameters in a parameter', (value) => `https://h/#state=${encodeURIComponent(`a=1&token=${value}`)}`],
  [
    'URLs in each other',
    (value) => `https://h/?a=${encodeURIComponent(`https://x/?b=${encodeURIComponent(`https://y/?token=${value}`)}`)}`,
  ],
  ['JSON in a parameter', (value) => `https://h/?q=${encodeURIComponent(`{"a":[1.0,{"token":"${value}"}]}`)}`],
]

const fields: [place: string, fields: (secret: string) => Headers][] = [
  ['Link', (value) => [['Link', `<https://x/?a=1&access_token=${value}>; rel="next", <https://y/?b=1>; rel=prev`]]],
  ['Refresh', (value) => [['Refresh', `5; url=https://x/?token=${value}`]]],
  ['other fields with URLs', (value) => [['X-Original-URL', `/a?b=1&token=${value}`]]],
  ...['Token', 'X-AuthToken', 'X-Session-Id', 'SessionID', 'X-Auth-Token'].map((field): (typeof fields)[number] => [
    field,
    (value) => [[field, value]],
  ]),
  ['cookies without names', (value) => [['Set-Cookie', `${value}; Path=/; HttpOnly`]]],
  ['cookies without names, sent', (value) => [['Cookie', `${value}; a="${value}"; =${value}; `]]],
]

const part = (head: string, content: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
const bodies: [place: string, type: string, body: (secret: string) => string, secret?: string][] = [
  ['a form with brackets', form, (value) => `a=1&user[password]=${value}&user%5Bpin%5D=${value}&user[name]=x`],
  ['JSON in a form', form, (value) => `payload=${encodeURIComponent(`{"token":"${value}"}`)}&a=1`],
  ['a URL in a form', form, (value) => `next=${encodeURIComponent(`https://x/?a=1&token=${value}`)}`],
  ['JSON that says to be a form', form, (value) => `{"password":"${value}","a":1.0}`],
  [
    'JSON in a text of JSON',
    'application/json',
    (value) => JSON.stringify({ a: 1, b: JSON.stringify({ c: JSON.stringify([{ token: value }]) }) }),
  ],
  ['JSON in a text of JSON with other escapes', 'application/json', (value) => `{"b":"{\\"token\\":\\"${value}\\"}"}`],
  ['JSON that was cut', 'text/plain', (value) => `{"a":1,"password":"${value}","x":`],
  ['a sequence of JSON', 'application/json-seq', (value) => `\x1e{"password":"${value}"}\n\x1e{"a":1}\n`],
  ['an event', 'text/event-stream', (value) => `id: 1\ndata: {"token":"${value}"}\n\ndata:{"a":1}\n\n`],
  [
    'an event over lines',
    'text/event-stream',
    (value) => `data: {\r\ndata: "token":"${value}"\r\nevent: x\r\ndata: }\r\n\r\ndata: a\r\n\r\n`,
  ],
  ['an event over lines that are no JSON together', 'text/event-stream', (value) => `data: a\ndata: {"token":"${value}"}\n\n`],
  ['parts', 'multipart/form-data; boundary=b', (value) => `${part('name="a"', '1')}${part('name="user[password]"', value)}--b--\r\n`],
  ['parts with JSON', 'multipart/form-data; boundary=b', (value) => `${part('name="a"', `{"token":"${value}"}`)}--b--\r\n`],
  ['parts that were cut', 'multipart/form-data; boundary=b', (value) => `${part('name="a"', '1')}${part('name=token', value).trim()}`],
  [
    'a part with several keys',
    'multipart/form-data; boundary=b',
    (value) => `${part('filename="k.pem"; name="credentials"', value)}${part('name="a"', '--')}--b--\r\n`,
    '-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n-----BEGIN PRIVATE KEY-----\r\nMIIE\r\n-----END PRIVATE KEY-----',
  ],
  ['CDATA with any character', 'text/xml', (value) => `<a><token><![CDATA[${value}]]></token><b>1</b></a>`, 'a<b>c[d]e-12345'],
  ['text with a >', 'text/xml', (value) => `<a><token x=">">${value}</token><b>1</b></a>`, 'a>b-12345678'],
  ['text before a comment', 'text/xml', (value) => `<a><token>\n ${value} <!-- <b>one</b> --></token><b>1</b></a>`],
  ['elements below one', 'text/xml', (value) => `<a><x:credentials y="1"><id/><z>${value}</z></x:credentials><b>1</b></a>`],
]

describe('a secret is found in', () => {
  it.each(urls)('%s', (_, url) => {
    expect(redactor.url(url(secret))).toBe(url(name(secret)))
    expect(redactor.fields([['Location', url(secret)]])).toEqual([['Location', url(name(secret))]])
  })

  it.each(fields)('%s', (_, write) => {
    expect(redactor.fields(write(secret))).toEqual(write(name(secret)))
  })

  it.each(bodies)('%s', (_, type, body, value = secret) => {
    expect(bodyOf(body(value), type)).toBe(body(name(value)))
  })

  it('web tokens wherever they stand', () => {
    expect(redactor.text(`${jwt} x${jwt}`)).toBe(`${name(jwt)} x${jwt}`)
    const key = `AIza${'Sy-3_'.repeat(7)}`
    expect(redactor.url(`https://h/?key=${key}&x=${key}1`)).toBe(`https://h/?key=${name(key)}&x=${key}1`)
    expect(redactor.url('https://h/?key=username')).toBe('https://h/?key=username')
    expect(redactor.text(`x-${jwt}, (${jwt}) eyJ-x.y eyJab.c.d ${jwt}`)).toBe(
      `x-${name(jwt)}, (${name(jwt)}) eyJ-x.y eyJab.c.d ${name(jwt)}`,
    )
  })
})

it('what holds none stays as it is', () => {
  for (const url of [
    'https://h/?a=%zz%7B&b={&c==;;=&=&?=#=',
    'https://h/a;b=c?next=https%3a%2f%2fx%2f%3fa=1&q=%7b%7D+x',
    'https://h/?a[b]=1',
  ])
    expect(redactor.url(url)).toBe(url)
})

it('parts that cannot be told from each other are left out', () => {
  const body = `${part('name="password"', secret)}--b--\r\n`
  expect(bodyOf(body, 'multipart/form-data')).toBeNull()
  expect(bodyOf(body, 'multipart/form-data; boundary=other')).toBeNull()
})

/** Of what would take minutes if it took the square of its length. */
describe('in no more time than their length takes', () => {
  const size = 100_000
  it.each([
    ['a query without =', 'a'.repeat(size)],
    ['semicolons', 'a=1;'.repeat(size)],
    ['question marks', '?'.repeat(size)],
    ['equals signs', '='.repeat(size)],
    ['beginnings of web tokens', 'eyJ-'.repeat(size)],
    ['parts of web tokens', 'eyJ-aaaaaaaa.'.repeat(size).replaceAll('.', '_.')],
    ['URLs in each other', '?a=http://x/'.repeat(size / 10)],
    ['brackets', `${'a['.repeat(size)}=1`],
  ])('URLs of %s', (_, query) => {
    expect(redactor.url(`http://h/?${query}`).length).toBeGreaterThan(0)
    expect(
      redactor.fields([
        ['Referer', `/?${query}`],
        ['X-Any', `/?${query}`],
      ]).length,
    ).toBe(2)
  })

  it.each([
    ['JSON that says to be a form', form, `{${'"a":1,'.repeat(size)}`],
    ['a form of percent signs', form, `a=${'%25'.repeat(size)}`],
    ['heads of parts', 'multipart/form-data; boundary=b', 'name=a\r\n\r\n'.repeat(size)],
    ['parts without heads', 'multipart/form-data; boundary=b', '--b\r\n'.repeat(size)],
    ['small parts', 'multipart/form-data; boundary=b', part('name=a', 'b').repeat(size / 10)],
    ['lines of events', 'text/event-stream', 'data: {\n'.repeat(size)],
    ['beginnings of elements', 'text/xml', '<token '.repeat(size)],
    ['open elements', 'text/xml', '<a>'.repeat(size) + '</b>'.repeat(size)],
    ['quotes in tags', 'text/xml', `<a ${'x="'.repeat(size)}<b ${"'".repeat(size)}>`],
    ['asides', 'text/xml', '<!--'.repeat(size) + '<![CDATA['.repeat(size)],
    ['web tokens', 'text/plain', 'eyJ-'.repeat(size)],
  ])('bodies of %s', (_, type, body) => {
    expect(redactor.body(Buffer.from(body), [['Content-Type', type]])).toSatisfy((after) => after === null || after.length > 0)
  })

  it('cookies of spaces', () => {
    expect(redactor.fields([['Cookie', `a=b${' '.repeat(size)}b`]])).toEqual([['Cookie', expect.stringMatching(/^a=redacted-/)]])
  })
})
