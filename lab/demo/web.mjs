// The page of the demo: says which Pod answered on which node, and what it saw of the client.
import { createServer } from 'node:http'

const { POD_NAME: pod = '?', NODE_NAME: node = '?', PORT: port = '8080' } = process.env

const server = createServer((request, response) => {
  const client = request.socket.remoteAddress.replace(/^::ffff:/, '')
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`Hello from ${pod} on ${node}; you are ${client}\n`)
})
server.keepAliveTimeout = 1000
server.listen(Number(port), '::') // with IPv4: a dual-stack socket
process.on('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections())
