export { startTestPlatform, TestPlatform, type ClientOptions } from './test-platform.ts'
