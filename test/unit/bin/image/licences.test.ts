import assert from 'node:assert/strict'
import { bundle, repository } from '../../../../src/bin/image/bundles.ts'
import { licencesPage } from '../../../../src/bin/image/licences.ts'
import { type ShippedPackage, shippedPackages } from '../../../../src/bin/image/shipped-packages.ts'

/** Those under which a binary may be given away when the notice is kept, without a word on the rest of the program. */
const PERMISSIVE = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', '0BSD']

describe('the licences of what the image holds', () => {
  let packages: ShippedPackage[]
  before(async function () {
    this.timeout(20_000)
    packages = shippedPackages(repository, await bundle())
  })

  it('are permissive', () => {
    assert.deepEqual(
      packages.filter(({ licence }) => !PERMISSIVE.includes(licence)).map(({ name, licence }) => `${name}: ${licence}`),
      [],
    )
  })

  it('stand on a page, each with its text, and a text that several have once', () => {
    const page = licencesPage(packages)
    for (const { name, version, licence, text } of packages) {
      assert.ok(page.includes(`| ${name} | ${version} | ${licence} |`))
      assert.equal(page.split(`\n${text}\n`).length, 2, name)
    }
  })
})
