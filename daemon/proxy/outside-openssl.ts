/**
 * Later, out of the handshake that has just been told to be over. Node tells it from inside of OpenSSL's SSL_read, and what is queued then
 * (promises, next ticks) runs there as well: a socket that is destroyed there is freed under OpenSSL's hands, and the process dies.
 */
export function outsideOpenSsl(work: () => void): void {
  setImmediate(work)
}
