import { type ParseArgsConfig, parseArgs } from 'node:util'
import { COMMON_FLAGS, type CommandDefinition, type CommandFlag, usageOf } from '../../cli/command.ts'
import { COMMANDS, type CommandName } from '../../cli/commands.ts'

/** What a command line asks for. */
export interface Invocation {
  readonly command: CommandName
  /** what stands behind the command, where it takes that */
  readonly positional: string
  text(flag: string): string | undefined
  list(flag: string): readonly string[]
  on(flag: string): boolean
}

export type ParsedArguments = Invocation | { readonly help: CommandName | 'all' }

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads the words behind the program's name.
 *
 * @throws UsageError for unknown commands and flags, and values that a flag cannot have
 */
export function parseArguments(args: readonly string[], env: NodeJS.ProcessEnv): ParsedArguments {
  const [name = '', ...rest] = args
  if (['', '-h', '--help', 'help'].includes(name)) {
    const [of = ''] = rest
    return { help: name === 'help' && isCommand(of) ? of : 'all' }
  }
  if (!isCommand(name)) {
    throw new UsageError(
      name.startsWith('-')
        ? `${name}: the command comes first, and its flags behind it`
        : `there is no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`,
    )
  }
  const definition: CommandDefinition = COMMANDS[name]
  const flags: Record<string, CommandFlag> = { ...COMMON_FLAGS, ...definition.flags }
  const { values, positionals } = parse(rest, flags)
  if (values.help === true) return { help: name }
  const wanted = definition.positional ? 1 : 0
  if (positionals.length > wanted)
    throw new UsageError(`"${positionals[wanted]}" is one word too many: ${usageOf(definition)}`)
  if (positionals.length < wanted) throw new UsageError(`${definition.positional} is missing: ${usageOf(definition)}`)
  for (const [flag, { oneOf }] of Object.entries(flags)) {
    const value = values[flag]
    if (typeof value === 'string' && oneOf && !oneOf.includes(value)) {
      throw new UsageError(`--${flag}: "${value}" is not one of ${oneOf.join(', ')}`)
    }
  }
  return {
    command: name,
    positional: positionals[0] ?? '',
    text: flag => {
      const { env: variable, default: standard } = flags[flag] ?? {}
      // An empty variable says nothing.
      return (values[flag] as string | undefined) ?? ((variable && env[variable]) || standard)
    },
    list: flag => (values[flag] as string[] | undefined) ?? [],
    on: flag => values[flag] === true,
  }
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

function parse(args: readonly string[], flags: Readonly<Record<string, CommandFlag>>) {
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, { type, short, multiple = false }] of Object.entries(flags)) {
    options[name] = { type, multiple, ...(short && { short }) }
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
    return { values: values as Record<string, unknown>, positionals }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const [flag = ''] = /--?[^'=\s]+/.exec(message) ?? []
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(`${flag}: there is no such flag`)
    throw new UsageError(message.split('. ', 1)[0] ?? message)
  }
}
