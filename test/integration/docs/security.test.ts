import assert from 'node:assert/strict'
import { parseAllDocuments } from 'yaml'
import { buildHelm } from '../../../lab/build.ts'
import { run } from '../../../lab/process.ts'
import { documentedRights, RIGHTS, type Rule, rightsOf } from '../../support/security-page.ts'

interface Rendered {
  kind: string
  metadata: { name: string }
  rules?: Rule[]
  roleRef?: { kind: string; name: string }
  subjects?: { name: string }[]
}

/** The rights that the chart grants by roles of one kind, in the words of the page. */
function grantedRights(objects: readonly Rendered[], kind: keyof typeof RIGHTS): string[] {
  const roles = new Map(objects.filter(object => object.kind === kind).map(role => [role.metadata.name, role]))
  return objects
    .filter(object => object.kind === `${kind}Binding`)
    .flatMap(({ roleRef, subjects = [] }) =>
      subjects.flatMap(({ name: account }) =>
        rightsOf(account.replace('herald-', ''), roles.get(roleRef?.name ?? '')?.rules ?? []),
      ),
    )
}

describe('the page on security', () => {
  let objects: Rendered[]
  before(async () => {
    const { stdout } = await run([await buildHelm(), 'template', 'herald', 'charts/herald', '-n', 'herald-system'])
    objects = parseAllDocuments(stdout)
      .map(document => document.toJS() as Rendered | null)
      .filter(object => object !== null)
  })

  for (const kind of Object.keys(RIGHTS) as (keyof typeof RIGHTS)[]) {
    it(`lists every right that the chart's ${kind}s grant, and no other`, () => {
      const granted = grantedRights(objects, kind).sort()
      assert.ok(granted.length > 5)
      assert.deepEqual(documentedRights(kind).sort(), granted)
    })
  }
})
