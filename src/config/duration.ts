/** Units of Go's time.ParseDuration, in seconds: the text form of meta/v1 Duration. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
}

const PART = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y

/** Longer texts say nothing that a timer could use. */
const LONGEST = 64

/**
 * Reads a duration as Go writes it: `90s`, `1m30s`, `1.5h`, `0`.
 *
 * @returns seconds, in whole ones (what is left over is dropped, as MetalLB does); undefined when it is none, or is negative
 */
export function parseDurationSeconds(text: unknown): number | undefined {
  const exact = exactSeconds(text)
  return exact === undefined ? undefined : Math.floor(exact + 1e-9)
}

/** The same where only whole seconds make sense: undefined when something is left over. */
export function parseWholeSeconds(text: unknown): number | undefined {
  const exact = exactSeconds(text)
  const whole = parseDurationSeconds(text)
  return exact !== undefined && whole !== undefined && Math.abs(exact - whole) < 1e-9 ? whole : undefined
}

function exactSeconds(text: unknown): number | undefined {
  if (typeof text !== 'string' || text === '' || text.length > LONGEST) return undefined
  if (text === '0') return 0
  let seconds = 0
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text)
    if (!part) return undefined
    seconds += Number(part[1]) * UNITS[part[2]!]!
  }
  return seconds
}
