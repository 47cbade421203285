const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** Reads how long a command is to run: `30s`, `10m`, `2h`; undefined when the text is no such time. */
export function durationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  return digits && unit && Number(digits) > 0 ? Number(digits) * UNITS_MS[unit]! : undefined
}

/** 65 000 → `1:05`. */
export function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
