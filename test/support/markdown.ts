/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string
  readonly text: string
  /** line of the file on which its text begins, counted from 1 */
  readonly line: number
}

export interface Link {
  readonly target: string
  readonly line: number
}

const FENCE = /^(?<indent> *)(?<fence>`{3,}|~{3,})(?<language>\S*)/

/** The fenced blocks of a Markdown text, those in one language where it is named. */
export function fencedBlocks(markdown: string, language?: string): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; language: string; line: number; lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open) {
      if (line.trim() === open.fence) {
        blocks.push({ language: open.language, text: `${open.lines.join('\n')}\n`, line: open.line })
        open = undefined
      } else open.lines.push(line)
      continue
    }
    const found = FENCE.exec(line)?.groups
    if (found) open = { fence: found.fence!, language: found.language!, line: index + 2, lines: [] }
  }
  if (open) throw new Error(`the block that begins in line ${open.line} has no end`)
  return language === undefined ? blocks : blocks.filter(block => block.language === language)
}

/** The commands of a shell block: without comments, with continued lines and the text of here-documents left out. */
export function shellCommands({ text }: Pick<Block, 'text'>): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map(line => line.replace(/(^|\s+)#\s.*$/, '').trim())
    .filter(Boolean)
}

/** What is linked to or shown, outside of code. */
export function links(markdown: string): Link[] {
  return prose(markdown).flatMap(({ text, line }) =>
    [...text.matchAll(/!?\[(?:[^\][]|\[[^\]]*\]|\][^(])*\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({
      target,
      line,
    })),
  )
}

/** The anchors of the headings, as forges make them: in lower case, without punctuation, hyphens for spaces. */
export function anchors(markdown: string): Set<string> {
  const found = new Set<string>()
  for (const { text } of prose(markdown)) {
    const [, heading] = /^#{1,6} +(.*?) *$/.exec(text) ?? []
    if (heading === undefined) continue
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
    let anchor = slug
    for (let times = 1; found.has(anchor); times++) anchor = `${slug}-${times}`
    found.add(anchor)
  }
  return found
}

/** The headings, outside of code, with the text below each until the next of the same level or a higher one. */
export function sections(markdown: string): { heading: string; level: number; body: string }[] {
  const lines = markdown.split('\n')
  const marks = prose(markdown).flatMap(({ text, line }) => {
    const [, hashes, heading] = /^(#{1,6}) +(.*?) *$/.exec(text) ?? []
    return hashes && heading ? [{ heading, level: hashes.length, line }] : []
  })
  return marks.map(({ heading, level, line }, index) => {
    const next = marks.slice(index + 1).find(mark => mark.level <= level)
    return { heading, level, body: lines.slice(line, next ? next.line - 1 : undefined).join('\n') }
  })
}

/** The cells of a table's rows, without its head. */
export function tableRows(markdown: string): string[][] {
  return prose(markdown)
    .filter(({ text }) => text.startsWith('|'))
    .map(({ text }) =>
      text
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
    .filter((cells, index, all) => !isRule(cells) && !isRule(all[index + 1] ?? []))
}

const isRule = (cells: readonly string[]) => cells.length > 0 && cells.every(cell => /^:?-+:?$/.test(cell))

function prose(markdown: string): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = []
  let fence: string | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    if (fence !== undefined) {
      if (text.trim() === fence) fence = undefined
      continue
    }
    fence = FENCE.exec(text)?.groups?.fence
    if (fence === undefined)
      lines.push({ text: text.replaceAll(/`[^`]*`/g, code => code.replaceAll(/[[\]]/g, '')), line: index + 1 })
  }
  return lines
}
