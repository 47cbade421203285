import assert from 'node:assert/strict'
import { parseArguments, UsageError } from '../../../src/bin/cli/arguments.ts'
import { FlagError, integerFlag, objectNameFlag, portFlag, readFlags } from '../../../src/bin/common/flags.ts'
import { FLAGS as CONTROLLER_FLAGS } from '../../../src/bin/controller/flags.ts'
import { FLAGS as SPEAKER_FLAGS } from '../../../src/bin/speaker/flags.ts'
import { COMMANDS } from '../../../src/cli/commands.ts'
import type { FuzzTarget } from '../target.ts'
import { ofText, textFormat, textOf } from '../text-format.ts'

const FLAGS = { ...CONTROLLER_FLAGS, ...SPEAKER_FLAGS }
const names = Object.keys(FLAGS).map(name => `--${name}`)

/** Words of a command line, one a line. */
export const flags: FuzzTarget = {
  name: 'flags',
  format: textFormat([...names, ...Object.keys(COMMANDS), '\n', '=', '--', '-n', '-o', 'json', '0', '65535', '1e3']),
  seeds: [
    names.map(name => `${name}=1`).join('\n'),
    ...names.map(name => `${name}\n7`),
    ...Object.keys(COMMANDS).map(command => `${command}\nweb\n-n\nshop\n-o\njson`),
    '--help',
  ].map(ofText),
  check(input) {
    const args = textOf(input).split('\n')
    const outcomes: string[] = []
    for (const [process, flags] of Object.entries({ controller: CONTROLLER_FLAGS, speaker: SPEAKER_FLAGS })) {
      const isRead = isReadable(FlagError, () => {
        const values = readFlags(flags, args, {})
        assert.equal(typeof (values.text('log-level') ?? ''), 'string')
        portFlag(values, 'port')
        integerFlag(values, 'health-probe-port', { minimum: 0, maximum: 65535 })
        objectNameFlag(values, 'liveness-secret')
      })
      if (isRead) outcomes.push(process)
    }
    const isRead = isReadable(UsageError, () => {
      const parsed = parseArguments(args, {})
      if ('command' in parsed) assert.ok(Object.hasOwn(COMMANDS, parsed.command))
    })
    if (isRead) outcomes.push('command')
    return outcomes.join(' ') || 'refused'
  },
}

/** False if it is refused as whoever wrote the command line can understand; throws for anything else. */
function isReadable(refusal: typeof FlagError | typeof UsageError, read: () => void): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (!(error instanceof refusal)) throw error
    assert.ok(error.message.length > 0)
    return false
  }
}
