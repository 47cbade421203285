/** What a text may look like: puts it in colour, or leaves it as it is. */
export interface Style {
  /** columns after which sentences go on in the next line; tables and paths do not */
  readonly width: number
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly yellow: Paint
  readonly green: Paint
  readonly cyan: Paint
}

export type Paint = (text: string) => string

/** ECMA-48 §8.3.117 SGR: what sets a rendition, and what takes it back. */
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39], green: [32, 39], cyan: [36, 39] } as const

/** Lines that are longer are hard to read, however wide the terminal. */
export const WIDEST = 110
const NARROWEST = 40

export function createStyle(coloured: boolean, columns = WIDEST): Style {
  const paint = ([set, reset]: readonly [number, number]): Paint =>
    coloured ? text => (text === '' ? '' : `\u001b[${set}m${text}\u001b[${reset}m`) : text => text
  return {
    width: Math.max(NARROWEST, Math.min(columns, WIDEST)),
    ...{ bold: paint(CODES.bold), dim: paint(CODES.dim), red: paint(CODES.red) },
    ...{ yellow: paint(CODES.yellow), green: paint(CODES.green), cyan: paint(CODES.cyan) },
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the escape character that begins a rendition
const RENDITION = /\u001b\[\d+m/g

/** How many columns a text takes on a terminal; all that the commands print is one column wide a character. */
export function visibleLength(text: string): number {
  return [...text.replaceAll(RENDITION, '')].length
}

/**
 * Text from the cluster that came from who knows whom (a router's words, a label): without what could steer the terminal. To be called
 * before colour is put on.
 */
export function harmless(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}
