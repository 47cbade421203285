/**
 * Fetches pages all the time and tells of each that failed or took long: run by PageLoop in a client's namespace.
 *
 *   node page-loop-program.ts EVERY_MS TIMEOUT_MS SLOW_MS ALL ADDRESS…
 *
 * Each request has a connection of its own. A line of JSON for each bad one (ALL 1: for each); when standard input ends it starts no
 * more, and prints a summary after the last has ended.
 */
import { connect } from 'node:net'
import type { PageLoopSummary, Visit } from './page-loop.ts'

const [everyMs = 20, timeoutMs = 3000, slowMs = 1000, tellAll = 0] = process.argv.slice(2, 6).map(Number)
const addresses = process.argv.slice(6)

const summary: PageLoopSummary = { requests: 0, bad: 0, slowestMs: 0, medianMs: 0, byNode: {} }
const times: number[] = []
let open = 0
let ending = false

const say = (line: Visit | PageLoopSummary) => process.stdout.write(`${JSON.stringify(line)}\n`)

function fetchPage(address: string): void {
  const [atMs, startedMs] = [Date.now(), performance.now()]
  let text = ''
  let outcome: string | undefined
  let connected = false
  open++
  const socket = connect({ host: address, port: 80, noDelay: true })
  const timer = setTimeout(() => {
    outcome = 'unanswered'
    socket.destroy()
  }, timeoutMs)
  socket.setEncoding('utf8')
  socket.on('connect', () => {
    connected = true
    socket.write(`GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`)
  })
  socket.on('data', chunk => {
    text += chunk
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    outcome ??= error.code ?? error.message
  })
  socket.on('close', () => {
    clearTimeout(timer)
    const tookMs = performance.now() - startedMs
    const page = / on (\S+); you are /.exec(text)
    if (page === null) outcome ??= 'cut off'
    else summary.byNode[page[1]!] = (summary.byNode[page[1]!] ?? 0) + 1
    if (outcome === undefined && tookMs > slowMs) outcome = 'slow'
    if (outcome !== undefined) summary.bad++
    if (outcome !== undefined || tellAll) say({ address, atMs, tookMs: Math.round(tookMs), connected, outcome })
    if (!tellAll) times.push(tookMs)
    summary.requests++
    summary.slowestMs = Math.max(summary.slowestMs, Math.round(tookMs))
    open--
    finish()
  })
}

// Every address has its own beat, so that requests do not come in bursts.
const timers: NodeJS.Timeout[] = []
for (const [i, address] of addresses.entries()) {
  setTimeout(
    () => {
      if (!ending) timers.push(setInterval(() => fetchPage(address), everyMs))
    },
    (everyMs * i) / addresses.length,
  )
}

function finish(): void {
  if (!ending || open > 0) return
  times.sort((one, other) => one - other)
  summary.medianMs = times[times.length >> 1] ?? 0
  say(summary)
  process.exit(0)
}

process.stdin.resume().on('end', () => {
  ending = true
  for (const timer of timers) clearInterval(timer)
  finish()
})
