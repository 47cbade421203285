import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient, KubernetesList } from '../../kubernetes/client.ts'
import { type Resource, resourcePath } from '../../kubernetes/resources.ts'

const run = promisify(execFile)

/** Of one page of objects. */
const LONGEST_ANSWER_BYTES = 256 * 1024 * 1024
const TIMEOUT_MS = 60_000

export interface KubectlReaderInit {
  /** as KUBECONFIG has it: one file, or several */
  kubeconfig?: string
  context?: string
  env: NodeJS.ProcessEnv
}

/**
 * Reads lists through kubectl. It is slower than a connection of one's own, but it knows every way to log in: programs that a kubeconfig
 * names, several files, other contexts.
 */
export class KubectlReader implements Pick<ApiClient, 'list'> {
  readonly #init: KubectlReaderInit

  constructor(init: KubectlReaderInit) {
    this.#init = init
  }

  /** Host and port of the API server, and the namespace of the context. */
  async describe(): Promise<{ server: string; namespace: string }> {
    const text = await this.#kubectl(['config', 'view', '--minify', '--output=json'], 'read the kubeconfig')
    const { clusters, contexts } = JSON.parse(text) as {
      clusters?: { cluster?: { server?: string } }[]
      contexts?: { context?: { namespace?: string } }[]
    }
    const server = URL.parse(clusters?.[0]?.cluster?.server ?? '')?.host ?? ''
    return { server, namespace: contexts?.[0]?.context?.namespace ?? 'default' }
  }

  async list<T>(
    resource: Resource,
    { namespace, query = {} }: NonNullable<Parameters<ApiClient['list']>[1]> = {},
  ): Promise<KubernetesList<T>> {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
    const path = `${resourcePath(resource, { namespace })}?${parameters}`
    return JSON.parse(await this.#kubectl(['get', '--raw', path], `list ${resource.plural}`)) as KubernetesList<T>
  }

  async #kubectl(args: readonly string[], what: string): Promise<string> {
    const { kubeconfig, context, env } = this.#init
    const flags = context ? [`--context=${context}`] : []
    const environment = { ...env, ...(kubeconfig && { KUBECONFIG: kubeconfig }) }
    const options = { env: environment, maxBuffer: LONGEST_ANSWER_BYTES, timeout: TIMEOUT_MS }
    try {
      return (await run('kubectl', [...args, ...flags], options)).stdout
    } catch (error) {
      throw problemOf(error as NodeJS.ErrnoException & { stderr?: string }, what)
    }
  }
}

/** What kubectl says ends with what the server said: `Error from server (Forbidden): …`. */
function problemOf(error: NodeJS.ErrnoException & { stderr?: string }, what: string): ApiError {
  if (error.code === 'ENOENT') return new ApiError('unreachable', `${what}: there is no kubectl in the PATH`)
  const said = (error.stderr || error.message).trim().split('\n').at(-1) ?? ''
  const reason = /^Error from server \((\w+)\)/.exec(said)?.[1]
  const code = reason === 'Forbidden' ? 'forbidden' : reason === 'NotFound' ? 'notFound' : 'unreachable'
  return new ApiError(code, `${what}: ${said}`, { cause: error })
}
