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
export const COMMANDS = { status, explain, snapshot } as const satisfies Record<string, CommandDefinition>
export type CommandName = keyof typeof COMMANDS
