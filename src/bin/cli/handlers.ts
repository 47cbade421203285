import type { Cluster } from '../../cli/cluster.ts'
import { EXIT_CODES } from '../../cli/command.ts'
import type { CommandName } from '../../cli/commands.ts'
import { explainService, isServed } from '../../cli/explain.ts'
import { hasErrors } from '../../cli/finding.ts'
import { renderExplain } from '../../cli/render/explain.ts'
import { renderStatus } from '../../cli/render/status.ts'
import type { Style } from '../../cli/render/style.ts'
import type { Snapshot } from '../../cli/snapshot.ts'
import { reviewStatus } from '../../cli/status.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { Invocation } from './arguments.ts'

/** What a command works with; the cluster is read when it is asked for. */
export interface Context {
  readonly invocation: Invocation
  snapshot(): Promise<Snapshot>
  cluster(): Promise<Cluster>
  readonly namespace: string
  readonly style: Style
}

/** What a command gives back: the report as data, as lines for people, and the exit code. */
export interface Answer {
  readonly report: unknown
  readonly lines: () => readonly string[]
  readonly code: number
}

/** What was asked for is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

export const HANDLERS: Readonly<Record<CommandName, (context: Context) => Promise<Answer>>> = {
  async status({ cluster, invocation, style }) {
    const report = reviewStatus(await cluster())
    const code = hasErrors(report.findings) ? EXIT_CODES.found : EXIT_CODES.good
    return { report, code, lines: () => renderStatus(report, { style, wide: invocation.on('wide') }) }
  },

  async explain({ cluster: read, invocation, namespace, style }) {
    const cluster = await read()
    const report = explainService(findService(cluster, invocation, namespace), cluster)
    return {
      report,
      code: isServed(report) ? EXIT_CODES.good : EXIT_CODES.found,
      lines: () => renderExplain(report, style),
    }
  },

  async snapshot({ snapshot }) {
    const report = await snapshot()
    return { report, code: EXIT_CODES.good, lines: () => [JSON.stringify(report)] }
  },
}

/** Takes `name`, `namespace/name`, and what kubectl prints: `service/name`. */
function findService(
  { services, snapshot }: Cluster,
  { positional, text }: Invocation,
  namespace: string,
): ServiceView {
  const name = positional.replace(/^(services?|svc)\//, '')
  const key = name.includes('/') ? name : `${text('namespace') ?? namespace}/${name}`
  const service = services.get(key)
  if (service) return service
  const unread = snapshot.unread.find(({ kind }) => kind === 'Service')
  if (unread) throw new NotFoundError(unread.why)
  const elsewhere = [...services.values()].filter(one => one.name === name.slice(name.indexOf('/') + 1))
  const hint = elsewhere.length > 0 ? `; there is ${elsewhere.map(one => one.key).join(', ')}` : ''
  throw new NotFoundError(`there is no Service "${key}"${hint}`)
}
