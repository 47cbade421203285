import { type Style, visibleLength, WIDEST } from './style.ts'

const GAP = '  '

/** Lines of a table: columns as wide as their widest cell, the last one without end. Empty when there are no rows. */
export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { style, indent = '  ' }: { style: Style; indent?: string },
): string[] {
  if (rows.length === 0) return []
  const cells = [heads.map(head => style.dim(head)), ...rows]
  const widths = heads.map((_head, column) => Math.max(...cells.map(row => visibleLength(row[column] ?? ''))))
  return cells.map(row => {
    const padded = row.map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - visibleLength(cell)),
    )
    return (indent + padded.join(GAP)).trimEnd()
  })
}

/** A heading and what is under it; nothing when nothing is. */
export function section(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines]
}

/** Breaks a text at blanks; the lines after the first are indented by as many columns as the first one's lead takes. */
export function wrap(text: string, { lead = '', width = WIDEST }: { lead?: string; width?: number } = {}): string[] {
  const indent = ' '.repeat(visibleLength(lead))
  const lines: string[] = []
  let line = lead
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && visibleLength(line) + 1 + visibleLength(word) > width) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

const BAR_WIDTH = 20

/** `██████░░░░░░░░░░░░░░`: full from green over yellow to red; never empty when something is used, never full when something is free. */
export function bar(part: bigint, whole: bigint, style: Style): string {
  const width = BigInt(BAR_WIDTH)
  let filled = whole === 0n ? width : (part * width + whole / 2n) / whole
  if (part > 0n && filled === 0n) filled = 1n
  if (part < whole && filled === width) filled = width - 1n
  const paint = part * 10n >= whole * 9n ? style.red : part * 4n >= whole * 3n ? style.yellow : style.green
  return paint('█'.repeat(Number(filled))) + style.dim('░'.repeat(BAR_WIDTH - Number(filled)))
}

/** `37%`, `<1%`, `100%` only when it is all. */
export function percent(part: bigint, whole: bigint): string {
  if (whole === 0n) return '100%'
  const value = (part * 100n) / whole
  return part > 0n && value === 0n ? '<1%' : `${value}%`
}
