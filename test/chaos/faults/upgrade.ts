import { join } from 'node:path'
import { buildHelm } from '../../../lab/build.ts'
import { helmEnvironment, heraldNamespace } from '../../../lab/herald.ts'
import { helmCommand } from '../../../lab/kubectl.ts'
import { repository } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'
import { type FaultKind, takenOver } from '../fault.ts'

export const helmUpgrade: FaultKind = {
  name: 'helm-upgrade',
  summary: 'Helm upgrades the release: all of its Pods are replaced, the speakers one node after the other',
  ...{ target: 'none', durationMs: [2_000, 10_000], touches: ['controller', 'speakers', 'api server', 'kubelet'] },
  // Three speakers in turn hand over; none of the hand-overs may be felt for longer than a takeover.
  bounds: takenOver(60_000),
  strike: async ({ lab: { lab } }, { dice }) => {
    const annotation = `chaos\\.herald\\.io/upgrade=${dice}`
    const command = helmCommand(lab, await buildHelm(), [
      ...['upgrade', 'herald', join(repository, 'charts/herald'), '--namespace', heraldNamespace, '--reuse-values'],
      ...['controller', 'speaker'].flatMap(each => ['--set-string', `${each}.podAnnotations.${annotation}`]),
      ...['--wait', '--timeout', '300s'],
    ])
    const upgrading = run(command, { env: helmEnvironment(lab) })
    upgrading.catch(() => {}) // told of by the heal
    return async () => void (await upgrading)
  },
}
