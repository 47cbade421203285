/**
 * Stands before the API server and spoils some of its answers: run by ApiProxy in the control plane's namespace.
 *
 *   node api-proxy-program.ts PKI_FOLDER SERVICE_ADDRESS ADDRESS PORT SERVER_PORT NODE_NAMESPACE_FILE…
 *
 * Takes a line of JSON (Spoiling) for each change on standard input, and prints a line of JSON (ProxyCounts) after each change. When the input ends, however
 * its parent ended, it takes the nodes' rules away and ends.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ProxyCounts, Spoiling } from './api-proxy.ts'
import { deleteTable, faultTables } from './fault-tables.ts'

const [folder = '', service = '', address = '', port = '', serverPort = '', ...nodes] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(folder, name))
const agent = new Agent({ ca: read('ca.crt'), keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const counts: ProxyCounts = { requests: 0, spoilt: 0 }
let spoiling: Spoiling = { how: 'not', share: 0 }

const server = createServer(
  { cert: read('kube-apiserver.crt'), key: read('kube-apiserver.key') },
  (incoming, outgoing) => {
    counts.requests++
    const { how, share, lateMs = 0 } = spoiling
    if (how === 'not' || Math.random() >= share) return forward(incoming, outgoing)
    counts.spoilt++
    if (how === 'late') setTimeout(() => forward(incoming, outgoing), lateMs)
    else if (how === 'cut') incoming.socket.destroy()
    else refuse(outgoing, how)
  },
)
// An answer that streams lasts for as long as its watch.
server.requestTimeout = 0
server.timeout = 0
server.listen(Number(port), address, () => {
  removeRules()
  const rule = `ip daddr ${service} tcp dport 443 dnat ip to ${address}:${port}`
  const chain = (name: string, hook: string) => `chain ${name} { type nat hook ${hook} priority -150; ${rule}; }`
  nft(`table ${faultTables.apiProxy} {\n${chain('out', 'output')}\n${chain('pre', 'prerouting')}\n}`)
  say(counts)
})

/** Runs a script on each node. */
function nft(script: string): void {
  for (const node of nodes) {
    const { status, stderr } = spawnSync('nsenter', [`--net=${node}`, '--', 'nft', script], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`nft on ${node}: ${stderr}`)
  }
}

function removeRules(): void {
  nft(deleteTable(faultTables.apiProxy))
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming
  const onward = request({ host: address, port: Number(serverPort), method, path: url, headers, agent })
  onward.on('response', answer => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
    outgoing.flushHeaders()
    answer.pipe(outgoing)
    answer.on('error', () => outgoing.destroy())
    answer.on('close', () => {
      if (!answer.complete) outgoing.destroy()
    })
  })
  // A server that is away refuses the connection, or breaks it; so does its proxy.
  onward.on('error', () => outgoing.socket?.destroy())
  outgoing.on('close', () => onward.destroy())
  incoming.pipe(onward)
}

/** In the API server's own form (meta/v1 Status); 429 with the header that priority and fairness sends. */
function refuse(outgoing: ServerResponse, code: 429 | 500): void {
  const reason = code === 429 ? 'TooManyRequests' : 'InternalError'
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: `a fault: ${reason}` }
  outgoing.writeHead(code, { 'content-type': 'application/json', ...(code === 429 && { 'retry-after': '1' }) })
  outgoing.end(JSON.stringify(status))
}

function say(line: ProxyCounts): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

createInterface({ input: process.stdin })
  .on('line', line => {
    spoiling = JSON.parse(line) as Spoiling
    // Watches that are open would outlive the fault untouched.
    if (spoiling.how !== 'not') server.closeAllConnections()
    say(counts)
  })
  .on('close', () => {
    removeRules()
    process.exit(0)
  })
