/** Go's net/http, as a program with a block for each request. */
import { isUtf8 } from 'node:buffer'
import type { Request } from '../../../sdk/model.ts'
import { repeatableFields, token } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { callableUrl } from '../replay/url.ts'
import { caption } from '../text/caption.ts'
import { bytesLiteral, literal } from './literals.ts'

export const go: Script = {
  head: `package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func newRequest(method, url, body string) *http.Request {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	return request
}

func send(request *http.Request) {
	response, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(response.StatusCode, string(body))
}

func main() {
`,
  request(exchange, body) {
    const lines = block(exchange.request, body)
    return lines === null ? null : `\t// ${caption(exchange)}\n\t{\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
  },
  tail: '}\n',
}

/** null: Go cannot make this request. */
function block({ method, url, headers }: Request, body: Buffer): string[] | null {
  const target = callableUrl(url)
  if (target === null || !token.test(method)) return null
  const content = isUtf8(body) ? literal(body.toString('utf8')) : bytesLiteral(body)
  return [
    `request := newRequest(${literal(method)}, ${literal(target)}, ${content})`,
    ...repeatableFields(headers).map(([name, value]) => `request.Header.Add(${literal(name)}, ${fieldLiteral(value)})`),
    'send(request)',
  ]
}

/** A Go string is bytes; a field's are one character each. */
const fieldLiteral = (value: string): string => (/^[\t -~]*$/.test(value) ? literal(value) : bytesLiteral(Buffer.from(value, 'latin1')))
