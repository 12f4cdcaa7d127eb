import { join } from 'node:path'
import { isEndedState, readProcessStat } from '@drowse/common'
import { templateBuildSchema, type TemplateBuild } from '../assets.ts'
import type { DataFolder } from '../data-folder.ts'
import { findJson } from '../read-json.ts'
import { listTemplateIds } from './template-store.ts'

/** Least remaining time, in seconds, that a build is said to need: how far it is, is only known roughly. */
const LEAST_LEFT_S = 30

/** How far the build of a template is that sandboxes cannot be made from yet. */
export interface TemplateBuildStatus {
  id: string
  names: string[]
  /** `interrupted` when the building process is gone. */
  state: 'building' | 'interrupted' | 'failed'
  /** Expected time to the end, in seconds. */
  secondsLeft: number
  /** What it does at the moment, or why it failed. */
  detail: string
}

/** Every build of the node that is under way or did not end well, in order of the ids. */
export async function listTemplateBuilds(folder: DataFolder, nowMs: number): Promise<TemplateBuildStatus[]> {
  const ids = await listTemplateIds(folder)
  const found = await Promise.all(ids.map((id) => readBuild(folder, id)))
  return await Promise.all(found.filter((build) => build !== undefined).map((build) => statusOf(build, nowMs)))
}

async function readBuild(folder: DataFolder, id: string): Promise<TemplateBuild | undefined> {
  return findJson(join(folder.templates, id, 'build.json'), templateBuildSchema).catch(() => undefined)
}

async function statusOf(build: TemplateBuild, nowMs: number): Promise<TemplateBuildStatus> {
  const elapsedS = (nowMs - Date.parse(build.startedAt)) / 1000
  const secondsLeft = Math.ceil(Math.max(LEAST_LEFT_S, build.expectedSeconds - elapsedS))
  const { id, names, detail, error } = build
  if (error !== undefined) return { id, names, state: 'failed', secondsLeft, detail: error }
  const stat = await readProcessStat(build.pid)
  const isAlive = stat !== undefined && !isEndedState(stat.state) && stat.startTime === build.startTime
  return { id, names, state: isAlive ? 'building' : 'interrupted', secondsLeft, detail }
}
