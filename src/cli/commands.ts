import type { CommandDefinition } from './command.ts'

const status: CommandDefinition = {
  name: 'status',
  summary: 'Show what is wrong, then pools, nodes, BGP sessions and conflicts',
  description: [
    'Problems come first, each with what to do about it. Then come the pools with their use, what each node announces on layer 2 and how many of its liveness and BGP sessions are up, every BGP session, address conflicts, and the versions that run.',
    'Which Services have no address, or are not announced, is found by the functions that decide in production, on what the API server says now; no status that may be out of date is taken for granted.',
  ],
  flags: { wide: { type: 'boolean', short: 'w', help: 'list all addresses of every node' } },
  examples: [
    { command: 'kubectl herald status', what: 'what is going on' },
    {
      command: 'kubectl herald status -o json | jq \'.findings[] | select(.level == "error")\'',
      what: 'the errors, for a script',
    },
  ],
  foundMeans: 'there is an error among the problems',
}

const explain: CommandDefinition = {
  name: 'explain',
  positional: 'SERVICE',
  summary: 'Show the whole way of one Service: pools, nodes, endpoints, and what to do next',
  description: [
    'Asks of every pool why it serves the Service or does not, of every node why it announces each address or does not, by layer 2 and by BGP, and looks at what comes behind: endpoints, kube-proxy, source ranges.',
    'The answers come from the functions that decide in production. Where the conditions on the Service say something else, that is told: then the controller has not come to it yet, or does not run.',
  ],
  flags: {
    namespace: {
      type: 'string',
      short: 'n',
      value: 'NAME',
      help: "namespace of the Service; without it the kubeconfig's, else default",
    },
  },
  examples: [
    { command: 'kubectl herald explain web', what: 'the Service web of the current namespace' },
    { command: 'kubectl herald explain web -n shop', what: 'the Service web in the namespace shop' },
  ],
  foundMeans: 'the Service has no address, is not announced, or something else on its way is wrong',
}

const plan: CommandDefinition = {
  name: 'plan',
  summary: 'Show what a drained node, a lost node or a new configuration would move, and do nothing',
  description: [
    'A controller and the speakers of all nodes, made of the functions that decide in production, work out in memory what the cluster comes to as it is, and what it comes to after the change. The difference is shown: which Services get other addresses, which addresses another node announces on layer 2, which routes are withdrawn from routers and which are announced.',
    'Objects in files take the place of those of the same kind and name; the others stay. Where an object would be refused, that is told too. A drained node announces by BGP with the community GRACEFUL_SHUTDOWN first; the plan shows what is so after that.',
  ],
  flags: {
    drain: {
      type: 'string',
      value: 'NODE',
      multiple: true,
      help: 'as if the node had the annotation herald.io/drain: "true"',
    },
    lose: {
      type: 'string',
      value: 'NODE',
      multiple: true,
      help: 'as if the speaker of the node died, its pods living on',
    },
    filename: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      multiple: true,
      help: 'as if the objects in the file or folder were applied; - reads standard input',
    },
  },
  examples: [
    { command: 'kubectl herald plan --drain node-1', what: 'what moves when node-1 is drained' },
    { command: 'kubectl herald plan -f pools.yaml', what: 'what a change of the pools does' },
    { command: 'kubectl herald plan --lose node-1 --lose node-2', what: 'what remains when two nodes die' },
  ],
  foundMeans: 'a Service would lose its address or nobody would announce it, or an object would be refused',
}

const check: CommandDefinition = {
  name: 'check',
  summary: "Look at what Herald's work depends on, or at files before they are applied",
  description: [
    'On a cluster: refused objects, strictARP where kube-proxy runs in IPVS mode, pools that hold addresses of nodes, pods or cluster IPs, liveness sessions between the nodes (UDP port 7946), other load balancers and BGP programs. What only a node itself knows (rp_filter, MTU, who listens on TCP port 179) is looked at with --local, in a pod that has the network of the node. Gateways and peers are not pinged.',
    'On files (-f), without any cluster: every object is read by the functions that read it in production, each by itself and all together; a problem is named with file, object and field. Secrets that are named and not in the files are taken to be right.',
  ],
  flags: {
    filename: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      multiple: true,
      help: 'check the objects in the file or folder instead of a cluster; - reads standard input',
    },
    local: { type: 'boolean', help: 'look at the node that the command runs on as well' },
  },
  examples: [
    { command: 'kubectl herald check', what: 'the cluster' },
    { command: 'kubectl herald check -f pools.yaml', what: 'a file, as in a pipeline' },
    {
      command: 'kubectl exec -n herald-system daemonset/herald-speaker -- node /herald/herald.js check --local',
      what: 'a node, from the speaker on it',
    },
  ],
  foundMeans: 'there is an error among what was found',
}

const migrate: CommandDefinition = {
  name: 'migrate',
  summary: 'Take over from a MetalLB: report what carries over, then lead through it, no address changing',
  description: [
    "Reads MetalLB's workloads and objects in its namespace, lets the functions of Herald work out in memory what they would make of them, and reports which Services would keep their addresses, which objects would be refused, and what works otherwise. When something cannot be carried over, it ends here, and nothing is changed.",
    'Then it takes the steps of the page on moving from MetalLB: it says what each does and with which commands of kubectl and helm, asks, runs them, and looks at the cluster until it is so. It ends at the first step that does not come true, and whenever a Service has another address than before, with the commands that lead back. Which steps are done is seen in the cluster: after an interruption, the same command goes on where it ended.',
    'Whoever cannot be asked, because standard input is no terminal, says --yes. With --dry-run, -o json or --snapshot it only shows.',
  ],
  flags: {
    from: { type: 'string', value: 'NAME', help: 'namespace of MetalLB; without it, it is looked for' },
    'dry-run': { type: 'boolean', help: 'show the report and all steps, and change nothing' },
    yes: { type: 'boolean', short: 'y', help: 'take all steps without asking' },
    chart: {
      type: 'string',
      value: 'CHART',
      default: 'charts/herald',
      help: "Herald's chart, as helm takes it: a folder, a file or a reference",
    },
    values: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      multiple: true,
      help: "values for the chart; those of MetalLB's chart do",
    },
    set: { type: 'string', value: 'NAME=VALUE', multiple: true, help: 'one value for the chart' },
    timeout: { type: 'string', value: 'SECONDS', default: '300', help: 'how long a step may take to come true' },
  },
  examples: [
    { command: 'kubectl herald migrate --dry-run', what: 'what moving would mean, step by step' },
    { command: 'kubectl herald migrate -f values.yaml', what: 'move, and be asked before each step' },
    { command: 'kubectl herald migrate -f values.yaml --yes', what: 'move without being asked' },
  ],
  goodMeans: 'Herald has taken over, or, where nothing was to be done, nothing is in the way',
  foundMeans: 'something cannot be carried over, a step did not come true, or you said no',
}

const snapshot: CommandDefinition = {
  name: 'snapshot',
  summary: 'Write what the other commands look at to standard output, as JSON',
  description: [
    'The file serves as --snapshot of all commands, on any machine: for support, for tests, for comparing with tomorrow. Secrets are in it by their names and types alone, and objects without annotations of kubectl and managed fields.',
  ],
  flags: {},
  examples: [
    { command: 'kubectl herald snapshot > cluster.json', what: 'keep how the cluster is now' },
    { command: 'kubectl herald status --snapshot cluster.json', what: 'look at it elsewhere' },
  ],
}

/** All commands, in the order in which the help lists them. */
export const COMMANDS = { status, explain, plan, check, migrate, snapshot } as const satisfies Record<
  string,
  CommandDefinition
>
export type CommandName = keyof typeof COMMANDS
