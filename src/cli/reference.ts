import {
  COMMON_FLAGS,
  type CommandDefinition,
  type CommandFlag,
  exitCodesOf,
  flagNotes,
  flagUsage,
  PROGRAM,
  usageOf,
} from './command.ts'

/** The page docs/reference/cli.md. */
export function cliReferencePage(commands: readonly CommandDefinition[]): string {
  return `${[
    '# The command line',
    '',
    '<!-- Made by src/bin/generate.ts; change src/cli instead. -->',
    '',
    `\`${PROGRAM}\` shows how Herald serves the LoadBalancer Services of a cluster, and why not. It reads with the credentials of a kubeconfig, decides by the functions that decide in production, and changes nothing.`,
    '',
    'It is one file, `herald.js`, for Node 24 or later. In a folder of the `PATH`, and called `kubectl-herald`, kubectl finds it; in the image of Herald it is `/herald/herald.js`, and in a checkout `npm run -s herald --`.',
    '',
    '| command | |',
    '|---|---|',
    ...commands.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`),
    '',
    '## Flags of every command',
    '',
    ...flagTable(COMMON_FLAGS),
    '',
    'Colour is used on a terminal alone. `-o json` gives the same report as data; its fields may grow, and keep their names.',
    ...commands.flatMap(command => ['', ...commandSection(command)]),
  ].join('\n')}\n`
}

function commandSection(command: CommandDefinition): string[] {
  const { name, summary, description, flags, examples } = command
  return [
    `## ${name}`,
    '',
    `${summary}.`,
    '',
    '```sh',
    usageOf(command),
    '```',
    ...description.flatMap(paragraph => ['', paragraph]),
    ...(Object.keys(flags).length > 0 ? ['', ...flagTable(flags)] : []),
    '',
    '| exit code | |',
    '|---|---|',
    ...exitCodesOf(command).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    '```sh',
    ...examples.flatMap(({ what, command: line }) => [`# ${what}`, line]),
    '```',
  ]
}

function flagTable(flags: Readonly<Record<string, CommandFlag>>): string[] {
  const rows = Object.entries(flags).map(
    ([name, flag]) => `| \`${flagUsage(name, flag)}\` | ${flag.help}${flagNotes(flag)} |`,
  )
  return ['| flag | |', '|---|---|', ...rows]
}
