/** What is secret at each level of redaction. */
import type { RedactionRules } from './redactor.ts'

export const redactionLevels = ['off', 'standard', 'strict'] as const
export type RedactionLevel = (typeof redactionLevels)[number]

/** Credentials. Names of keys are compared without case, `-`, `_` and `.`. */
export const standardRules: RedactionRules = {
  headers: [
    'authorization',
    'proxy-authorization',
    '*-authorization',
    '*api-key',
    '*apikey',
    '*-token',
    '*-secret',
    '*-signature',
    'x-amz-security-token',
    'x-csrf*',
    'x-xsrf*',
    'sec-websocket-key',
    'cookie2',
  ],
  cookies: ['*'],
  query: ['code'],
  keys: [
    '*password',
    'passwd',
    'pass',
    'pwd',
    'passphrase',
    'passcode',
    'pin',
    'otp',
    '*secret',
    '*token',
    '*apikey',
    '*accesskey',
    '*secretkey',
    '*privatekey',
    '*signingkey',
    '*accesskeyid',
    'authorization',
    'auth',
    'credential',
    'credentials',
    '*signature',
    'sig',
    'jwt',
    'assertion',
    'clientassertion',
    'codeverifier',
    'session',
    'sessionid',
    'sessionkey',
    'sid',
    'phpsessid',
    'jsessionid',
    'csrf',
    'xsrf',
    'cardnumber',
    'cvv',
    'cvc',
  ],
  tokens: true,
}

/** Beyond credentials: every value in queries, forms and JSON, all fields but those that say nothing of a user, bodies of other types. */
export const strictRules: RedactionRules = { harmlessHeadersOnly: true, query: ['*'], form: ['*'], keys: ['*'], otherBodies: 'leave out' }
