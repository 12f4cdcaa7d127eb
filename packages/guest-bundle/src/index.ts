export { bundleForGuest, type GuestBundle } from './bundle-for-guest.ts'
