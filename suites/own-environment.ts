/** The environment without what would point the product or a client elsewhere. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter(([name]) => !/^(OS_|AFTERIMAGE_|NODE_TEST|\w*_proxy$)/i.test(name)),
  )
}
