/** Dates of cookies (RFC 6265 section 5.1.1): whatever the order and the separators. */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const separators = /[\t\u0020-\u002f\u003b-\u0040\u005b-\u0060\u007b-\u007e]+/
const timePattern = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/
const dayPattern = /^(\d{1,2})(?!\d)/
const yearPattern = /^(\d{2}|\d{4})(?!\d)/

/** Unix ms; null for what is no date. */
export function cookieDate(text: string): number | null {
  let time: number[] | null = null
  let day: number | null = null
  let month: number | null = null
  let year: number | null = null
  for (const token of text.split(separators)) {
    const [, ...found] = timePattern.exec(token) ?? []
    if (time === null && found.length > 0) time = found.map(Number)
    else if (day === null && dayPattern.test(token)) day = Number.parseInt(token, 10)
    else if (month === null && months.includes(token.slice(0, 3).toLowerCase())) month = months.indexOf(token.slice(0, 3).toLowerCase())
    else if (year === null && yearPattern.test(token)) year = fullYear(Number.parseInt(token, 10))
  }
  if (time === null || day === null || month === null || year === null) return null
  const [hour = 0, minute = 0, second = 0] = time
  if (day < 1 || day > 31 || year < 1601 || hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(Date.UTC(year, month, day, hour, minute, second))
  return date.getUTCDate() === day ? date.getTime() : null
}

const fullYear = (year: number): number => {
  if (year >= 100) return year
  return year < 70 ? 2000 + year : 1900 + year
}
