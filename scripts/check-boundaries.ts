import { globSync, readFileSync } from 'node:fs'
import { violationsOf } from './boundaries.ts'

const files = globSync('packages/*/src/**/*.ts', { exclude: (path) => path.includes('/gen') })
const violations = files.flatMap((file) => violationsOf(file, readFileSync(file, 'utf8')))
for (const { file, specifier, reason } of violations) console.error(`${file}: "${specifier}": ${reason}`)
if (violations.length > 0) process.exitCode = 1
else console.log(`${files.length} files keep the boundaries`)
