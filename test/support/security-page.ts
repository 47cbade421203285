import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { sections, tableRows } from './markdown.ts'

export const COMPONENTS = ['controller', 'speaker'] as const

/** Headings of the tables, by the kind of role that grants what stands there. */
export const RIGHTS = { ClusterRole: 'In the whole cluster', Role: "In Herald's own namespace" } as const

/** The rights that a table of the page on security grants, as `speaker: get secrets herald-liveness`. */
export function documentedRights(kind: keyof typeof RIGHTS): string[] {
  const section = sections(readFileSync('docs/security.md', 'utf8')).find(each => each.heading === RIGHTS[kind])
  assert.ok(section, RIGHTS[kind])
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

/** A rule of a role, or of what the API server says that somebody may do. */
export interface Rule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** What rules allow a component, in the same words. */
export function rightsOf(component: string, rules: readonly Rule[]): string[] {
  return rules.flatMap(({ resources = [], resourceNames = [''], verbs }) =>
    verbs.flatMap(verb =>
      resources.flatMap(resource =>
        resourceNames.map(name => [`${component}:`, verb, resource, name].filter(Boolean).join(' ')),
      ),
    ),
  )
}
