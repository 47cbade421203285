import { shortList } from '../../controller/announced-text.ts'
import type { BgpChange, NodePeers, PlanReport } from '../plan.ts'
import { counted } from '../text.ts'
import { renderFindings } from './findings.ts'
import type { Style } from './style.ts'
import { renderTable, section } from './table.ts'

/** The lines of `herald plan`: what would be done, what would come of it, and last what would be worse. */
export function renderPlan(report: PlanReport, style: Style): string[] {
  const { changes, ignored, addresses, layer2, bgp, findings, unchanged, total } = report
  const moves = [
    ...(addresses.length > 0 ? [`${counted(addresses.length, 'Service')} with other addresses`] : []),
    ...(layer2.length > 0 ? [`${counted(layer2.length, 'address', 'addresses')} on other nodes`] : []),
    ...(bgp.length > 0 ? [`${counted(bgp.length, 'address', 'addresses')} with other routes`] : []),
  ]
  const sum = moves.length > 0 ? moves.join(', ') : 'nothing moves'
  return [
    ...changes.map(change => `${style.cyan('~')} ${change}`),
    ...ignored.map(text => style.dim(`  left out: ${text}`)),
    ...section('Addresses of Services', renderAddresses(report, style), style),
    ...section('Layer 2', renderLayer2(report, style), style),
    ...section('BGP', renderBgp(bgp, style), style),
    ...section('Consequences', renderFindings(findings, style), style),
    '',
    `${style.bold(sum)}; ${unchanged} of ${counted(total, 'Service')} unchanged. Nothing has been done.`,
  ]
}

function renderAddresses({ addresses }: PlanReport, style: Style): string[] {
  const rows = addresses.map(({ service, before, after, pool, reason }) => [
    service,
    before.join(', ') || '-',
    after.length > 0 ? style.green(after.join(', ')) : style.red('none'),
    pool ?? '',
    reason,
  ])
  return renderTable(['SERVICE', 'BEFORE', 'AFTER', 'POOL', 'REASON'], rows, { style })
}

function renderLayer2({ layer2 }: PlanReport, style: Style): string[] {
  const rows = layer2.map(({ address, from, to, services }) => [
    address,
    from ?? '-',
    to === undefined ? style.red('nobody') : style.green(to),
    shortList(services),
  ])
  return renderTable(['ADDRESS', 'FROM', 'TO', 'SERVICES'], rows, { style })
}

function renderBgp(bgp: readonly BgpChange[], style: Style): string[] {
  const list = (nodes: readonly NodePeers[]) =>
    shortList(
      nodes.map(({ node, peers }) => `${node} → ${peers.join(', ')}`),
      { separator: '; ', longest: 4 },
    )
  const rows = bgp.flatMap(({ address, withdrawn, announced, services }) => [
    ...(withdrawn.length > 0 ? [[address, style.red('withdrawn'), list(withdrawn), shortList(services)]] : []),
    ...(announced.length > 0 ? [[address, style.green('announced'), list(announced), shortList(services)]] : []),
  ])
  return renderTable(['ADDRESS', '', 'ROUTES', 'SERVICES'], rows, { style })
}
