/** Which of curl's options take a value (its manual, version 8). */

const long = `abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at cookie cookie-jar
create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers
doh-url dump-header ech egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account ftp-alternative-to-user ftp-method ftp-port
ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt
keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time netrc-file
noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert
proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers
proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry
retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time stderr
telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file url
url-query user user-agent variable vlan-priority write-out`

const valued = new Set(long.split(/\s+/))

/** Letters of options, and their long names where those mean something to a request. */
const letters: { readonly [letter: string]: string } = {
  0: 'http1.0',
  A: 'user-agent',
  b: 'cookie',
  d: 'data',
  e: 'referer',
  F: 'form',
  G: 'get',
  H: 'header',
  I: 'head',
  r: 'range',
  T: 'upload-file',
  u: 'user',
  X: 'request',
}
const valuedLetters = new Set('AbcCdDeEFHKmoPQrtTuUwxXyYz')

export interface CurlOption {
  /** Long name; '' for a word that is no option: an URL. */
  name: string
  value: string
}

/** The words of a command after `curl`. */
export function* curlOptions(words: readonly string[]): Generator<CurlOption> {
  let onlyUrls = false
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string
    if (onlyUrls || !/^-./s.test(word)) yield { name: '', value: word }
    else if (word === '--') onlyUrls = true
    else if (word.startsWith('--')) {
      const name = word.slice(2)
      yield { name, value: valued.has(name) ? (words[++index] ?? '') : '' }
    } else {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at] as string
        const name = letter === ':' ? 'next' : (letters[letter] ?? letter)
        const takes = valuedLetters.has(letter)
        yield { name, value: takes ? word.slice(at + 1) || (words[++index] ?? '') : '' }
        if (takes) break
      }
    }
  }
}
