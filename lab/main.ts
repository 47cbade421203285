import { parseArgs } from 'node:util'
import { machineKubeconfig } from './api-port.ts'
import { buildHelm, defaultKubernetesVersion } from './build.ts'
import { daemonLog, daemonNames } from './daemons.ts'
import { takeDown } from './down.ts'
import { helmEnvironment, heraldNamespace } from './herald.ts'
import { helmCommand, kubectl, kubectlCommand } from './kubectl.ts'
import { type Lab, requireLab } from './lab.ts'
import { lockLab } from './lock.ts'
import { inNamespace } from './network.ts'
import { defaultLabName } from './paths.ts'
import { runInteractive } from './process.ts'
import { say, step } from './progress.ts'
import { vtySockets } from './router.ts'
import { printStatus } from './status.ts'
import { clientAddresses, maximumNodes } from './topology.ts'
import { defaultNodes, prepare, up } from './up.ts'

const usage = `A real Kubernetes cluster on this machine, with Herald on it and a client outside.

usage: npm run lab -- [--name NAME] [COMMAND]

commands:
  up [OPTION…]          start it (the default), or bring a running one up to date with the sources
      --nodes N             nodes, 1 to ${maximumNodes} (default: ${defaultNodes})
      --kubernetes VERSION  another Kubernetes than ${defaultKubernetesVersion}; built from source, minutes the first time
      --no-herald           the cluster alone
      --no-demo             Herald without the demo's pool and web server
      --fresh               start anew even if a lab runs
  prepare               install and build what \`up\` needs, and start nothing
  status                what runs, and whether it is well
  kubectl ARGUMENT…     kubectl as the cluster's administrator
  helm ARGUMENT…        Helm as the cluster's administrator
  client COMMAND…       run a command as the client outside the cluster, on the nodes' segment
                        (it has the addresses ${clientAddresses.join(', ')})
  outside COMMAND…      run a command as a client behind the router
  router COMMAND…       run a command on the router, e.g. vtysh -c 'show bgp summary'
  node NODE COMMAND…    run a command in a node's network namespace
  logs [COMPONENT]      a component's log; without a name, which there are
  down                  stop everything and leave nothing behind

--name lets several labs run at once (default: herald).
Variables: HERALD_CACHE, where binaries and images are kept (default: ~/.cache/herald); HERALD_LAB_DIR, where the state of
the running lab lies (default: /var/tmp/NAME-lab).`

/** A mistake in the command line; shown without a stack. */
class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  let name: string = defaultLabName
  if (args[0] === '--name') {
    name = args[1] ?? ''
    args = args.slice(2)
    // Becomes part of names of namespaces, control groups and folders.
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
      throw new UsageError(`--name takes small letters, digits and hyphens, not "${name}"`)
  }
  const [command = 'up', ...rest] = args
  // The usage, but not that of a command which is passed on.
  if (
    command === '--help' ||
    command === '-h' ||
    command === 'help' ||
    (rest[0] === '--help' && ['up', 'prepare', 'status', 'logs', 'down'].includes(command))
  ) {
    console.log(usage)
    return 0
  }
  // A name behind "down" must not take down another lab.
  if (['prepare', 'status', 'down'].includes(command) && rest.length > 0)
    throw new UsageError(`${command} takes nothing, not "${rest.join(' ')}"; --name goes before the command`)
  switch (command) {
    case 'up':
      return await runUp(name, rest)
    case 'prepare':
      await prepare({ herald: true })
      return 0
    case 'status':
      return (await printStatus(name)) ? 0 : 1
    case 'down':
      return await runDown(name)
    case 'kubectl':
      return await runInteractive(kubectlCommand(requireLab(name), rest))
    case 'helm':
      return await runHelm(requireLab(name), rest)
    case 'logs':
      return await runLogs(requireLab(name), rest)
    case 'client':
      return await runAs(requireLab(name).topology.client.namespace, rest)
    case 'outside':
      return await runAs(requireLab(name).topology.outside.namespace, rest)
    case 'router':
      return await runOnRouter(requireLab(name), rest)
    case 'node':
      return await runOnNode(requireLab(name), rest)
  }
  if (command.startsWith('--')) return await runUp(name, args) // "npm run lab -- --nodes 5"
  throw new UsageError(`no such command: ${command}`)
}

async function runUp(name: string, args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      nodes: { type: 'string' },
      kubernetes: { type: 'string' },
      herald: { type: 'boolean', default: true },
      demo: { type: 'boolean', default: true },
      fresh: { type: 'boolean', default: false },
    },
  })
  const nodes = values.nodes === undefined ? undefined : Number(values.nodes)
  if (nodes !== undefined && !(Number.isInteger(nodes) && nodes >= 1 && nodes <= maximumNodes)) {
    throw new UsageError(`--nodes takes a number from 1 to ${maximumNodes}, not "${values.nodes}"`)
  }
  const { herald, kubernetes, fresh } = values
  const started = performance.now()
  const { lab, demo } = await locked(name, () =>
    up({ name, nodes, kubernetes, herald, demo: values.demo && herald, fresh }),
  )
  const show = async (...get: string[]) =>
    console.log(`$ kubectl ${get.join(' ')}\n${(await kubectl(lab, get)).stdout}`)
  await show('get', 'nodes,pods,svc')
  if (herald) await show('get', 'pods', '--namespace', heraldNamespace)
  if (demo !== undefined)
    console.log(`$ curl http://${demo.address}/   (as the client outside the cluster)\n${demo.page}\n`)
  console.log(`Up in ${Math.round((performance.now() - started) / 1000)} s. Try next:`)
  const suggestions = [
    'kubectl get svc -w',
    ...(demo === undefined
      ? ['kubectl get nodes -o wide']
      : [`client curl -s http://${demo.address}/`, `client arping -c 3 -I eth0 ${demo.address}`, 'logs speaker']),
    'status',
    'down',
  ]
  const prefix = name === defaultLabName ? 'npm run lab --' : `npm run lab -- --name ${name}`
  for (const suggestion of suggestions) console.log(`  ${prefix} ${suggestion}`)
  console.log(`or use your own tools: export KUBECONFIG=${machineKubeconfig(lab)}`)
  return 0
}

async function runDown(name: string): Promise<number> {
  await locked(name, () => step('taking the lab down', '', () => takeDown(name)))
  console.log(
    'Nothing of the lab is left: no process, namespace, mount or control group. Binaries and images stay in the cache.',
  )
  return 0
}

async function runHelm(lab: Lab, args: string[]): Promise<number> {
  return await runInteractive(helmCommand(lab, await buildHelm(), args), helmEnvironment(lab))
}

async function runAs(namespace: string, command: string[]): Promise<number> {
  if (command.length === 0) throw new UsageError('which command shall be run?')
  return await runInteractive([...inNamespace(namespace), ...command])
}

async function runOnRouter(lab: Lab, command: string[]): Promise<number> {
  // vtysh finds its daemons by a folder of sockets that is not at the usual place.
  const [program, ...rest] = command
  const found = program === 'vtysh' ? ['vtysh', '--vty_socket', vtySockets(lab), ...rest] : command
  return await runAs(lab.topology.router.namespace, found)
}

async function runOnNode(lab: Lab, [nodeName, ...command]: string[]): Promise<number> {
  const node = lab.topology.nodes.find(({ name }) => name === nodeName)
  if (node === undefined)
    throw new UsageError(`which node? One of ${lab.topology.nodes.map(({ name }) => name).join(', ')}`)
  return await runAs(node.namespace, command)
}

/** Herald's own components are Pods, all others are processes with a log file. */
async function runLogs(lab: Lab, [component, ...rest]: string[]): Promise<number> {
  if (component === undefined) {
    console.log(['controller', 'speaker', ...daemonNames(lab)].join('\n'))
    return 0
  }
  if (component === 'controller' || component === 'speaker') {
    const selector = `--selector=app.kubernetes.io/component=${component}`
    const options = ['--namespace', heraldNamespace, selector, '--prefix', '--tail=-1', '--max-log-requests=50']
    return await runInteractive(kubectlCommand(lab, ['logs', ...options, ...rest]))
  }
  if (!daemonNames(lab).includes(component)) {
    throw new UsageError(`no component "${component}"; there are: controller, speaker, ${daemonNames(lab).join(', ')}`)
  }
  const follow = rest.includes('-f') || rest.includes('--follow')
  return await runInteractive([...(follow ? ['tail', '-n', '+1', '-f'] : ['cat']), daemonLog(lab, component)])
}

async function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  const unlock = lockLab(name)
  const interrupted = (signal: NodeJS.Signals) => {
    unlock()
    process.stderr.write('\n')
    say('interrupted. "npm run lab" starts anew, "npm run lab -- down" removes what was started')
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    return await work()
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    unlock()
  }
}

main(process.argv.slice(2)).then(
  code => {
    process.exitCode = code
  },
  (error: NodeJS.ErrnoException) => {
    const mistaken = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS')
    say(error.message)
    if (mistaken) say('"npm run lab -- --help" shows what there is')
    process.exitCode = mistaken ? 2 : 1
  },
)
