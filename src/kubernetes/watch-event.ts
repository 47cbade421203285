import type { StatusObject } from './api-error.ts'
import type { KubernetesObject } from './resources.ts'

/** One line of a watch, read: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly status: StatusObject }

/** Reads one line of a watch; what it cannot read, it names. */
export function parseWatchEvent(line: string): WatchEvent | { readonly problem: string } {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return { problem: `not JSON: ${excerpt(line)}` }
  }
  if (!isObject(event) || !isObject(event.object)) return { problem: `no object in the event: ${excerpt(line)}` }
  const { type, object } = event
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      const { metadata } = object
      if (!isObject(metadata) || typeof metadata.name !== 'string' || typeof metadata.resourceVersion !== 'string') {
        return { problem: `an object without name or resourceVersion: ${excerpt(line)}` }
      }
      return { type, object: object as KubernetesObject }
    }
    case 'BOOKMARK': {
      const { resourceVersion = '', annotations } = (object as KubernetesObject).metadata ?? {}
      return { type, resourceVersion, initialEventsEnd: annotations?.['k8s.io/initial-events-end'] === 'true' }
    }
    case 'ERROR':
      return { type, status: object as StatusObject }
    default:
      return { problem: `unknown type of event: ${excerpt(line)}` }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function excerpt(line: string): string {
  return JSON.stringify(line.slice(0, 200))
}
