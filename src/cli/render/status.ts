import { shortList } from '../../controller/announced-text.ts'
import type { ComponentsReport } from '../components.ts'
import type { NodeReport } from '../nodes.ts'
import type { PoolReport } from '../pools.ts'
import type { SessionReport } from '../sessions.ts'
import type { Component, Workload } from '../settings.ts'
import type { StatusReport } from '../status.ts'
import { ageText, counted } from '../text.ts'
import { renderFindings } from './findings.ts'
import { harmless, type Style } from './style.ts'
import { bar, percent, renderTable, section } from './table.ts'

/** Lists of a line, unless all is asked for. */
const LONGEST_LIST = 4

export interface StatusOptions {
  readonly style: Style
  /** nothing is cut */
  readonly wide: boolean
}

/** The lines of `herald status`: what is wrong first. */
export function renderStatus(report: StatusReport, options: StatusOptions): string[] {
  const { style } = options
  const { findings, services, components, server, namespace } = report
  const { total, allocated, announced } = services
  const good = total === announced
  const counts = `${counted(total, 'Service')}, ${allocated} with an address, ${announced} announced`
  return [
    `${style.bold('Herald')} in ${namespace} on ${server}`,
    `${good ? style.green(counts) : style.yellow(counts)}`,
    ...(findings.length === 0
      ? ['', style.green('✓ no problems')]
      : section('Problems', renderFindings(findings, style), style)),
    ...section('Pools', renderPools(report.pools, style), style),
    ...section('Nodes', renderNodes(report, options), style),
    ...section('BGP sessions', renderSessions(report, style), style),
    ...section('Conflicts', renderConflicts(report, style), style),
    ...section('Components', renderComponents(components, options), style),
  ]
}

function renderPools(pools: readonly PoolReport[], style: Style): string[] {
  const rows = pools.flatMap(({ name, use, autoAssign, refused, addresses }) => {
    const ranges = shortList(addresses, { longest: 2 })
    if (refused) return [[name, '', '', style.red('refused'), '', ranges]]
    const remark = autoAssign ? '' : style.dim('on request')
    return use.map(({ family, assigned, available }, index) => {
      const whole = assigned + available
      const used = `${assigned} of ${whole > 1_000_000n ? 'many' : whole}`
      return [
        index === 0 ? name : '',
        family,
        bar(assigned, whole, style),
        `${used} (${percent(assigned, whole)})`,
        index === 0 ? remark : '',
        index === 0 ? ranges : '',
      ]
    })
  })
  return renderTable(['POOL', 'FAMILY', 'USE', '', '', 'ADDRESSES'], rows, { style })
}

function renderNodes({ nodes, bgpSessions, takenAt }: StatusReport, { style, wide }: StatusOptions): string[] {
  const rows = nodes.map(node => {
    const sessions = bgpSessions.filter(session => session.node === node.name)
    const up = sessions.filter(({ state }) => state === 'Established').length
    const bgp = sessions.length === 0 ? '-' : `${up}/${sessions.length}`
    return [
      node.name,
      speakerText(node, takenAt, style),
      livenessText(node, style),
      up < sessions.length ? style.red(bgp) : bgp,
      `${node.announcements.length}`,
      addressesText(node, wide),
    ]
  })
  return renderTable(['NODE', 'SPEAKER', 'LIVENESS', 'BGP', 'LAYER 2', 'ADDRESSES'], rows, { style })
}

function speakerText({ speaker, expiredAt, draining, excluded }: NodeReport, now: string, style: Style): string {
  if (speaker === 'expired') return style.red(`gone for ${ageText(expiredAt, now)}`)
  if (speaker === 'missing') return style.yellow('none')
  if (excluded) return style.yellow(excluded)
  return draining ? style.yellow('draining') : style.green('registered')
}

/** How many of the nodes that it watches live. */
function livenessText({ liveness }: NodeReport, style: Style): string {
  if (liveness.length === 0) return '-'
  const up = liveness.filter(({ state }) => state === 'Up').length
  const text = `${up}/${liveness.length}`
  return up < liveness.length ? style.yellow(text) : text
}

function addressesText({ announcements }: NodeReport, wide: boolean): string {
  const texts = announcements.map(({ address, services }) =>
    services.length > 0 ? `${address} (${shortList(services, { longest: 2 })})` : address,
  )
  return shortList(texts, { longest: wide ? texts.length : LONGEST_LIST })
}

function renderSessions({ bgpSessions, takenAt }: StatusReport, style: Style): string[] {
  const rows = bgpSessions.map(session => [
    session.node,
    session.peer,
    session.address ?? '',
    stateText(session, style),
    session.since ? ageText(session.since, takenAt) : '',
    `${session.prefixesSent ?? ''}`,
    session.bfd === undefined ? '-' : session.bfd === 'Up' ? session.bfd : style.red(session.bfd),
    session.state === 'Established' ? '' : harmless(session.lastError ?? ''),
  ])
  return renderTable(['NODE', 'PEER', 'ADDRESS', 'STATE', 'FOR', 'PREFIXES', 'BFD', 'LAST ERROR'], rows, { style })
}

function stateText({ state }: SessionReport, style: Style): string {
  return state === 'Established' ? style.green(state) : style.red(state)
}

function renderConflicts({ conflicts, takenAt }: StatusReport, style: Style): string[] {
  const rows = conflicts.map(({ address, services, mac, node, interface: name, since }) => [
    style.red(address),
    services.join(', '),
    mac,
    `${node} on ${name}`,
    since ? ageText(since, takenAt) : '',
  ])
  return renderTable(['ADDRESS', 'SERVICES', 'HOST', 'HEARD BY', 'FOR'], rows, { style })
}

function renderComponents({ controller, speaker, leader, images }: ComponentsReport, options: StatusOptions): string[] {
  const { style, wide } = options
  const rowsOf = (component: Component, workload: Workload | undefined, remark: string) => {
    if (!workload) return []
    const others = images.filter(one => one.component === component && one.image !== workload.image)
    return [
      [component, readyText(workload, style), workload.image, remark],
      ...others.map(({ image, pods }) => {
        const nodes = pods.map(({ node }) => node)
        const where = shortList(nodes, { longest: wide ? nodes.length : LONGEST_LIST })
        return ['', `${pods.length}`, style.yellow(image), `still runs on ${where}`]
      }),
    ]
  }
  const rows = [
    ...rowsOf('controller', controller, leader ? `led by ${leader}` : ''),
    ...rowsOf('speaker', speaker, ''),
  ]
  return renderTable(['COMPONENT', 'READY', 'IMAGE', ''], rows, { style })
}

function readyText({ ready, desired }: Workload, style: Style): string {
  const text = `${ready}/${desired}`
  return ready < desired ? style.red(text) : style.green(text)
}
