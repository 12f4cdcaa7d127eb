export { bundleInterpreter } from './bundle.ts'
