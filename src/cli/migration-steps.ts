import type { MetalLB } from './metallb.ts'

/** One step of moving: what it is for, and what to type. */
export interface MigrationStep {
  readonly title: string
  readonly commands: readonly string[]
}

const CONFIGURATION = 'ipaddresspools,l2advertisements,bgpadvertisements,bgppeers,bfdprofiles,communities'

/** The steps of docs/moving-from-metallb.md, with the names of this cluster. */
export function migrationSteps({
  namespace,
  controller,
  speaker,
  loadBalancerClass,
  ignoresExcludeLabel,
}: MetalLB): MigrationStep[] {
  const values = [
    ...(loadBalancerClass ? [`--set loadBalancerClass=${loadBalancerClass}`] : []),
    ...(ignoresExcludeLabel ? ['--set speaker.ignoreExcludeLB=true'] : []),
  ]
  return [
    {
      title: 'Keep a copy, to compare with and to go back to',
      commands: [
        `kubectl get ${CONFIGURATION} -n ${namespace} -o yaml > metallb-objects.yaml`,
        `kubectl herald snapshot --herald-namespace ${namespace} > before.json`,
      ],
    },
    {
      title: 'Stop MetalLB; never by helm uninstall, which deletes every pool with the definitions',
      commands: [
        'kubectl delete validatingwebhookconfiguration metallb-webhook-configuration --ignore-not-found',
        ...(controller ? [`kubectl delete deployment ${controller} -n ${namespace}`] : []),
        ...(speaker ? [`kubectl delete daemonset ${speaker} -n ${namespace}`] : []),
        `kubectl delete secret -n ${namespace} -l owner=helm,name=metallb`,
      ],
    },
    {
      title: 'Start Herald in its place',
      commands: [
        [`helm install herald charts/herald -n ${namespace} --take-ownership`, ...values].join(' '),
        `kubectl rollout status daemonset/herald-speaker -n ${namespace} --timeout=120s`,
      ],
    },
    { title: 'Compare', commands: ['kubectl herald status', 'kubectl herald status --snapshot before.json'] },
  ]
}
