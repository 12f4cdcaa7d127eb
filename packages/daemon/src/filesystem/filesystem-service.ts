import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { FilesystemService } from '@drowse/protocol'
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

/** Registers `filesystem.Filesystem`. Calls that are left out answer "unimplemented". */
export function registerFilesystemService(router: ConnectRouter, daemon: DaemonContext): void {
  const { users, settings } = daemon
  const caller = (context: HandlerContext): User =>
    requestUser(daemon, basicUserName(context.requestHeader.get('authorization')))
  const resolve = (path: string, user: User): string => resolvePath(path, user, settings.defaultWorkdir)

  router.service(FilesystemService, {
    stat: (request, context) =>
      answer(async () => ({ entry: await statPath(resolve(request.path, caller(context)), users) })),
    listDir: (request, context) =>
      answer(async () => ({
        entries: await listDir(resolve(request.path, caller(context)), request.depth, users),
      })),
    makeDir: (request, context) =>
      answer(async () => {
        const user = caller(context)
        const path = resolve(request.path, user)
        await makeDir(path, user)
        return { entry: await statPath(path, users) }
      }),
    move: (request, context) =>
      answer(async () => {
        const user = caller(context)
        const destination = resolve(request.destination, user)
        await move(resolve(request.source, user), destination, user)
        return { entry: await statPath(destination, users) }
      }),
    remove: (request, context) =>
      answer(async () => {
        await remove(resolve(request.path, caller(context)))
        return {}
      }),
  })
}
