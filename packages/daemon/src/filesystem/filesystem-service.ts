import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { FilesystemService, type CreateWatcherRequest, type WatchDirRequest } from '@drowse/protocol'
import type { DaemonContext } from '../context.ts'
import { answer } from '../rpc/connect-error.ts'
import { basicUserName, requestUser } from '../users/request-user.ts'
import { resolvePath } from '../users/resolve-path.ts'
import type { User } from '../users/user-database.ts'
import { listDir } from './list-dir.ts'
import { makeDir } from './make-dir.ts'
import { move } from './move.ts'
import { remove } from './remove.ts'
import { statPath } from './stat.ts'
import type { WatchRequest } from './watch/open-watch.ts'
import { filesystemEvent, watchDir } from './watch/watch-dir.ts'

/** Registers `filesystem.Filesystem`. */
export function registerFilesystemService(router: ConnectRouter, daemon: DaemonContext): void {
  const { settings } = daemon
  const caller = (context: HandlerContext): User =>
    requestUser(daemon, basicUserName(context.requestHeader.get('authorization')))
  const resolve = (path: string, user: User): string => resolvePath(path, user, settings.defaultWorkdir)

  const watchRequest = (request: WatchDirRequest | CreateWatcherRequest, context: HandlerContext): WatchRequest => ({
    ...request,
    path: resolve(request.path, caller(context)),
  })

  router.service(FilesystemService, {
    stat: (request, context) =>
      answer(async () => ({ entry: await statPath(resolve(request.path, caller(context)), daemon) })),
    listDir: (request, context) =>
      answer(async () => ({
        entries: await listDir(resolve(request.path, caller(context)), request.depth, daemon),
      })),
    makeDir: (request, context) =>
      answer(async () => {
        const user = caller(context)
        const path = resolve(request.path, user)
        await makeDir(path, user)
        return { entry: await statPath(path, daemon) }
      }),
    move: (request, context) =>
      answer(async () => {
        const user = caller(context)
        const destination = resolve(request.destination, user)
        await move(resolve(request.source, user), destination, user)
        return { entry: await statPath(destination, daemon) }
      }),
    remove: (request, context) =>
      answer(async () => {
        await remove(resolve(request.path, caller(context)))
        return {}
      }),
    watchDir: (request, context) => watchDir(daemon.watchers, () => watchRequest(request, context), context),
    createWatcher: (request, context) =>
      answer(async () => ({ watcherId: await daemon.watchers.create(watchRequest(request, context)) })),
    getWatcherEvents: (request) =>
      answer(async () => {
        const { queue } = daemon.watchers.get(request.watcherId)
        return { events: await Promise.all(queue.take().map(filesystemEvent)) }
      }),
    removeWatcher: (request) =>
      answer(() => {
        daemon.watchers.remove(request.watcherId)
        return {}
      }),
  })
}
