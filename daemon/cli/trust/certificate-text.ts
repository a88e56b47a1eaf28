/** Certificates in PEM text, compared by what they say and not by how they are written. */

const blocks = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g

/** Base64 of each, without line breaks. */
const certificatesIn = (pem: string): string[] => [...pem.matchAll(blocks)].map(([, body = '']) => body.replace(/\s+/g, ''))

/** Whether the text holds the certificate, whatever else it holds. */
export const holds = (text: string, certificate: string): boolean => certificatesIn(text).includes(certificatesIn(certificate)[0] ?? '')
