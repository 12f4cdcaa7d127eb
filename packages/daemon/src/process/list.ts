import { create } from '@bufbuild/protobuf'
import { ListResponseSchema, type ListResponse } from '@drowse/protocol'
import type { ProcessTable } from './process-table.ts'

/** `List`: the processes that run, as they were asked for. */
export function list(processes: ProcessTable): ListResponse {
  return create(ListResponseSchema, {
    processes: processes.list().map(({ config, pid, tag }) => ({ config, pid, ...(tag === undefined ? {} : { tag }) })),
  })
}
