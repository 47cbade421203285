import assert from 'node:assert/strict'
import { Type } from 'typebox'
import { customResourceDefinition, type StructuralSchema, structuralSchema } from '../../../src/resources/crd.ts'
import { customResources } from '../../../src/resources/schema-catalogue.ts'

const definitions = customResources.map(resource => ({ resource, definition: customResourceDefinition(resource) }))

/** Calls back for a schema and for everything inside it. */
function walk(schema: StructuralSchema, visit: (schema: StructuralSchema, path: string) => void, path = ''): void {
  visit(schema, path)
  for (const [name, child] of Object.entries(schema.properties ?? {})) walk(child, visit, `${path}.${name}`)
  if (schema.items) walk(schema.items, visit, `${path}[]`)
  if (schema.additionalProperties) walk(schema.additionalProperties, visit, `${path}[key]`)
}

describe('structuralSchema', () => {
  it('keeps required and optional fields, defaults and bounds', () => {
    const schema = Type.Object({
      port: Type.Integer({ format: 'int32', minimum: 1 }),
      on: Type.Optional(Type.Boolean({ default: true })),
    })
    assert.deepEqual(structuralSchema(schema), {
      type: 'object',
      required: ['port'],
      properties: { port: { type: 'integer', format: 'int32', minimum: 1 }, on: { type: 'boolean', default: true } },
    })
  })

  it('gives an enumeration its type and a map its value schema', () => {
    assert.deepEqual(structuralSchema(Type.Enum(['a', 'b'])), { type: 'string', enum: ['a', 'b'] })
    assert.deepEqual(structuralSchema(Type.Record(Type.String(), Type.String({ maxLength: 3 }))), {
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 3 },
    })
  })

  const refused = [
    { name: 'a union', schema: Type.Union([Type.String(), Type.Integer()]), message: /\.field: .*type/ },
    { name: 'a constant', schema: Type.Literal('a'), message: /\.field: "const"/ },
    { name: 'an unknown keyword', schema: Type.String({ contentEncoding: 'base64' }), message: /"contentEncoding"/ },
  ]
  for (const { name, schema, message } of refused) {
    it(`refuses ${name} and says where`, () => {
      assert.throws(() => structuralSchema(Type.Object({ field: schema })), message)
    })
  }
})

describe('customResourceDefinition', () => {
  it('covers at least the three kinds of the first release', () => {
    assert.ok(definitions.length >= 3)
  })

  for (const { resource, definition } of definitions) {
    const version = definition.spec.versions[0]!
    const schema = version.schema.openAPIV3Schema

    it(`${resource.kind}: has a name that its group and plural make, and a status subresource`, () => {
      assert.equal(definition.metadata.name, `${resource.plural}.${resource.group}`)
      assert.equal(definition.spec.names.listKind, `${resource.kind}List`)
      assert.deepEqual(version.subresources, { status: {} })
      assert.deepEqual(schema.properties?.metadata, { type: 'object' })
    })

    it(`${resource.kind}: every field is described, every integer has a format, every list a type`, () => {
      walk(schema, (field, path) => {
        const name = `${resource.kind}${path}`
        if (path.includes('.') && !path.endsWith(']') && path !== '.metadata') assert.ok(field.description, name)
        if (field.type === 'integer') assert.match(String(field.format), /^int(32|64)$/, name)
        if (field.type === 'array') {
          const listType = field['x-kubernetes-list-type']
          assert.ok(listType, name)
          assert.equal(listType === 'map', field['x-kubernetes-list-map-keys'] !== undefined, name)
        }
        if (field.properties?.matchLabels) assert.equal(field['x-kubernetes-map-type'], 'atomic', name)
      })
    })

    it(`${resource.kind}: no description is read by Helm as a template`, () => {
      assert.ok(!JSON.stringify(definition).includes('{{'))
    })
  }
})

describe('an older version', () => {
  const { versions } = definitions.find(({ resource }) => resource.kind === 'BGPPeer')!.definition.spec

  it('is served beside the newest, which alone is stored, with a warning', () => {
    assert.deepEqual(
      versions.map(({ name, served, storage }) => ({ name, served, storage })),
      [
        { name: 'v1beta2', served: true, storage: true },
        { name: 'v1beta1', served: true, storage: false },
      ],
    )
    const warnings = versions.map(version => 'deprecationWarning' in version && String(version.deprecationWarning))
    assert.equal(warnings[0], false)
    assert.match(String(warnings[1]), /use metallb\.io\/v1beta2/)
  })

  it('has no field that the newest lacks: nothing is converted but apiVersion', () => {
    const [newest, older] = versions.map(({ schema }) => schema.openAPIV3Schema.properties!.spec!.properties!)
    for (const [name, { type }] of Object.entries(older!)) assert.equal(newest![name]?.type, type, name)
  })
})

describe('printer columns', () => {
  const rows = [
    { kind: 'IPAddressPool', columns: ['Auto Assign', 'Avoid Buggy IPs', 'Addresses'] },
    { kind: 'BGPPeer', columns: ['Address', 'ASN', 'BFD Profile', 'Multi Hops'] },
    { kind: 'BGPAdvertisement', columns: ['IPAddressPools', 'IPAddressPool Selectors', 'Peers', 'Node Selectors'] },
    { kind: 'BFDProfile', columns: ['Passive Mode', 'Transmit Interval', 'Receive Interval', 'Multiplier'] },
    { kind: 'L2Advertisement', columns: ['IPAddressPools', 'IPAddressPool Selectors', 'Interfaces', 'Node Selectors'] },
  ]
  for (const { kind, columns } of rows) {
    it(`${kind} shows what scripts expect`, () => {
      const found = definitions.find(({ resource }) => resource.kind === kind)
      const shown = found?.definition.spec.versions[0]?.additionalPrinterColumns.map(({ name }) => name)
      assert.deepEqual(shown, columns)
    })
  }
})
