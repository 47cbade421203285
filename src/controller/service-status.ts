import { createHash } from 'node:crypto'

/** What every object says that tells of one Service on one node. */
export interface ServiceOnNode {
  readonly node: string
  readonly serviceName: string
  readonly serviceNamespace: string
}

/** Labels by which MetalLB's users find the objects. */
export const SERVICE_STATUS_LABELS = {
  node: 'metallb.io/node',
  serviceName: 'metallb.io/service-name',
  serviceNamespace: 'metallb.io/service-namespace',
} as const

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const LONGEST_LABEL = 63

/**
 * The same for the same Service and node at all times, so that no restart leaves a second one behind.
 *
 * @param prefix what the names of the kind begin with
 */
export function serviceStatusName(prefix: string, { node, serviceName, serviceNamespace }: ServiceOnNode): string {
  const hash = createHash('sha256').update(`${serviceNamespace}/${serviceName}#${node}`).digest('hex')
  return `${prefix}-${hash.slice(0, 16)}`
}

/** A node's name can be longer than a label may be; then its label is left out. */
export function serviceStatusLabels({ node, serviceName, serviceNamespace }: ServiceOnNode): Record<string, string> {
  return {
    ...(node.length <= LONGEST_LABEL && { [SERVICE_STATUS_LABELS.node]: node }),
    [SERVICE_STATUS_LABELS.serviceName]: serviceName,
    [SERVICE_STATUS_LABELS.serviceNamespace]: serviceNamespace,
  }
}
