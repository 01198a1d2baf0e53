// Compiles a chart with Vega-Lite and draws it with Vega, whatever address it names for its data answered with
// `data`. Answers what they complain of, the addresses it asked for, and the chart drawn as SVG.

import { parse, View } from "vega"
import { compile, version } from "vega-lite"
import { answer, input } from "./page.mjs"

const said = []
const asked = []
const say = (...words) => said.push(words.map(String).join(" "))
const quiet = () => logger
const logger = { level: quiet, error: say, warn: say, info: quiet, debug: quiet }
const loader = {
  load: async (address) => {
    asked.push(address)
    return input.data
  },
  sanitize: async (address) => ({ href: address }),
}

const { spec } = compile(input.chart, { logger })
const view = new View(parse(spec), { renderer: "none", logger, loader })
await view.runAsync()
answer({ version, said, asked, drawn: await view.toSVG() })
