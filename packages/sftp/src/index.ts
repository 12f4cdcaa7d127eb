export { bundleSftpServer } from './bundle.ts'
