/** What the proxy thread answers (over a ThreadLink), and what it says by itself. */
import type { MessagePort } from 'node:worker_threads'
import type { Headers } from '../../sdk/model.ts'
import type { DialSettings, ProxySettings, TlsSettings, UpstreamRule } from '../../sdk/session-settings.ts'

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

/** What a session's listener is started with. All but `proxy` may change while it listens. */
export interface ListenerSettings {
  proxy: ProxySettings
  tls: TlsSettings
  upstream?: UpstreamRule[]
  dial?: DialSettings
  /** What tls.autoBypass has learned before, `host:port`. */
  autoBypassed?: string[]
  /** Absolute path of the file for TLS secrets; absent: they are not written. */
  keyLog?: string
  /** The URL of the one origin that it stands for; absent: it is a proxy. */
  reverse?: string
}

/** In which HTTP a request is sent, or was written down. */
export type SentVersion = '1.0' | '1.1' | '2'

/** A request that weir itself sends: checked, and complete but for what the protocol adds. Texts are bytes as U+0000..00FF. */
export interface OutgoingRequest {
  method: string
  scheme: 'http' | 'https'
  destination: { host: string; port: number }
  /** What Host (:authority) says where no field does. */
  authority: string
  target: string
  headers: Headers
  /** Sent with a chunked body, and over HTTP/2. */
  trailers: Headers
  bodyBytes: number
  /** Those that it may be sent in; the origin chooses (ALPN). */
  versions: readonly SentVersion[]
  /** Whose fields these are: another version gets its own form of them. */
  notation: SentVersion
}

export interface SendParams {
  /** Names it: in ConnectionOpened, in `sendBody`, in `abortSend`. */
  send: number
  session: number
  /** How it gets to the origin; `proxy` says nothing here. */
  settings: ListenerSettings
  request: OutgoingRequest
  /** For all of it, from connecting to the last byte of the response. */
  timeoutMs: number
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
    /** Look up the processes behind local connections. */
    clientProcesses: boolean
    /** TCP ports of the daemon beside its proxy listeners; no destination may be one of them. */
    ownPorts: number[]
  }): Promise<CaInfo>
  /** The port over which batches go to the recorder and credits come back; replaces an earlier one (its recorder died). */
  attachRecorder(params: { port: MessagePort }): Promise<void>
  /** 1002 portInUse when the port is taken. */
  listen(params: { session: number; settings: ListenerSettings; tagDomain?: string }): Promise<{ host: string; port: number }>
  /**
   * From the next connection on (`listen`: from the first) leaf certificates bear `p<client port>.<tagDomain>` as well, each made for its connection alone: so a browser that tells of
   * its certificates tells of its connections. null: they do not.
   */
  tagConnections(params: { session: number; tagDomain: string | null }): Promise<void>
  /** -32602 when a session could not have them: invalidCertificate, invalidClientCertificate, invalidUpstream, invalidHostOverride. */
  checkSettings(params: { settings: ListenerSettings }): Promise<void>
  /** From the next connection on. */
  setSettings(params: { session: number; settings: ListenerSettings }): Promise<void>
  /** Closes the listener, keeps its connections, then puts the listenerClosed record into the batch and sends it. */
  closeListener(params: { session: number }): Promise<void>
  /** Destroys what is left of the session's connections, then puts the sessionClosed record into the batch and sends it. */
  closeSession(params: { session: number }): Promise<void>
  /**
   * Sends a request over a connection of its own and reads the response. Resolves when it has ended, whichever way: its record says how. Rejects with
   * what `sendBody` rejects with, or -32602 as checkSettings does.
   */
  send(params: SendParams): Promise<void>
  /** As a client that goes away. */
  abortSend(params: { send: number }): void
  /** Sends the recorder what has passed, whatever the age of the batch. */
  flush(params: Record<never, never>): Promise<void>
  status(params: Record<never, never>): Promise<{ connections: number }>
}

export type ProxyEvents = {
  /** Asked for: the bytes of a request's body from there on, some of them at least. */
  sendBody(params: { send: number; offset: number }): Promise<Uint8Array>
  /** A client of that host (`host:port`) rejected the CA, and tls.autoBypass is on. */
  autoBypassed(params: { session: number; host: string }): void
  log(params: { level: 'info' | 'warn' | 'error'; message: string; [more: string]: unknown }): void
}
