// Reads a calendar with ical.js; answers its name, what its events and journals are, and on which days.

import ICAL from "ical.js"
import { answer, input } from "./page.mjs"

const calendar = new ICAL.Component(ICAL.parse(input))
const days = ({ isDate, year, month, day }) => (isDate ? [year, month, day] : null)
const event = (component) => {
  const { uid, sequence, startDate, endDate, summary, description, location } = new ICAL.Event(component, {
    strictExceptions: true,
  })
  const [starts, ends] = [days(startDate), days(endDate)]
  return { uid, sequence, starts, ends, summary, description, location }
}
answer({
  name: calendar.getFirstPropertyValue("name"),
  events: calendar.getAllSubcomponents("vevent").map(event),
  journals: calendar
    .getAllSubcomponents("vjournal")
    .map((journal) => journal.getFirstPropertyValue("summary")),
})
