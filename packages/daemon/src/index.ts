export { bundleDaemon } from './bundle.ts'
