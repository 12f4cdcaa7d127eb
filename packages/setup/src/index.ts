export { assetSteps } from './asset-steps.ts'
export {
  installAuthority,
  removeAuthority,
  rotateAuthority,
  showAuthority,
  type Authority,
  type Served,
} from './authority/authority.ts'
export type { Finding } from './checks/finding.ts'
export { examine, preflight } from './checks/run-checks.ts'
export { setupContext, type SetupContext } from './context.ts'
export { addTemplate, type ImageSource } from './images/add-template.ts'
export { findGuestAsset } from './guest/install-guest.ts'
export { findOnPath } from './host/find-on-path.ts'
export { HOST_PACKAGES } from './host/host-packages.ts'
export { installPackages } from './host/install-packages.ts'
export { acquireSetupLock } from './host/setup-lock.ts'
export { isInstallation } from './remove-data.ts'
export { findEngineAsset } from './runsc/install-runsc.ts'
export { formatLogLine } from './service/log-line.ts'
export { serviceAddresses, type ServiceAddresses } from './service/service-address.ts'
export { serviceLogPath, tailServiceLog } from './service/service-log.ts'
export { findRunningService, type ServiceRecord } from './service/service-record.ts'
export { serviceCommand } from './service/start-service.ts'
export { stopService, type StopOutcome } from './service/stop-service.ts'
export { setupError } from './setup-error.ts'
export { setupSteps } from './setup-steps.ts'
export { runSteps } from './steps/run-steps.ts'
export type { Step, StepEvent, StepOutcome, StepTools } from './steps/step.ts'
export { seedAssets, seedTemplate } from './seed-assets.ts'
export { buildTemplates } from './templates/build-templates.ts'
export { findDefinition } from './templates/template-definition.ts'
export { lastTemplateBuild, stateWords, templateStates } from './templates/template-states.ts'
export { uninstallSteps } from './uninstall-steps.ts'
export { workspace, type Workspace } from './workspace.ts'
