/** Where the host's cgroup hierarchies are mounted: v2 itself, or below it a folder for each v1 controller. */
export const CGROUP_ROOT = '/sys/fs/cgroup'

/** A number out of a file of lines `<name> <number>`, as `memory.stat` is; 0 when it is not there. */
export function statField(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}
