export {
  issueAuthority,
  issueServerCertificate,
  type AuthorityRequest,
  type CertificatePair,
  type ServerCertificateRequest,
} from './issue.ts'
export { readPermittedNames, type PermittedNames } from './name-constraints.ts'
