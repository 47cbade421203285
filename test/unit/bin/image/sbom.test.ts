import assert from 'node:assert/strict'
import { type SbomInit, sbom } from '../../../../src/bin/image/sbom.ts'

const shipped = {
  ...{ name: '@scope/tool', version: '1.2.3', licence: 'MIT', text: 'the text' },
  ...{ integrity: `sha512-${Buffer.from('abc').toString('base64')}`, dependencies: ['other@4.5.6'] },
}
const init: SbomInit = {
  herald: { version: '0.1.0', description: 'a load balancer', license: 'Apache-2.0' },
  packages: [shipped, { ...shipped, name: 'other', version: '4.5.6', licence: '(MIT OR ISC)', dependencies: [] }],
  directDependencies: ['@scope/tool', 'not-bundled'],
  runtimeVersions: { node: '24.1.0', modules: '137', zlib: '1.3.1', openssl: '3.5.0' },
  files: new Map([['/herald/speaker.js', Buffer.from('abc')]]),
}

describe('the software bill of materials', () => {
  const text = sbom(init)
  const bom = JSON.parse(text)

  it('is CycloneDX of a version that scanners read', () => {
    assert.equal(bom.bomFormat, 'CycloneDX')
    assert.equal(bom.specVersion, '1.6')
    assert.deepEqual(
      [bom.metadata.component.name, bom.metadata.component.version, bom.metadata.component.licenses],
      ['herald', '0.1.0', [{ license: { id: 'Apache-2.0' } }]],
    )
  })

  it('names a package by its purl, with the hash of its archive and its licence', () => {
    assert.deepEqual(bom.components[0], {
      'bom-ref': '@scope/tool@1.2.3',
      type: 'library',
      name: '@scope/tool',
      version: '1.2.3',
      hashes: [{ alg: 'SHA-512', content: '616263' }],
      licenses: [{ license: { id: 'MIT' } }],
      purl: 'pkg:npm/%40scope/tool@1.2.3',
    })
    assert.deepEqual(bom.components[1].licenses, [{ expression: '(MIT OR ISC)' }])
  })

  it('names Node and what it is made of', () => {
    const { name, version, cpe, components } = bom.components[2]
    assert.deepEqual([name, version, cpe], ['node', '24.1.0', 'cpe:2.3:a:nodejs:node.js:24.1.0:*:*:*:-:*:*:*'])
    const parts = components.map((part: { name: string; version: string }) => `${part.name} ${part.version}`)
    assert.deepEqual(parts, ['openssl 3.5.0', 'zlib 1.3.1'])
  })

  it("lists Herald's own files with their hashes", () => {
    const content = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' // FIPS 180-2, B.1
    assert.deepEqual(bom.components[3], {
      ...{ 'bom-ref': '/herald/speaker.js', type: 'file', name: '/herald/speaker.js' },
      hashes: [{ alg: 'SHA-256', content }],
    })
  })

  it('tells what needs what', () => {
    assert.deepEqual(bom.dependencies, [
      { ref: 'herald', dependsOn: ['@scope/tool@1.2.3', 'node@24.1.0'] },
      { ref: '@scope/tool@1.2.3', dependsOn: ['other@4.5.6'] },
      { ref: 'other@4.5.6', dependsOn: [] },
    ])
  })

  it('is the same for the same contents, and has another serial number for others', () => {
    assert.equal(sbom(init), text)
    assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const other = JSON.parse(sbom({ ...init, files: new Map([['/herald/speaker.js', Buffer.from('abd')]]) }))
    assert.notEqual(other.serialNumber, bom.serialNumber)
  })

  it('is refused where package-lock.json has no hash to give', () => {
    const packages = [{ ...shipped, integrity: 'sha1-abc=' }]
    assert.throws(() => sbom({ ...init, packages }), /^Error: @scope\/tool: "sha1-abc=" in package-lock.json is no/)
  })
})
