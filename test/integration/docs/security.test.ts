import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { buildHelm } from '../../../lab/build.ts'
import { run } from '../../../lab/process.ts'
import { sections, tableRows } from '../../support/markdown.ts'

interface Rendered {
  kind: string
  metadata: { name: string }
  rules?: { resources: string[]; resourceNames?: string[]; verbs: string[] }[]
  roleRef?: { kind: string; name: string }
  subjects?: { name: string }[]
}

const COMPONENTS = ['controller', 'speaker'] as const

/** The rights that a table of the page grants, as `speaker: get secrets herald-liveness`. */
function documentedRights(heading: string): string[] {
  const section = sections(readFileSync('docs/security.md', 'utf8')).find(each => each.heading === heading)
  assert.ok(section, heading)
  return tableRows(section.body).flatMap(([resources = '', ...cells]) =>
    COMPONENTS.flatMap((component, index) =>
      [...resources.matchAll(/`([^`]+)`/g)].flatMap(([, resource]) =>
        [...(cells[index] ?? '').matchAll(/(\w+)(?: \(`([^`]+)`\))?(?:, |$)/g)].map(([, verb, name]) =>
          [`${component}:`, verb, resource, name].filter(Boolean).join(' '),
        ),
      ),
    ),
  )
}

/** The rights that the chart grants by roles of one kind, in the same words. */
function grantedRights(objects: readonly Rendered[], kind: 'Role' | 'ClusterRole'): string[] {
  const roles = new Map(objects.filter(object => object.kind === kind).map(role => [role.metadata.name, role]))
  return objects
    .filter(object => object.kind === `${kind}Binding`)
    .flatMap(({ roleRef, subjects = [] }) =>
      subjects.flatMap(({ name: account }) =>
        (roles.get(roleRef?.name ?? '')?.rules ?? []).flatMap(({ resources, resourceNames = [''], verbs }) =>
          verbs.flatMap(verb =>
            resources.flatMap(resource =>
              resourceNames.map(name =>
                [`${account.replace('herald-', '')}:`, verb, resource, name].filter(Boolean).join(' '),
              ),
            ),
          ),
        ),
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

  for (const [heading, kind] of [
    ['In the whole cluster', 'ClusterRole'],
    ["In Herald's own namespace", 'Role'],
  ] as const) {
    it(`lists every right that the chart's ${kind}s grant, and no other`, () => {
      const granted = grantedRights(objects, kind).sort()
      assert.ok(granted.length > 5)
      assert.deepEqual(documentedRights(heading).sort(), granted)
    })
  }
})
