/** The onboarding page: one document, its style and script from here, nothing from anywhere else. */
import { escaped } from '../own-pages.ts'
import { lanAddress } from './lan-address.ts'
import type { OnboardingRequest } from './onboarding.ts'
import { qrCode } from './qr-code.ts'
import { type Group, type Steps, trustSteps } from './trust-steps.ts'

export interface Page {
  html: string
  /** Its Content-Security-Policy. */
  policy: string
}

export function page(request: OnboardingRequest): Page {
  const { proxy, ca, isThroughProxy } = request
  const site = `http://${proxy}`
  const check = isThroughProxy ? 'https://weir/trusted' : `https://${proxy}/trusted`
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>weir</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<header>
<h1>weir</h1>
<p>This proxy records the HTTP and HTTPS traffic that passes through it. To show what is inside HTTPS, your device has to trust the certificate of this one installation.</p>
</header>
<main>
<section id="check" data-url="${escaped(check)}" data-way="${isThroughProxy ? 'proxy' : 'direct'}">
<h2>Does this browser trust it?</h2>
<p id="verdict" role="status">Switch scripts on to find out, or open <a href="${escaped(check)}">this address</a>: without a warning, it does.</p>
</section>
<section>
<h2>1. Get the certificate</h2>
<ul class="downloads">
${downloads.map(([file, name, hint]) => `<li><a href="/${file}"><strong>${name}</strong><span>${hint}</span></a></li>`).join('\n')}
</ul>
<dl>
<dt>Name</dt><dd>${escaped(ca.subject.replace(/^CN=/, ''))}</dd>
<dt>Valid until</dt><dd>${new Date(ca.validTo).toISOString().slice(0, 10)}</dd>
<dt>SHA-256</dt><dd><code class="fingerprint">${escaped(ca.fingerprint256)}</code></dd>
</dl>
<p class="note">Compare the fingerprint with what <code>weir ca</code> prints before you trust it, and remove the certificate when you are done.</p>
</section>
<section>
<h2>2. Trust it</h2>
<p>On the machine that weir runs on, <code>weir ca install</code> does this, and <code>weir ca uninstall</code> takes it back.</p>
${trustSteps(site, request.needsPassword).map(group).join('\n')}
</section>
<section>
<h2>3. Go through the proxy</h2>
<dl>
<dt>Proxy</dt><dd><code>${escaped(proxy)}</code> for HTTP and HTTPS</dd>
<dt>Automatic</dt><dd><a href="/proxy.pac"><code>${escaped(`${site}/proxy.pac`)}</code></a></dd>
</dl>
${request.needsPassword ? '<p class="note">It asks for the username and password that its session was started with.</p>' : ''}
</section>
${phone(request)}
</main>
</body>
</html>
`
  return { html, policy: policyFor(check) }
}

const downloads = [
  ['ca.crt', '.crt', 'Windows, macOS, Android, Firefox'],
  ['ca.mobileconfig', 'iOS profile', 'iPhone, iPad'],
  ['ca.pem', '.pem', 'Linux, programs'],
  ['ca.cer', '.cer', 'the same as .crt'],
] as const

/** An address of IPv6 cannot stand in a policy (CSP 3, section 2.3.1). */
function policyFor(check: string): string {
  const { hostname, origin } = new URL(check)
  const reachable = hostname.startsWith('[') ? 'https:' : origin
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    'img-src data:',
    `connect-src ${reachable}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const group = ({ title, items }: Group): string => `<h3>${escaped(title)}</h3>\n${items.map(entry).join('\n')}`

const entry = ({ id, title, steps }: Steps): string =>
  `<details id="${id}"><summary>${escaped(title)}</summary><ol>${steps.map((step) => `<li>${marked(step)}</li>`).join('')}</ol></details>`

/** Escaped, with code between backticks as code. */
const marked = (text: string): string =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? escaped(part) : `<code>${escaped(part)}</code>`))
    .join('')

function phone({ proxy, isBeyondLoopback }: OnboardingRequest): string {
  const address = lanAddress(proxy, isBeyondLoopback)
  const url = `http://${address}/`
  const shown =
    address === null
      ? '<p>This session listens on this machine alone. For a phone on the same network, start one that listens beyond it, with a password:</p>\n' +
        `<p><code>${escaped(`weir rpc session/start '{"proxy":{"host":"0.0.0.0","auth":{"username":"me","password":"..."}}}'`)}</code></p>`
      : `<div class="phone">${qrCode(url, escaped(url))}<p>Scan this with a phone on the same network, or open <code>${escaped(url)}</code> there.</p></div>`
  return `<section>\n<h2>Phones</h2>\n${shown}\n</section>`
}
