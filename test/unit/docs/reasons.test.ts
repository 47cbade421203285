import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { ALLOCATION_REASONS } from '../../../src/allocator/reasons.ts'
import { ANNOUNCED_REASONS } from '../../../src/controller/announced-reasons.ts'
import { sections, tableRows } from '../../support/markdown.ts'

const page = readFileSync('docs/troubleshooting.md', 'utf8')
const chapter = (heading: string) => sections(page).find(section => section.level === 2 && section.heading === heading)

describe('the page on troubleshooting', () => {
  for (const [heading, reasons] of [
    ['No address', ALLOCATION_REASONS],
    ['Not announced', ANNOUNCED_REASONS],
  ] as const) {
    it(`has a section for each reason under "${heading}", and for nothing else`, () => {
      const body = chapter(heading)?.body ?? ''
      const told = sections(body).flatMap(section => (section.level === 3 ? section.heading : []))
      const fine = ['Allocated', 'Announced']
      assert.deepEqual(
        told.sort(),
        Object.keys(reasons)
          .filter(reason => !fine.includes(reason))
          .sort(),
      )
    })
  }

  it('explains every reason of a node', () => {
    const told = tableRows(chapter('Not announced')?.body ?? '').flatMap(([cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, reason]) => reason),
    )
    const reference = sections(readFileSync('docs/reference/reasons.md', 'utf8')).find(
      ({ heading }) => heading === 'Why not by this node?',
    )
    const ofNodes = (reference?.body ?? '').split('The log of a speaker gives these too')[0] ?? ''
    const words = tableRows(ofNodes).map(([cell = '']) => cell.replaceAll('`', ''))
    assert.ok(words.length > 5)
    assert.deepEqual(told.sort(), words.sort())
  })
})
