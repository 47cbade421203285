import { NODE_WITHHOLD_REASONS, SERVICE_WITHHOLD_REASONS } from '../speaker/withhold-reason.ts'
import { ANNOUNCED_REASONS } from './announced-reasons.ts'

const CONDITION = `## Is it announced?

Whether nodes of the cluster draw the traffic for the addresses of a Service stands in its condition \`herald.io/Announced\`. A Service without an
address has none, and one that was just given its address gets it as soon as a node announces it, or after two seconds. \`True\`
means: *every* address is announced, be it by layer 2 (ARP, NDP), by BGP or by both.

| reason | status | meaning | what to do |
|---|---|---|---|`

const NODES = `## Why not by this node?

The message of \`NoEligibleNode\` gives these for each node, and the log of each speaker gives its own (at level \`debug\`, when it withholds
what it did not announce before).

| reason | meaning | what to do |
|---|---|---|`

const SERVICES = `The log of a speaker gives these too; they are the same on all nodes:

| reason | meaning | what to do |
|---|---|---|`

/** Writes the reference of the reasons around announcing as Markdown. */
export function announcedReasonsSection(): string {
  const reasons = Object.entries(ANNOUNCED_REASONS).map(
    ([reason, { status, meaning, advice }]) => `| \`${reason}\` | ${status} | ${meaning} | ${advice} |`,
  )
  return [
    ...[CONDITION, ...reasons, ''],
    ...[NODES, ...rows(NODE_WITHHOLD_REASONS), ''],
    ...[SERVICES, ...rows(SERVICE_WITHHOLD_REASONS), ''],
  ].join('\n')
}

function rows(reasons: Readonly<Record<string, { meaning: string; advice: string }>>): string[] {
  return Object.entries(reasons).map(([reason, { meaning, advice }]) => `| \`${reason}\` | ${meaning} | ${advice} |`)
}
