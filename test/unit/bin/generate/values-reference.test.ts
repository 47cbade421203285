import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { chartValues, type ValueSchema, valuesPage } from '../../../../src/bin/generate/values-reference.ts'

const chart = resolve(import.meta.dirname, '../../../../charts/herald')
const text = readFileSync(resolve(chart, 'values.yaml'), 'utf8')
const schema = JSON.parse(readFileSync(resolve(chart, 'values.schema.json'), 'utf8')) as ValueSchema

const small: ValueSchema = {
  definitions: { port: { type: 'integer', minimum: 1, maximum: 9 } },
  properties: {
    first: { type: 'string' },
    group: { properties: { port: { $ref: '#/definitions/port' }, any: { type: 'object' } } },
    level: { enum: ['a', 'b'] },
  },
}

describe('the page of values', () => {
  it('takes meaning, default and limits from the files', () => {
    const yaml =
      '# What it is\n# and more.\nfirst: x\n\n# A group.\ngroup:\n  # A port.\n  port: 3\n  any: {a: 1}\nlevel: a\n'
    assert.deepEqual(
      chartValues(yaml, small).map(({ schema: _, ...value }) => value),
      [
        { path: 'first', meaning: 'What it is and more.', default: 'x' },
        { path: 'group', meaning: 'A group.' },
        { path: 'group.port', meaning: 'A port.', default: 3 },
        { path: 'group.any', meaning: '', default: { a: 1 } },
        { path: 'level', meaning: '', default: 'a' },
      ],
    )
    const page = valuesPage(yaml, small)
    assert.match(page, /\| `group.port` \| `3` \| 1 to 9 \| A port. \|/)
    assert.match(page, /\| `level` \| `"a"` \| `a`, `b` \|/)
  })

  it('finds a schema for every value of the chart, and a value for everything in the schema', () => {
    const values = chartValues(text, schema)
    assert.ok(values.length > 150)
    assert.deepEqual(
      values.filter(value => value.schema === undefined).map(({ path }) => path),
      [],
    )
    const paths = new Set(values.map(({ path }) => path))
    const described = (part: ValueSchema, path: string): string[] =>
      Object.entries(part.properties ?? {}).flatMap(([name, own]) => {
        const here = path === '' ? name : `${path}.${name}`
        const resolved = own.$ref ? (schema.definitions?.[own.$ref.replace('#/definitions/', '')] ?? own) : own
        return own.$ref === '#/definitions/metallb' || here === 'global' ? [] : [here, ...described(resolved, here)]
      })
    assert.deepEqual(
      described(schema, '').filter(path => !paths.has(path)),
      [],
    )
  })
})
