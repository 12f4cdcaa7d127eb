export type { TlsMaterial } from './door/door-server.ts'
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
export type { Route, RouteAccess, RouteSource, StopCause, TrafficCredentials } from './route-source.ts'
export { ensureCertificates, type Certificates, type CertificateOptions } from './tls/ensure-certificates.ts'
