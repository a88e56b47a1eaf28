/** What the proxy thread answers (over a ThreadLink), and what it says by itself. */
import type { MessagePort } from 'node:worker_threads'
import type { ProxySettings, TlsSettings } from '../../sdk/protocol.ts'

export interface CaInfo {
  certificate: string
  path: string
  subject: string
  validTo: number
  fingerprint256: string
}

/** Limits of weir's own behaviour; they never cut what is forwarded. */
export interface ProxyLimits {
  /** Concurrent client connections of one listener. */
  connections: number
  /** CONNECT head and handshakes, ms. */
  handshakeMs: number
  /** Connecting to an origin, ms. */
  connectMs: number
}

export type ProxySurface = {
  /** Loads or makes the CA of this home (`ca.pem`, `ca-key.pem` 0600). First call of the thread. */
  configure(params: {
    home: string
    limits: ProxyLimits
    /** Extra roots for every origin, PEM. */
    extraCa: string
    /** Upstream proxies from the daemon's environment apply; the daemon's own have been dropped. */
    environment: { [name: string]: string }
    /** TCP ports of the daemon beside its proxy listeners; no destination may be one of them. */
    ownPorts: number[]
  }): Promise<CaInfo>
  /** The port over which batches go to the recorder and credits come back; replaces an earlier one (its recorder died). */
  attachRecorder(params: { port: MessagePort }): Promise<void>
  /** 1002 portInUse when the port is taken. */
  listen(params: { session: number; proxy: ProxySettings; tls: TlsSettings }): Promise<{ host: string; port: number }>
  /** -32602 invalidCertificate when a session could not have them. */
  checkTls(params: { tls: TlsSettings }): Promise<void>
  /** From the next connection on. */
  setTls(params: { session: number; tls: TlsSettings }): Promise<void>
  /** Closes the listener, keeps its connections, then puts the listenerClosed record into the batch and sends it. */
  closeListener(params: { session: number }): Promise<void>
  /** Destroys what is left of the session's connections, then puts the sessionClosed record into the batch and sends it. */
  closeSession(params: { session: number }): Promise<void>
  status(params: Record<never, never>): Promise<{ connections: number }>
}

export type ProxyEvents = {
  log(params: { level: 'info' | 'warn' | 'error'; message: string; [more: string]: unknown }): void
}
