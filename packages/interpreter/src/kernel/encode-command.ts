import type { KernelCommand } from './kernel-event.ts'

/** Names that a shell takes for variables; others cannot be set there. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A line of JSON. */
export function encodeJson(command: KernelCommand): string {
  return `${JSON.stringify(command)}\n`
}

/**
 * A line that bash runs: the cell is evaluated outside of any function, so that what it declares stays. NULs, which no shell can hold, are
 * left out.
 */
export function encodeBash({ code, env, sandboxEnv, reseed }: KernelCommand): string {
  const assignments = (variables: Readonly<Record<string, string>>): string =>
    Object.entries(variables)
      .filter(([name]) => SHELL_NAME.test(name))
      .map(([name, value]) => ` ${quoted(`${name}=${value}`)}`)
      .join('')
  const prepare = [
    ...(reseed ? ['RANDOM=$SRANDOM'] : []),
    ...(Object.keys(sandboxEnv).length > 0 ? [`export --${assignments(sandboxEnv)}`] : []),
    `__drowse_begin${assignments(env)}`,
  ]
  return `${prepare.join('; ')}; eval ${quoted(code)} </dev/null 4>&-\n`
}

/** A line of fields in base64: `1` or `0` for fresh random numbers, the code, the number of the cell's own variables, then all variables. */
export function encodeFields({ code, env, sandboxEnv, reseed }: KernelCommand): string {
  const pairs = (variables: Readonly<Record<string, string>>): string[] =>
    Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const own = pairs(env)
  const fields = [reseed ? '1' : '0', code, String(own.length), ...own, ...pairs(sandboxEnv)]
  return `${fields.map((field) => Buffer.from(field).toString('base64')).join(' ')}\n`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", String.raw`'\''`)}'`
}
