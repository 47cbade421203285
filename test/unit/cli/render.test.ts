import assert from 'node:assert/strict'
import { createStyle, harmless, visibleLength } from '../../../src/cli/render/style.ts'
import { bar, percent, renderTable, wrap } from '../../../src/cli/render/table.ts'
import { ageText } from '../../../src/cli/text.ts'

const plain = createStyle(false)
const coloured = createStyle(true)

describe('What the commands print is made of', () => {
  it('tables whose columns are as wide as what is seen, in colour too', () => {
    const rows = (style: typeof plain) => [
      [style.red('a'), 'long text', 'x'],
      ['wide one', style.green('b'), 'y'],
    ]
    const expected = ['  ONE       TWO        THREE', '  a         long text  x', '  wide one  b          y']
    const heads = ['ONE', 'TWO', 'THREE']
    assert.deepEqual(renderTable(heads, rows(plain), { style: plain }), expected)
    const lines = renderTable(heads, rows(coloured), { style: coloured })
    assert.deepEqual(
      lines.map(visibleLength),
      expected.map(({ length }) => length),
    )
    assert.deepEqual(renderTable(heads, [], { style: plain }), [])
  })

  for (const [part, whole, filled, text] of [
    [0n, 10n, 0, '0%'],
    [1n, 1_000n, 1, '<1%'],
    [5n, 10n, 10, '50%'],
    [999n, 1_000n, 19, '99%'],
    [10n, 10n, 20, '100%'],
    [0n, 0n, 20, '100%'],
    [1n, 2n ** 127n, 1, '<1%'],
  ] as const) {
    it(`a bar of ${filled} for ${part} of ${whole}: ${text}`, () => {
      assert.equal(bar(part, whole, plain), '█'.repeat(filled) + '░'.repeat(20 - filled))
      assert.equal(percent(part, whole), text)
    })
  }

  it('bars that grow red', () => {
    const colours = [5n, 8n, 9n].map(part => bar(part, 10n, coloured).slice(0, 5))
    assert.deepEqual(colours, ['\u001b[32m', '\u001b[33m', '\u001b[31m'])
  })

  it('lines that break at blanks, and hang under the first', () => {
    assert.deepEqual(wrap('one two three', { lead: '→ ', width: 10 }), ['→ one two', '  three'])
    assert.deepEqual(wrap('unbreakable', { lead: '→ ', width: 5 }), ['→ unbreakable'])
  })

  it('nothing that steers the terminal', () => {
    assert.equal(harmless('a\u001b[2Jb\r\nc\u0007'), 'a [2Jb c ')
  })

  for (const [since, text] of [
    ['2026-01-01T11:59:30Z', '30 s'],
    ['2026-01-01T11:50:00Z', '10 min'],
    ['2026-01-01T09:00:00Z', '3 h'],
    ['2025-12-01T12:00:00Z', '31 d'],
    ['2026-01-01T12:00:05Z', '0 s'],
    ['nonsense', '?'],
    [undefined, '?'],
  ] as const) {
    it(`${since} as ${text} ago`, () => assert.equal(ageText(since, '2026-01-01T12:00:00Z'), text))
  }
})
