/**
 * Evaluates an expression in a Node.js process: run by evaluateIn() in that process's network namespace, after SIGUSR1 has opened its
 * inspector there.
 *
 *   node inspector-program.ts EXPRESSION
 *
 * Prints the value of the expression, evaluated in the process's main thread, as JSON.
 */
interface Answer {
  id?: number
  result?: { result?: { value?: unknown }; exceptionDetails?: unknown }
}

const INSPECTOR = 'http://127.0.0.1:9229/json/list'
const PATIENCE_MS = 15_000

const [expression = ''] = process.argv.slice(2)
const deadlineMs = Date.now() + PATIENCE_MS
const socket = new WebSocket(await inspectorUrl())
const evaluate = (id: number, code: string) =>
  socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression: code, returnByValue: true } }))
socket.onopen = () => evaluate(1, expression)
socket.onmessage = ({ data }) => {
  const { id, result } = JSON.parse(String(data)) as Answer
  if (id !== 1) return
  process.exitCode = result?.exceptionDetails === undefined ? 0 : 1
  if (process.exitCode === 1) console.error(JSON.stringify(result?.exceptionDetails))
  process.stdout.write(`${JSON.stringify(result?.result?.value ?? null)}\n`)
  // Gone when this connection is: the next one to come opens another inspector.
  evaluate(2, 'setTimeout(() => process._debugEnd()).unref(), 0')
}
socket.onclose = () => process.exit()
socket.onerror = () => process.exit(1)

async function inspectorUrl(): Promise<string> {
  for (;;) {
    try {
      const [target] = (await (await fetch(INSPECTOR)).json()) as { webSocketDebuggerUrl: string }[]
      return target!.webSocketDebuggerUrl
    } catch (error) {
      if (Date.now() > deadlineMs) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
