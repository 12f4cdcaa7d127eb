/**
 * Destinations that no sandbox may reach through the host: this host and network ("this", loopback), private and carrier
 * ranges, link-local (cloud metadata), protocol assignments, benchmarking, multicast, reserved and broadcast (RFC 6890).
 * Documentation ranges are left out: nobody routes them, and tests play the internet with one.
 */
export const BLOCKED_RANGES: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
