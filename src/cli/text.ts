/** `12 s`, `5 min`, `3 h`, `8 d`: how long ago a time was; `?` for what is no time. */
export function ageText(since: string | undefined, now: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(since ?? '')) / 1_000))
  if (Number.isNaN(seconds)) return '?'
  if (seconds < 120) return `${seconds} s`
  if (seconds < 2 * 3_600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** `3 Services`, `1 Service`. */
export function counted(number: number | bigint, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 || number === 1n ? one : many}`
}
