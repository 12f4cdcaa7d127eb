export type { Route, RouteAccess, RouteSource, TrafficCredentials } from './route-source.ts'
