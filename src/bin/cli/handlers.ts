import { checkSurroundings } from '../../cli/check.ts'
import { checkFiles } from '../../cli/check-files.ts'
import type { Cluster } from '../../cli/cluster.ts'
import { EXIT_CODES } from '../../cli/command.ts'
import type { CommandName } from '../../cli/commands.ts'
import { explainService, isServed } from '../../cli/explain.ts'
import { hasErrors } from '../../cli/finding.ts'
import { applyObjects, drainNodes, loseNodes } from '../../cli/manifests.ts'
import { planChange } from '../../cli/plan.ts'
import { renderCheck } from '../../cli/render/check.ts'
import { renderFiles } from '../../cli/render/check-files.ts'
import { renderExplain } from '../../cli/render/explain.ts'
import { renderPlan } from '../../cli/render/plan.ts'
import { renderStatus } from '../../cli/render/status.ts'
import { nameOf, objectsOf } from '../../cli/snapshot.ts'
import { reviewStatus } from '../../cli/status.ts'
import type { ServiceView } from '../../resources/service.ts'
import { type Invocation, UsageError } from './arguments.ts'
import type { Answer, Context } from './context.ts'
import { readLocalFacts } from './local-facts.ts'
import { migrate } from './migrate.ts'
import { NotFoundError } from './not-found.ts'
import { readFiles } from './read-files.ts'

export const HANDLERS: Readonly<Record<CommandName, (context: Context) => Promise<Answer>>> = {
  async status({ cluster, invocation, style }) {
    const report = reviewStatus(await cluster())
    const code = hasErrors(report.findings) ? EXIT_CODES.found : EXIT_CODES.good
    return { report, code, lines: () => renderStatus(report, { style, wide: invocation.on('wide') }) }
  },

  async explain({ cluster: read, invocation, namespace, style }) {
    const cluster = await read()
    const report = explainService(findService(cluster, invocation, await namespace()), cluster)
    return {
      report,
      code: isServed(report) ? EXIT_CODES.good : EXIT_CODES.found,
      lines: () => renderExplain(report, style),
    }
  },

  async plan({ snapshot: read, invocation, style }) {
    const drained = invocation.list('drain')
    const lost = invocation.list('lose')
    const paths = invocation.list('filename')
    if (drained.length + lost.length + paths.length === 0) {
      throw new UsageError('what is to be planned? Give --drain NODE, --lose NODE or -f FILE')
    }
    const before = await read()
    const names = objectsOf(before, 'Node').map(nameOf)
    for (const node of [...drained, ...lost]) {
      if (!names.includes(node)) throw new NotFoundError(`there is no Node "${node}"; there are ${names.join(', ')}`)
    }
    const { objects, unreadable } = await readFiles(paths)
    const [broken] = unreadable
    if (broken) throw new NotFoundError(`${broken.source}: ${broken.message}`)
    const applied = applyObjects(before, objects)
    const after = loseNodes(drainNodes(applied.snapshot, drained), lost)
    const report = planChange(before, after, {
      changes: [
        ...applied.changes,
        ...drained.map(node => `Node ${node}: drained`),
        ...lost.map(node => `Node ${node}: its speaker dies`),
      ],
      ignored: applied.ignored,
    })
    const code = hasErrors(report.findings) ? EXIT_CODES.found : EXIT_CODES.good
    return { report, code, lines: () => renderPlan(report, style) }
  },

  async check({ cluster, invocation, style, env }) {
    const paths = invocation.list('filename')
    if (paths.length > 0) {
      const { objects, unreadable } = await readFiles(paths)
      const report = checkFiles(objects, unreadable)
      const hasProblem = report.problems.some(({ level }) => level === 'error')
      return { report, code: hasProblem ? EXIT_CODES.found : EXIT_CODES.good, lines: () => renderFiles(report, style) }
    }
    const local = invocation.on('local') ? await readLocalFacts(env) : undefined
    const report = checkSurroundings(await cluster(), local)
    const found = hasErrors(report.checks.flatMap(({ findings }) => findings))
    return { report, code: found ? EXIT_CODES.found : EXIT_CODES.good, lines: () => renderCheck(report, style) }
  },

  migrate,

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
