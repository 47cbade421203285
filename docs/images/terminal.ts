/**
 * Draws what a command printed as a terminal window, in SVG:
 *
 *   npm run -s lab | node docs/images/terminal.ts 'npm run lab' > docs/images/first-light.svg
 *
 * Text between « and » on standard input is set off in colour, and so is what the command itself has coloured.
 */
import { text } from 'node:stream/consumers'

const CHARACTER_WIDTH = 7.8
const LINE_HEIGHT = 18
const PADDING = 16
const TITLE_HEIGHT = 28

const [, , title = ''] = process.argv
const lines = (await text(process.stdin)).trimEnd().split('\n')
/** The renditions of ECMA-48 §8.3.117 that Herald's commands use, by what sets them; any other number takes the last one back. */
const CLASSES: Readonly<Record<string, string>> = {
  ...{ 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' },
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the escape character that begins a rendition
const RENDITION = /\u001b\[(\d+)m/g

const columns = Math.max(...lines.map(line => line.replaceAll(/[«»]/g, '').replaceAll(RENDITION, '').length))
const width = Math.ceil(columns * CHARACTER_WIDTH + 2 * PADDING)
const height = lines.length * LINE_HEIGHT + 2 * PADDING + TITLE_HEIGHT

const escaped = (part: string) => part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function drawLine(line: string, index: number): string {
  const y = TITLE_HEIGHT + PADDING + (index + 0.75) * LINE_HEIGHT
  const kind = line.startsWith('$ ') ? ' class="command"' : ''
  const spans = escaped(line)
    .replaceAll('«', '<tspan class="mark">')
    .replaceAll('»', '</tspan>')
    .replaceAll(RENDITION, (_text, code: string) => (CLASSES[code] ? `<tspan class="${CLASSES[code]}">` : '</tspan>'))
  return `<text x="${PADDING}" y="${y}"${kind} xml:space="preserve">${spans}</text>`
}

console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #c9d1d9 }
.command { fill: #79c0ff } .mark { fill: #7ee787; font-weight: bold } .title { fill: #8b949e }
.bold { font-weight: bold } .dim { fill: #8b949e } .red { fill: #ff7b72 } .green { fill: #7ee787 } .yellow { fill: #e3b341 } .cyan { fill: #79c0ff }
</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<circle cx="18" cy="15" r="5" fill="#ff5f56"/><circle cx="36" cy="15" r="5" fill="#ffbd2e"/><circle cx="54" cy="15" r="5" fill="#27c93f"/>
<text class="title" x="${width / 2}" y="19" text-anchor="middle">${escaped(title)}</text>
${lines.map(drawLine).join('\n')}
</svg>`)
