/** Why an address is no service of anybody's fleet; null where it may be one. */
export type Reserved = 'loopback' | 'link-local' | 'unspecified';

/**
 * What an IP address, as text, is reserved for (IANA's special-purpose registries): the machine itself; the link, where
 * clouds answer questions about the machine and its credentials (169.254.169.254, fd00:ec2::254); or nothing.
 */
export function reservedFor(address: string): Reserved | null {
  const [first, second] = ipv4Of(address) ?? [];
  if (first !== undefined) {
    if (first === 127) return 'loopback';
    if (first === 169 && second === 254) return 'link-local';
    return first === 0 ? 'unspecified' : null;
  }
  const text = address.toLowerCase();
  if (text === '::1') return 'loopback';
  if (text === '::') return 'unspecified';
  return /^(fe[89ab][0-9a-f]|fd00:ec2):/.test(text) ? 'link-local' : null;
}

/** The bytes of an IPv4 address, also of one that is mapped into IPv6; null for any other text. */
function ipv4Of(address: string): number[] | null {
  const mapped = /^::ffff:(.+)$/i.exec(address)?.[1] ?? address;
  const [, high, low] = (mapped !== address && /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(mapped)) || [];
  if (high !== undefined && low !== undefined) {
    return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  }
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(mapped) ? mapped.split('.').map(Number) : null;
}
