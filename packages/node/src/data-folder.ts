import { join } from 'node:path'

/** Where each thing lives under the data folder. docs/architecture.md draws the tree. */
export interface DataFolder {
  root: string
  /** Settings file. */
  configFile: string
  /** Root-only: plain API key for `drowse env`, private keys. */
  secrets: string
  /** World-readable certificates: `ca.pem`, `bundle.pem`, leaf certificate. */
  tls: string
  database: string
  /** runsc binaries, one folder a build, and `current.json`. */
  engine: string
  /** Guest runtimes, one folder a content hash, and `current.json`. */
  guest: string
  /** Immutable root layers, one folder an id. */
  layers: string
  templates: string
  sandboxes: string
  /** State directory of runsc; kept short because control sockets live in it. */
  runsc: string
  /** Things on their way out; emptied in the background and at start. */
  trash: string
  logs: string
  /** `service.json` of the running service. */
  run: string
  /** Host settings that `up` changed, with their old values. */
  hostRecord: string
}

/** The layout of the data folder at `root`. */
export function dataFolder(root: string): DataFolder {
  return {
    root,
    configFile: join(root, 'drowse.json'),
    secrets: join(root, 'secrets'),
    tls: join(root, 'tls'),
    database: join(root, 'db', 'drowse.sqlite'),
    engine: join(root, 'engine'),
    guest: join(root, 'guest'),
    layers: join(root, 'layers'),
    templates: join(root, 'templates'),
    sandboxes: join(root, 'sandboxes'),
    runsc: join(root, 'runsc'),
    trash: join(root, 'trash'),
    logs: join(root, 'logs'),
    run: join(root, 'run'),
    hostRecord: join(root, 'host.json'),
  }
}
