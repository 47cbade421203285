import { ALLOCATION_REASONS } from './reasons.ts'

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from src/allocator/reasons.ts, src/controller/announced-reasons.ts and src/speaker/withhold-reason.ts; change it there. -->

# Reasons

## Has it an address?

Why a Service has its address, or has none, stands in its condition \`herald.io/AddressAllocated\`:

\`\`\`sh
kubectl get service NAME -o jsonpath='{.status.conditions[?(@.type=="herald.io/AddressAllocated")]}'
\`\`\`

Its \`reason\` is one of the words below and never changes its meaning; its \`message\` names the pools, addresses and Services
in question. A Service with \`status: "True"\` has an address, whatever the reason. A Service that waits is looked at again
whenever an address is freed or a pool changes: nothing needs to be restarted or created anew.

When the reason changes, an event of the Service tells so once. Events carry the reasons that MetalLB's users know, given in
the last column; their message begins with the word of the first.

| reason | meaning | what to do | event |
|---|---|---|---|`

/** Writes the reference of the reasons as Markdown. */
export function reasonsPage(): string {
  const rows = Object.entries(ALLOCATION_REASONS).map(
    ([reason, { meaning, advice, event }]) => `| \`${reason}\` | ${meaning} | ${advice} | \`${event}\` |`,
  )
  return `${[INTRODUCTION, ...rows].join('\n')}\n`
}
