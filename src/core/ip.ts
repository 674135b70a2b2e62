/**
 * What stands for the household or company behind an address: an IPv4 address itself, the first 64
 * bits of an IPv6 address, of which everybody has 2⁶⁴ (RFC 6177, RFC 8981). An IPv4 address in the
 * dress of IPv6 is the IPv4 address. Text that is no address stands for itself.
 */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  if (mapped !== undefined) return mapped
  const [address = ''] = ip.split('%')
  const [head = '', tail] = address.split('::')
  const [first, last] = [groupsOf(head), groupsOf(tail)]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const groups = [...first, ...Array<string>(zeros).fill('0'), ...last].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

function groupsOf(text = ''): string[] {
  if (text === '') return []
  // Four bytes in decimal at the end are two groups.
  return text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]))
}
