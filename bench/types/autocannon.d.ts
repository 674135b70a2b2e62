declare module 'autocannon' {
  /** Only what is used here; the package has no types of its own. */
  export default function autocannon(options: object): Promise<unknown>
}
