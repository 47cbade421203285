import { MIGRATION_KEY, PULLER_NAME } from './migration-state.ts'
import type { ApiObject } from './snapshot.ts'

interface SpeakerPodSpec {
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly tolerations?: readonly object[]
  readonly affinity?: object
  readonly imagePullSecrets?: readonly object[]
  readonly containers?: readonly { readonly image?: string; readonly imagePullPolicy?: string }[]
}

const LABELS = { [MIGRATION_KEY]: 'pull' }
/** Until it is told to end; a timer is all that keeps the process. */
const PROGRAM = 'process.once("SIGTERM", () => process.exit()); setInterval(() => {}, 2 ** 30)'

/** A DaemonSet that has the image of the speakers on all nodes that they will run on. It needs no right and no privilege. */
export function pullerManifest(namespace: string, speaker: ApiObject): object {
  const { template } = (speaker.spec ?? {}) as { template?: { spec?: SpeakerPodSpec } }
  const { nodeSelector = {}, tolerations, affinity, imagePullSecrets, containers = [] } = template?.spec ?? {}
  const { [MIGRATION_KEY]: _, ...suitable } = nodeSelector
  const { image = '', imagePullPolicy } = containers[0] ?? {}
  const securityContext = {
    ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 65532 },
    capabilities: { drop: ['ALL'] },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: PULLER_NAME, namespace },
    spec: {
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          ...{ nodeSelector: suitable, tolerations, affinity, imagePullSecrets },
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'pull', image, imagePullPolicy, command: ['node', '--eval', PROGRAM], securityContext }],
        },
      },
    },
  }
}
