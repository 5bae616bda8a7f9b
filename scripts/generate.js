/** `npm run generate`: embeds the statements and scripts of the engines. */
import { luaModules } from './embed-lua.js'
import { sqlModules, writeChanged } from './embed-sql.js'

for (const path of writeChanged([...sqlModules(), ...luaModules()])) console.log(`wrote ${path}`)
