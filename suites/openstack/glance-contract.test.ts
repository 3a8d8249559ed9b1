import { after } from 'node:test'
import { contract } from '../../test/catalogue/contract.ts'
import { glanceWorld } from './glance-world.ts'

const world = await glanceWorld()
after(() => world[Symbol.asyncDispose]())

contract({
  name: 'a real Glance',
  open: async (images) => {
    world.fill(images)
    return world.catalogue
  },
  cannot: {
    holdAnyText: 'Glance refuses characters of four bytes',
    tellVersion: 'Glance has no number that moves with every write',
    setClock: "Glance's clock is the machine's",
    listKilled: "Glance's lists leave killed images out",
    tellMembers: "Glance's lists and images come without members",
    touchUnchanged: 'Glance does nothing for a patch without steps',
  },
})
