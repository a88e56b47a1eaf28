/** How each system, browser and runtime is told to trust the CA. `code` stands between backticks. */

export interface Steps {
  /** Also what the page's script matches the browser with. */
  id: string
  title: string
  steps: string[]
}

export interface Group {
  title: string
  items: Steps[]
}

/** @param site where this page's files are, `http://host:port` */
export function trustSteps(site: string, needsPassword: boolean): Group[] {
  const login = needsPassword ? '-u USERNAME ' : ''
  const fetched = (file: string) => `curl ${login}-o ${file} ${site}/ca.pem`
  return [
    { title: 'Systems', items: systems(fetched) },
    { title: 'Browsers', items: browsers(fetched) },
    { title: 'Programs and containers', items: programs(fetched, site) },
  ]
}

const systems = (fetched: (file: string) => string): Steps[] => [
  {
    id: 'windows',
    title: 'Windows',
    steps: [
      'Download the certificate as .crt and open it.',
      'Install Certificate, Current User, Place all certificates in the following store: Trusted Root Certification Authorities.',
      'Or in a terminal: `certutil -user -addstore Root weir-ca.crt`',
    ],
  },
  {
    id: 'macos',
    title: 'macOS',
    steps: [
      'Download the certificate as .crt and open it: it is added to your login keychain.',
      'In Keychain Access open it, and under Trust choose Always Trust.',
      'Or in a terminal: `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db weir-ca.pem`',
    ],
  },
  {
    id: 'debian',
    title: 'Linux: Debian, Ubuntu',
    steps: [`\`sudo ${fetched('/usr/local/share/ca-certificates/weir.crt')}\``, '`sudo update-ca-certificates`'],
  },
  {
    id: 'fedora',
    title: 'Linux: Fedora, RHEL, SUSE',
    steps: [
      `\`sudo ${fetched('/etc/pki/ca-trust/source/anchors/weir.pem')}\``,
      '`sudo update-ca-trust`',
      'On SUSE the folder is `/etc/pki/trust/anchors` and the command `update-ca-certificates`.',
    ],
  },
  {
    id: 'arch',
    title: 'Linux: Arch',
    steps: [`\`sudo ${fetched('/etc/ca-certificates/trust-source/anchors/weir.crt')}\``, '`sudo update-ca-trust`'],
  },
  {
    id: 'ios',
    title: 'iPhone, iPad',
    steps: [
      'Open this page in Safari, download the iOS profile and allow it.',
      'Settings, General, VPN & Device Management: install the profile.',
      'Settings, General, About, Certificate Trust Settings: switch it on. Without this step nothing trusts it.',
    ],
  },
  {
    id: 'android',
    title: 'Android',
    steps: [
      'Download the certificate as .crt.',
      'Settings, Security, Encryption & credentials, Install a certificate, CA certificate: choose the file. Names differ a little between makers.',
      'Browsers trust it now. Other apps do only if they say so in their network security configuration, as debug builds can.',
    ],
  },
]

const browsers = (fetched: (file: string) => string): Steps[] => [
  {
    id: 'chrome',
    title: 'Chrome, Chromium, Edge',
    steps: [
      'On Windows, macOS and Android they trust what the system trusts: follow its steps, then restart the browser.',
      `On Linux: \`${fetched('weir-ca.pem')}\``,
      '`certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n weir -i weir-ca.pem` (package libnss3-tools, nss-tools or nss)',
    ],
  },
  {
    id: 'firefox',
    title: 'Firefox',
    steps: [
      'Open the certificate as .crt in Firefox and choose Trust this CA to identify websites.',
      'Or: Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import.',
    ],
  },
]

const programs = (fetched: (file: string) => string, site: string): Steps[] => [
  {
    id: 'curl',
    title: 'curl',
    steps: [`\`${fetched('weir-ca.pem')}\``, `\`curl --proxy ${site} --cacert weir-ca.pem https://example.com/\``],
  },
  { id: 'git', title: 'git', steps: [`\`git -c http.proxy=${site} -c http.sslCAInfo=weir-ca.pem clone https://...\``] },
  {
    id: 'node',
    title: 'Node.js',
    steps: [
      '`NODE_EXTRA_CA_CERTS=weir-ca.pem node app.js`',
      `Node 24 goes through the proxy with \`NODE_USE_ENV_PROXY=1 HTTP_PROXY=${site} HTTPS_PROXY=${site}\`.`,
    ],
  },
  {
    id: 'python',
    title: 'Python',
    steps: [
      'requests, httpx and urllib: `SSL_CERT_FILE=weir-ca.pem REQUESTS_CA_BUNDLE=weir-ca.pem python app.py`',
      `with \`HTTP_PROXY=${site} HTTPS_PROXY=${site}\`.`,
    ],
  },
  {
    id: 'java',
    title: 'Java',
    steps: [
      '`keytool -importcert -cacerts -storepass changeit -noprompt -alias weir -file weir-ca.pem`',
      'Remove it again: `keytool -delete -cacerts -storepass changeit -alias weir`',
    ],
  },
  {
    id: 'docker',
    title: 'Docker',
    steps: [
      'In a Dockerfile of Debian or Ubuntu: `COPY weir-ca.pem /usr/local/share/ca-certificates/weir.crt` and `RUN update-ca-certificates`.',
      'Beside it for Node and Python: `ENV NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/weir.crt REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt`.',
      'Without building: `docker run -v "$PWD/weir-ca.pem:/weir-ca.pem:ro" -e SSL_CERT_FILE=/weir-ca.pem -e HTTPS_PROXY=... IMAGE`',
    ],
  },
]
