// What scripts share: JSON comes in on the standard input and goes out on the standard output, and programs
// for browsers run in a page of 1200 by 800 pixels that nobody sees. Nothing is fetched from anywhere.

import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { JSDOM, VirtualConsole } from "jsdom"

const { resolve } = createRequire(import.meta.url)

export const input = JSON.parse(readFileSync(0, "utf8") || "null")

export function answer(value) {
  process.stdout.write(JSON.stringify(value), () => process.exit(0))
}

// The window of a page with an element `shown`, and a script of a package loaded into it. What goes wrong in
// it is said on the standard error; warnings are not, since nothing has its true size here.
export function page(script) {
  const virtualConsole = new VirtualConsole()
  virtualConsole.on("error", console.error)
  virtualConsole.on("jsdomError", console.error)
  const { window } = new JSDOM("<!doctype html><div id=shown></div>", {
    runScripts: "outside-only",
    pretendToBeVisual: true,
    url: "http://localhost/",
    virtualConsole,
  })
  for (const [name, value] of [["Width", 1200], ["Height", 800]]) {
    Object.defineProperty(window.HTMLElement.prototype, `offset${name}`, { value })
    Object.defineProperty(window.Element.prototype, `client${name}`, { value })
  }
  // What jsdom lacks of a browser.
  window.IntersectionObserver = class {
    observe() {}
  }
  window.eval(readFileSync(resolve(script), "utf8"))
  return window
}
