/** Debian packages that sandboxes need on the host. */
export const HOST_PACKAGES: readonly string[] = [
  'ca-certificates', // what the guests' and clients' bundle starts from
  'debian-archive-keyring', // keys of the base template's mirror; Ubuntu lacks them
  'iproute2', // network namespaces
  'libnss-myhostname', // *.localhost for every glibc program
  'mmdebstrap', // base template
  'nftables', // firewall
  'tini', // PID 1 of the guests
]
