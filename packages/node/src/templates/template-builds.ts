import { join } from 'node:path'
import { isEndedState, readProcessStat } from '@drowse/common'
import { templateBuildSchema, type TemplateBuild, type TemplateBuildLogEntry } from '../assets.ts'
import type { DataFolder } from '../data-folder.ts'
import { findJson } from '../read-json.ts'
import { isTemplateId, listTemplateIds } from './template-store.ts'

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

/** A build of a template with what it told on the way. */
export interface TemplateBuildHistory {
  id: string
  /** Names this build among those of the template; empty for one of an earlier version of the service. */
  buildId: string
  state: TemplateBuildStatus['state'] | 'ready'
  startedAt: string
  endedAt?: string
  /** Why it failed, and in which step. */
  error?: string
  failedStep?: string
  log: TemplateBuildLogEntry[]
}

/** Every build of the node that is under way or did not end well, in order of the ids. */
export async function listTemplateBuilds(folder: DataFolder, nowMs: number): Promise<TemplateBuildStatus[]> {
  const ids = await listTemplateIds(folder)
  const found = await Promise.all(ids.map((id) => readBuild(folder, id)))
  const open = found.filter((build) => build !== undefined).filter((build) => !isReady(build))
  return await Promise.all(open.map((build) => statusOf(build, nowMs)))
}

/** The last build of a template, with its log. */
export async function findLastBuild(
  folder: DataFolder,
  id: string,
  nowMs: number,
): Promise<TemplateBuildHistory | undefined> {
  if (!isTemplateId(id)) return undefined
  const build = await readBuild(folder, id)
  if (build === undefined) return undefined
  const { buildId, startedAt, endedAt, error, failedStep, log } = build
  const state = isReady(build) ? 'ready' : (await statusOf(build, nowMs)).state
  return {
    id,
    buildId,
    state,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(error === undefined ? {} : { error }),
    ...(failedStep === undefined ? {} : { failedStep }),
    log,
  }
}

function isReady({ endedAt, error }: TemplateBuild): boolean {
  return endedAt !== undefined && error === undefined
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
