import type { AskedCall } from './asked-call.ts'
import { curl, imsCurl } from './curl.ts'
import { gophercloud } from './gophercloud.ts'
import { openstackCommand } from './openstack-command.ts'
import { openstacksdk } from './openstacksdk.ts'
import { terraform } from './terraform.ts'
import type { Translation, Translator } from './translation.ts'

/** Every replacement of the discarded calls, by its name on the command line. */
const TRANSLATORS = {
  curl,
  ims: imsCurl,
  openstack: openstackCommand,
  openstacksdk,
  gophercloud,
  terraform,
} as const satisfies Readonly<Record<string, Translator>>

export type Tool = keyof typeof TRANSLATORS
export const TOOLS = Object.keys(TRANSLATORS) as readonly Tool[]

/** What replaces a call in a tool. @param imageEndpoint without a slash at its end */
export function translate(call: AskedCall, tool: Tool, imageEndpoint: string): Translation {
  return TRANSLATORS[tool](call, imageEndpoint)
}
