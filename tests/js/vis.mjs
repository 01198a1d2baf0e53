// Reads a document with vis-timeline: its DataSet, and its Timeline, or Graph2d for a series.
// Answers which days each item begins and ends on here, as vis and as JavaScript take them, and what is drawn.

import { answer, input, page } from "./page.mjs"

const window = page("vis-timeline/standalone/umd/vis-timeline-graph2d.js")
window.given = JSON.stringify(input)
const isSeries = "interval" in input
const { moment, items, groups, graph } = window.eval(`
  const { items, groups } = JSON.parse(given)
  const sets = { items: new vis.DataSet(items), groups: new vis.DataSet(groups) }
  const graph = new vis.${isSeries ? "Graph2d" : "Timeline"}(
    document.getElementById("shown"), sets.items, sets.groups, {},
  );
  ({ moment: vis.moment, ...sets, graph })
`)

const day = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()]
const days = (text) => text && { vis: day(moment(text).toDate()), javascript: day(new Date(text)) }
const drawn = (id) => {
  const item = graph.itemSet.items[id]
  item.show()
  const { content } = item.dom
  return {
    as: item.constructor.name,
    starts: day(item.data.start),
    ends: item.data.end && day(item.data.end),
    text: content.textContent,
    elements: [...content.querySelectorAll("*")].map((each) => each.localName),
  }
}
const plotted = ({ id, group }) => {
  const { x, y } = graph.linegraph.groups[group].itemsData.find((each) => each.id === id)
  return { x: day(x), y }
}
answer({
  ids: items.getIds(),
  items: items.get().map((item) => ({
    id: item.id,
    starts: days(item.start ?? item.x),
    ends: days(item.end) ?? null,
    ...(isSeries ? plotted(item) : { drawn: drawn(item.id) }),
  })),
  groups: groups.get().map((group) => [group.id, group.content]),
  labels: [...window.document.querySelectorAll(".vis-labelset .vis-inner")].map((label) => label.textContent),
})
