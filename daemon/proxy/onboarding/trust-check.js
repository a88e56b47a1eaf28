/** Tells whether this browser trusts the CA, and opens the steps for the system it runs on. */
const check = document.getElementById('check')
const verdict = document.getElementById('verdict')

const refused =
  check.dataset.way === 'proxy'
    ? 'Not yet: this browser does not trust the certificate, or its HTTPS does not go through this proxy.'
    : 'Not yet: this browser does not trust the certificate.'

function tell(state, text) {
  check.dataset.state = state
  verdict.textContent = text
}

async function look() {
  try {
    await fetch(check.dataset.url, { cache: 'no-store', credentials: 'omit' })
    tell('trusted', 'Yes. HTTPS that passes through this proxy can be shown.')
  } catch {
    tell('untrusted', refused)
  }
}

/** The first that fits: an iPad calls itself a Macintosh, and a phone a Linux machine or a Mac. */
const systems = [
  ['ios', /iPhone|iPad/],
  ['android', /Android/],
  ['windows', /Windows/],
  ['macos', /Macintosh/],
  ['debian', /Linux/],
]

function openSteps() {
  const agent = navigator.userAgent
  const system = systems.find(([, pattern]) => pattern.test(agent))?.[0]
  const isTouchMac = system === 'macos' && navigator.maxTouchPoints > 1
  const browser = agent.includes('Firefox') ? 'firefox' : system === 'debian' ? 'chrome' : null
  for (const id of [isTouchMac ? 'ios' : system, browser]) document.getElementById(id ?? '')?.setAttribute('open', '')
}

tell('checking', 'Looking…')
openSteps()
look()
// Whoever comes back from the settings wants to know.
addEventListener('focus', look)
