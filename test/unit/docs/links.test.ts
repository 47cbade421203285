import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { anchors, links } from '../../support/markdown.ts'

const pages = [...globSync('*.md'), ...globSync('docs/**/*.md'), ...globSync('charts/**/*.md')].sort()

describe('the links of the documentation', () => {
  it('are looked for in all of it', () => {
    assert.ok(pages.includes('README.md') && pages.includes('docs/README.md'), pages.join(' '))
  })

  for (const page of pages) {
    it(`lead somewhere in ${page}`, () => {
      const text = readFileSync(page, 'utf8')
      for (const { target, line } of links(text)) {
        const where = `${page}:${line} links to ${target}`
        if (/^[a-z]+:/.test(target)) {
          assert.match(target, /^https:\/\//, where)
          continue
        }
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : normalize(join(dirname(page), path))
        assert.ok(existsSync(file), `${where}: there is no ${file}`)
        if (anchor === undefined) continue
        assert.ok(anchors(readFileSync(file, 'utf8')).has(anchor), `${where}: no heading of ${file} has this anchor`)
      }
    })
  }

  it('of the table of contents name every page', () => {
    const contents = links(readFileSync('docs/README.md', 'utf8')).map(({ target }) =>
      join('docs', target.split('#')[0]!),
    )
    for (const page of pages.filter(name => /^docs\/[^/]+\.md$/.test(name) && name !== 'docs/README.md')) {
      assert.ok(contents.includes(page), `docs/README.md does not link to ${page}`)
    }
    for (const page of pages.filter(name => name.startsWith('docs/reference/'))) {
      assert.ok(contents.includes(page), `docs/README.md does not link to ${page}`)
    }
  })
})

describe('a page of Markdown', () => {
  it('has anchors as forges make them', () => {
    const text = '# Is it *announced*?\n## Of `a` and [b](c.md)\n```sh\n# none\n```\n## Twice\n## Twice\n'
    assert.deepEqual([...anchors(text)], ['is-it-announced', 'of-a-and-b', 'twice', 'twice-1'])
  })

  it('has links outside of code alone', () => {
    const text = 'a [b](c.md) `[d](e)` ![f](g.svg)\n```\n[h](i)\n```\n[`j[0]`](k#l)\n'
    assert.deepEqual(
      links(text).map(({ target, line }) => [target, line]),
      [
        ['c.md', 1],
        ['g.svg', 1],
        ['k#l', 5],
      ],
    )
  })
})
