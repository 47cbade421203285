import { globSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { fencedBlocks } from './markdown.ts'

/** A Kubernetes object that a page shows. */
export interface DocumentedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Record<string, string>
  }
  readonly [field: string]: unknown
}

/** One block of YAML: objects to apply, or values of the chart. */
export interface Example {
  /** e.g. "docs/configuration.md:12" */
  readonly where: string
  readonly page: string
  readonly text: string
  readonly objects: readonly DocumentedObject[]
  /** The block is a file of values for the chart. */
  readonly isValues: boolean
  /** The block is wrong on purpose: who refuses it, and what is said then. */
  readonly refusal?: { readonly by: 'API server' | 'controller'; readonly message: string }
}

/** The pages whose examples a reader may apply. */
export const PAGES: readonly string[] = ['README.md', ...globSync('docs/*.md').sort()]

const REFUSAL = /^# wrong on purpose, refused by the (API server|controller): (.+)$/m

/** Every block of YAML on these pages. @throws Error for one that is not YAML */
export function documentedExamples(pages: readonly string[] = PAGES): Example[] {
  return pages.flatMap(page =>
    fencedBlocks(readFileSync(page, 'utf8'), 'yaml').map(({ text, line }): Example => {
      const where = `${page}:${line}`
      const documents = parseAllDocuments(text).map(document => {
        if (document.errors.length > 0) throw new Error(`${where}: ${document.errors[0]}`)
        return document.toJS() as DocumentedObject | null
      })
      const present = documents.filter(document => document !== null)
      const isValues = present.every(document => !('kind' in document))
      const [, by, message] = REFUSAL.exec(text) ?? []
      return {
        ...{ where, page, text, isValues, objects: isValues ? [] : present },
        ...(by && message && { refusal: { by: by as 'API server' | 'controller', message } }),
      }
    }),
  )
}
