/**
 * Evaluates an expression in a Node.js process: run by evaluateIn() in that process's network namespace, after SIGUSR1 has opened its
 * inspector there.
 *
 *   node inspector-program.ts EXPRESSION
 *
 * Prints the value of the expression, evaluated in the process's main thread, as JSON.
 */
const INSPECTOR = 'http://127.0.0.1:9229/json/list'
const PATIENCE_MS = 10_000

const [expression = ''] = process.argv.slice(2)
const deadlineMs = Date.now() + PATIENCE_MS
const socket = new WebSocket(await inspectorUrl())
socket.onopen = () => {
  const params = { expression, returnByValue: true }
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }))
}
socket.onmessage = ({ data }) => {
  const { result } = JSON.parse(String(data)) as {
    result?: { result?: { value?: unknown }; exceptionDetails?: unknown }
  }
  if (result?.exceptionDetails !== undefined) console.error(JSON.stringify(result.exceptionDetails))
  process.stdout.write(`${JSON.stringify(result?.result?.value ?? null)}\n`)
  process.exit(result?.exceptionDetails === undefined ? 0 : 1)
}
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
