import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { TestInterpreter, type Answer } from './testing/test-interpreter.ts'

// Kernels are real programs, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let interpreter: TestInterpreter
const js = (code: string, env?: Record<string, string>): Promise<Answer> =>
  interpreter.run({ code, language: 'js', ...(env === undefined ? {} : { env_vars: env }) })
const ts = (code: string): Promise<Answer> => interpreter.run({ code, language: 'ts' })

beforeAll(async () => {
  interpreter = await TestInterpreter.start()
})
afterAll(() => interpreter[Symbol.asyncDispose]())

describe('JavaScript contexts', () => {
  it('give the value of the last expression; declarations may be repeated', async () => {
    expect((await js('const a = 1; a')).results).toEqual([{ type: 'result', is_main_result: true, text: '1' }])
    expect((await js('const a = 41; function f() { return a + 1 }; f()')).results[0]?.['text']).toBe('42')
    expect((await js('let b')).results).toEqual([])
    expect((await js('"text"')).results[0]?.['text']).toBe('text')
    expect((await js('12n ** 20n')).results[0]?.['text']).toBe(`${12n ** 20n}n`)
    expect((await js('({ a: [1] })')).results[0]).toMatchObject({ text: '{ a: [ 1 ] }', json: { a: [1] } })
  })

  it('await at the top and import in every way', async () => {
    await mkdir(join(interpreter.folder, 'node_modules/pack'), { recursive: true })
    await writeFile(join(interpreter.folder, 'node_modules/pack/index.js'), 'exports.n = 7')
    await writeFile(join(interpreter.folder, 'own.mjs'), 'export default 5; export const six = 6')
    await writeFile(join(interpreter.folder, 'data.json'), '{"k": 1}')
    const code = [
      'import five, { six as sechs } from "./own.mjs"',
      'import * as path from "node:path"',
      "import pack, { n } from 'pack'",
      'import data from "./data.json" with { type: "json" }',
      'const { readFileSync } = await import("node:fs");',
      '[five, sechs, path.sep, pack.n, n, data.k, typeof readFileSync, require("pack").n]',
    ]
    const { results, error } = await js(code.join('\n'))
    expect(error).toBeUndefined()
    expect(results[0]?.['json']).toEqual([5, 6, '/', 7, 7, 1, 'function', 7])
    expect((await js('import { nope } from "node:fs"')).error).toMatchObject({ name: 'SyntaxError' })
  })

  it('tell errors with their own frames only', async () => {
    const { error } = await js('function f() { throw new TypeError("no") }\nf()')
    expect(error).toMatchObject({ name: 'TypeError', value: 'no' })
    expect(error?.traceback.split('\n')).toHaveLength(3)
    expect((await js('throw 5')).error).toMatchObject({ name: 'Error', value: '5' })
    expect((await js('1 +')).error?.name).toBe('SyntaxError')
    expect((await js('await Promise.reject(new RangeError("r"))')).error).toMatchObject({ name: 'RangeError' })
  })

  it('pass on what the console and programs print', async () => {
    const code =
      'console.log("é", { a: 1 }); console.error("no"); child.execFileSync("echo", ["sub"], { stdio: "inherit" })'
    const { stdout, stderr } = await js(`const child = require("node:child_process"); ${code}`)
    expect([stdout, stderr]).toEqual(['é { a: 1 }\nsub\n', 'no\n'])
    const flood = await js('for (let i = 0; i < 5000; i++) console.log(i)')
    expect(flood.stdout).toBe(Array.from({ length: 5000 }, (_, index) => `${index}\n`).join(''))
  })

  it('show rich results', async () => {
    const { results } = await js(
      'display.html("<b>"); await display([1]); display.png(Buffer.from([1])); ({ [Symbol.for("Jupyter.display")]: () => ({ "text/markdown": "*m*" }) })',
    )
    expect(results).toMatchObject([
      { is_main_result: false, html: '<b>' },
      { is_main_result: false, json: [1] },
      { is_main_result: false, png: 'AQ==' },
      { is_main_result: true, markdown: '*m*' },
    ])
  })

  it('live on after an error in the background', async () => {
    await js('globalThis.kept = 1; setTimeout(() => { throw new Error("late") })')
    expect((await js('await new Promise((resolve) => setTimeout(resolve, 20)); kept')).results[0]?.['text']).toBe('1')
  })

  it("set an execution's variables and put the old ones back", async () => {
    expect((await js('process.env.ONCE', { ONCE: 'é' })).results[0]?.['text']).toBe('é')
    expect((await js('process.env.ONCE')).results).toEqual([])
  })

  it('take random numbers of the system in a copy of a sandbox', async () => {
    await interpreter.becomeCopy()
    const code =
      'const c = require("crypto"); [crypto.randomUUID(), c.randomUUID(), c.randomBytes(5000).length, c.randomInt(2), Math.random(), c.randomUUID.toString().includes("random.bytes")]'
    const [result] = (await js(code)).results
    const [first, second, length, bit, fraction, isOurs] = result!['json'] as unknown[]
    expect(first).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(second).not.toBe(first)
    expect(length).toBe(5000)
    expect([0, 1]).toContain(bit)
    expect(fraction).toBeGreaterThanOrEqual(0)
    expect(fraction).toBeLessThan(1)
    expect(isOurs).toBe(true)
  })
})

describe('TypeScript contexts', () => {
  it('strip types, transform enums and keep variables of their own', async () => {
    expect((await ts('interface P { a: number }\nconst p: P = { a: 1 }\np.a as number')).results[0]?.['text']).toBe('1')
    expect((await ts('enum E { B = 4 }\nE.B + p.a')).results[0]?.['text']).toBe('5')
    expect((await ts('const x: = 1')).error?.name).toBe('SyntaxError')
    expect((await js('typeof p')).results[0]?.['text']).toBe('undefined')
  })

  it('are not needed for a cell of JavaScript with types', async () => {
    expect((await js('const typed: number = 3; typed')).results[0]?.['text']).toBe('3')
  })
})
