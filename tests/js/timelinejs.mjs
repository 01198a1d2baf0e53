// Reads a document with TimelineJS, as a page does that shows it.
// Answers its errors, and of each of its events the days it has taken in, and what its slide shows.

import { answer, input, page } from "./page.mjs"

const window = page("@knight-lab/timelinejs/dist/js/timeline.js")
window.given = JSON.stringify(input)
const timeline = window.eval(`
  new TL.Timeline("shown", JSON.parse(given), { script_path: "http://localhost/js/" })
`)
// It has begun, or its configuration is at fault; else it hangs, and whoever started this says so.
while (!timeline.ready && (timeline.config?.isValid() ?? true)) {
  await new Promise((resolve) => setTimeout(resolve, 1))
}

const { config } = timeline
const all = (selector) => [...window.document.querySelectorAll(`#shown ${selector}`)]
// Of its cosmological dates there is only the year.
const day = (date) => {
  const at = date?.data.date_obj
  if (!at) return null
  return at.getMonth ? [at.getFullYear(), at.getMonth() + 1, at.getDate()] : [at.getTime()]
}
const shown = (id) => {
  const slide = window.document.getElementById(id)
  const text = (selector) => slide?.querySelector(selector)?.textContent ?? null
  return {
    headline: text(".tl-headline"),
    date: text(".tl-headline-date"),
    text: text(".tl-text-content"),
    links: [...(slide?.querySelectorAll("a") ?? [])].map((link) => link.href),
  }
}
answer({
  errors: config.getErrors().map(String),
  scale: config.scale,
  title: config.title && shown(config.title.unique_id),
  events: config.events.map((event) => ({
    id: event.unique_id,
    group: event.group ?? null,
    start: day(event.start_date),
    end: day(event.end_date),
    written: event.start_date.getDisplayDate(timeline.language),
    ...shown(event.unique_id),
  })),
  groups: all(".tl-timegroup-message").map((group) => group.textContent),
  markers: all(".tl-timemarker").length,
  foreign: all(":is(script, iframe, img, [onclick])").length,
})
