/** A QR code (ISO/IEC 18004) as an SVG that takes its colours from the page. The one home of the library. */
import { encodeQR } from 'qr'

/** @param text at most some hundred characters @param label what it says to who cannot see it, escaped */
export const qrCode = (text: string, label: string): string =>
  encodeQR(text, 'svg', { ecc: 'medium', border: 4 }).replace('<svg ', `<svg class="qr" role="img" aria-label="${label}" `)
