import type { ExplainReport, StepExplanation } from '../explain.ts'
import type { AddressExplanation, ProtocolExplanation } from '../explain-nodes.ts'
import type { PoolExplanation } from '../explain-pools.ts'
import type { TrafficExplanation } from '../explain-traffic.ts'
import { counted } from '../text.ts'
import { renderFindings } from './findings.ts'
import { harmless, type Paint, type Style } from './style.ts'
import { renderTable, section, wrap } from './table.ts'

/** The lines of `herald explain`: from the pools to the pods, and what to do next. */
export function renderExplain(report: ExplainReport, style: Style): string[] {
  const { service, handled, allocation, announcing, traffic, findings, next } = report
  const { key, type, loadBalancerClass, addresses, ports } = service
  const what = [type, ...(loadBalancerClass ? [`class ${loadBalancerClass}`] : [])].join(', ')
  const portText = ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', ')
  const head = `${style.bold(key)} (${what}) ${style.cyan(addresses.join(', ') || 'no address')} ${style.dim(portText)}`
  if (!handled) {
    const why = type === 'LoadBalancer' ? 'its loadBalancerClass is not Herald’s' : 'it is no LoadBalancer'
    return [head.trimEnd(), '', ...wrap(`Herald does not serve it: ${why}.`), ...renderNext(next, style)]
  }
  return [
    head.trimEnd(),
    ...(allocation ? section('1. Address', renderStep(allocation, style), style) : []),
    ...renderPools(allocation?.pools ?? [], style),
    ...(announcing ? section('2. Announcing', renderStep(announcing, style), style) : []),
    ...(announcing?.addresses ?? []).flatMap(address => renderAddress(address, style)),
    ...(traffic ? section(`${announcing ? 3 : 2}. Behind the address`, renderTraffic(traffic, style), style) : []),
    // What to do about them stands at the end, with the rest.
    ...section('Problems', renderFindings(findings, style, { withAdvice: false }), style),
    ...renderNext(next, style),
  ]
}

function renderStep({ good, reason, message, meaning, written }: StepExplanation, style: Style): string[] {
  const [sign, paint]: [string, Paint] = good ? ['✓', style.green] : ['✗', style.red]
  return [
    `  ${paint(`${sign} ${reason}`)}`,
    ...wrap(harmless(message), { width: style.width, lead: '    ' }),
    ...(good ? [] : wrap(meaning, { width: style.width, lead: '    ' }).map(line => style.dim(line))),
    ...(written
      ? wrap(harmless(`the Service still says: ${written}`), { width: style.width, lead: '    ' }).map(line =>
          style.yellow(line),
        )
      : []),
  ]
}

function renderPools(pools: readonly PoolExplanation[], style: Style): string[] {
  const words: Record<PoolExplanation['verdict'], string> = {
    serves: style.green('serves'),
    could: style.cyan('could'),
    no: style.dim('no'),
    refused: style.red('refused'),
  }
  const rows = pools.map(({ pool, verdict, why }, index) => [`${index + 1}`, pool, words[verdict], harmless(why)])
  return renderTable(['', 'POOL', 'SERVES', 'WHY'], rows, { style, indent: '    ' })
}

function renderAddress({ address, pool, nodes, ...by }: AddressExplanation, style: Style): string[] {
  const list = (names: readonly string[]) => (names.length > 0 ? names.join(', ') : style.dim('none'))
  const rows = nodes.flatMap(({ node, layer2, bgp }) => {
    const both = [...(layer2 ? [['layer 2', layer2] as const] : []), ...(bgp ? [['BGP', bgp] as const] : [])]
    return both.map(([protocol, explanation], index) => [
      index === 0 ? node : '',
      protocol,
      stateText(explanation, style),
      harmless(explanation.text),
    ])
  })
  return [
    `    ${style.cyan(address)} of the pool ${pool}; L2Advertisements: ${list(by.l2Advertisements)}; BGPAdvertisements: ${list(by.bgpAdvertisements)}`,
    ...renderTable(['NODE', 'BY', '', 'WHY'], rows, { style, indent: '    ' }),
  ]
}

function stateText({ state, reason }: ProtocolExplanation, style: Style): string {
  switch (state) {
    case 'announces':
      return style.green('✓ announces')
    case 'elected':
      return style.yellow('… elected')
    case 'standby':
      return style.cyan('standby')
    case 'conflict':
      return style.red('✗ conflict')
    case 'session-down':
      return style.red('✗ no session')
    default:
      return style.dim(reason ?? 'no')
  }
}

function renderTraffic(traffic: TrafficExplanation, style: Style): string[] {
  const { endpoints, externalTrafficPolicy, kubeProxy, nodesWithoutKubeProxy } = traffic
  const ready = endpoints.reduce((sum, endpoint) => sum + endpoint.ready, 0)
  const where = endpoints.map(
    ({ node, ready: count, terminating }) => `${node} ${terminating ? '(terminating)' : `× ${count}`}`,
  )
  const line = `${counted(ready, 'ready endpoint')}${where.length > 0 ? `: ${where.join(', ')}` : ''}`
  const proxy = kubeProxy
    ? `kube-proxy: ${kubeProxy.mode || 'default mode'}${kubeProxy.mode === 'ipvs' ? `, strictARP ${kubeProxy.strictARP}` : ''}`
    : 'kube-proxy: configuration not found (another program may do its work)'
  const policy = `externalTrafficPolicy ${externalTrafficPolicy}: ${POLICIES[externalTrafficPolicy]}`
  const missing = nodesWithoutKubeProxy.length > 0 ? [`no kube-proxy ready on ${nodesWithoutKubeProxy.join(', ')}`] : []
  return [ready > 0 ? style.green(line) : style.red(line), policy, proxy, ...missing.map(style.yellow)].flatMap(text =>
    wrap(text, { width: style.width, lead: '  ' }),
  )
}

const POLICIES = {
  Cluster: 'any node may announce, and forwards to any endpoint',
  Local: 'only nodes with an endpoint announce, and forward to their own',
} as const

function renderNext(next: readonly string[], style: Style): string[] {
  if (next.length === 0) return ['', style.green('✓ nothing to do')]
  return section(
    'What to do next',
    next.flatMap(text => wrap(harmless(text), { width: style.width, lead: '  → ' })),
    style,
  )
}
