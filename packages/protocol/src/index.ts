export {
  ENVD_PORT,
  ENVD_VERSION,
  HOLD_OUTPUT_HEADER,
  TUNNEL_PATH,
  TUNNEL_PROTOCOL,
  type EnvdInit,
  type EnvdReady,
  type EnvdStart,
} from './envd.ts'
export { ERROR_CODES, type ErrorCode, type ErrorCodeInfo } from './errors/codes.ts'
export { DrowseError, type DrowseErrorOptions } from './errors/drowse-error.ts'
export {
  checkFileSignature,
  signFileUrl,
  type FileOperation,
  type FileSignatureInput,
  type FileSignatureVerdict,
  type SignedFileRequest,
} from './file-signature.ts'
export {
  parsePortStreamPath,
  PORT_STREAM_CLOSE,
  PORT_STREAM_END,
  PORT_STREAM_MAX_MESSAGE,
  portStreamPath,
} from './port-stream.ts'
export { isSameSecret } from './same-secret.ts'
export { isSandboxId, newSandboxId, type SandboxId } from './sandbox-id.ts'
export { publicState, SANDBOX_STATES, SANDBOX_TRANSITIONS, type SandboxState } from './sandbox-state.ts'
export {
  ConnectResponseSchema,
  ListResponseSchema,
  Process as ProcessService,
  ProcessEventSchema,
  Signal,
  StartResponseSchema,
  type ConnectRequest,
  type ConnectResponse,
  type ListResponse,
  type ProcessConfig,
  type ProcessEvent,
  type ProcessInput,
  type ProcessSelector,
  type PTY,
  type StartRequest,
  type StartResponse,
  type StreamInputRequest,
} from './gen/process/process_pb.ts'
export {
  EntryInfoSchema,
  EventType,
  Filesystem as FilesystemService,
  FilesystemEventSchema,
  FileType,
  WatchDirResponseSchema,
  type EntryInfo,
  type FilesystemEvent,
  type CreateWatcherRequest,
  type WatchDirRequest,
  type WatchDirResponse,
} from './gen/filesystem/filesystem_pb.ts'
